"""How far a batch is, in plain numbers."""

from typing import Any

import pytest
from batch.batch_tools import named

from aoai_async import RateLimitError
from aoai_async.batch.jobs import Outcome
from aoai_async.batch.progress import Progress


def ended(**facts: Any) -> Outcome:
    return Outcome(id="a", index=0, request=named("a").request, **facts)


def test_at_the_beginning() -> None:
    """Before the first outcome nothing is said of rate or time."""
    progress = Progress(total=10, begun=5, now=5)
    assert (progress.finished, progress.rate, progress.seconds_left) == (0, 0.0, None)


def test_rate_and_time_left() -> None:
    """Four outcomes in two seconds are two a second, and six more take three."""
    progress = Progress(total=10, begun=5, now=5)
    for now in (5.5, 6, 6.5, 7):
        progress.note(ended(result="x"), now)
    assert (progress.done, progress.rate, progress.seconds_left) == (4, 2.0, 3.0)


@pytest.mark.parametrize("before", [0, 500])
def test_rate_is_that_of_the_last_hundred(before: int) -> None:
    """Once there are a hundred outcomes, older ones do not count: a batch that got faster says so."""
    progress = Progress(total=10_000)
    for number in range(before):
        progress.note(ended(result="x"), float(number * 100))
    for number in range(100):
        progress.note(ended(result="x"), before * 100 + number / 4)
    assert progress.rate == pytest.approx(4, rel=0.02)


def test_what_stood_in_the_journal_does_not_count_as_speed() -> None:
    """Outcomes of the journal are finished jobs, but tell nothing of the rate; nor are their failures this run's."""
    progress = Progress(total=4)
    for _ in range(2):
        progress.note(ended(result="x", is_from_journal=True), 0.5)
    progress.note(ended(error=RateLimitError("no", status_code=429), is_from_journal=True), 0.5)
    assert (progress.skipped, progress.failed, progress.finished, progress.rate) == (3, 0, 3, 0.0)
    progress.note(ended(result="x"), 1)
    assert (progress.finished, progress.seconds_left) == (4, 0.0)


def test_all_from_the_journal() -> None:
    """A batch that was done before has no time left."""
    progress = Progress(total=1)
    progress.note(ended(result="x", is_from_journal=True), 0)
    assert progress.seconds_left == 0.0


def test_failures_by_kind() -> None:
    """Failures are counted by the name of their class."""
    progress = Progress()
    for error in (RateLimitError("no", status_code=429), RateLimitError("no", status_code=429)):
        progress.note(ended(error=error), 1)
    assert (progress.failed, dict(progress.failures), progress.seconds_left) == (2, {"RateLimitError": 2}, None)
