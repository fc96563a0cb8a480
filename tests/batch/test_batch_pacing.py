import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aoai_async.batch.pacing import Pace, Ticket


def _pace(requests_per_minute: float | None = None, jitter: Callable[[], float] = lambda: 0.5) -> Pace:
    return Pace(requests_per_minute=requests_per_minute, jitter=jitter)


def _start_all(pace: Pace, now: float, limit: int = 1000) -> list[Ticket]:
    tickets: list[Ticket] = []
    while pace.wait(now) == 0 and len(tickets) < limit:
        tickets.append(pace.started(now))
    return tickets


@pytest.mark.parametrize("quota", [0, -1, math.nan, math.inf])
def test_quotas_that_make_no_sense(quota: float) -> None:
    """A quota that is not a number above zero is refused."""
    with pytest.raises(ValueError, match="requests_per_minute"):
        _pace(quota)


def test_the_first_request_starts_at_once_and_alone() -> None:
    """Nobody knows yet what the deployment takes, so one request finds out."""
    pace = _pace()
    assert len(_start_all(pace, 7.0)) == 1
    assert 0 < pace.wait(7.0) <= 60


def test_more_start_as_more_are_let_in() -> None:
    """While nothing is refused, more and more requests are in flight."""
    pace = _pace()
    at_once = []
    for second in range(20):
        tickets = _start_all(pace, float(second))
        at_once.append(len(tickets))
        for ticket in tickets:
            pace.succeeded(ticket, second + 0.5)
    assert at_once[0] == 1
    assert at_once[-1] >= 4
    assert all(before <= after for before, after in pairwise(at_once))


def test_what_is_left_may_be_started_sooner() -> None:
    """An answer that says that much is left lets many requests start."""
    pace = _pace()
    pace.succeeded(pace.started(0.0), 0.1, remaining=400)
    assert 50 < len(_start_all(pace, 0.1)) < 200


def test_what_was_told_starts_without_an_answer() -> None:
    """A told quota is used even if the first answers take long."""
    pace = _pace(60)
    for second in range(10):
        assert len(_start_all(pace, float(second))) == 1


def test_a_told_quota_is_kept_within_a_minute() -> None:
    """When everything is let in, the told number starts in a minute, and the next minute begins with one request."""
    pace = _pace(6)
    started = 0
    for tenth in range(595):
        for ticket in _start_all(pace, tenth / 10):
            started += 1
            pace.succeeded(ticket, tenth / 10)
    assert started == 6
    assert pace.wait(59.5) <= 1
    assert len(_start_all(pace, 61.0)) == 1


def test_many_refusals_of_one_burst_are_one_event() -> None:
    """It makes no difference to the wait whether one or ten requests of a burst were refused."""
    waits = []
    for others in (0, 9):
        pace = _pace()
        tickets = [pace.started(0.0)]
        pace.succeeded(tickets[0], 0.1, remaining=1000)
        let_in, refused, *more = _start_all(pace, 0.1, 2 + others)
        pace.succeeded(let_in, 0.2)
        for ticket in (refused, *more):
            pace.refused(ticket, 0.3, retry_after=59)
        waits.append(pace.wait(0.3))
    assert waits[0] == pytest.approx(waits[1], abs=0.5)
    assert waits[0] > 50


def test_after_a_window_one_request_goes_first() -> None:
    """When a full window is over, one request finds out, and the others follow when it was let in."""
    pace = _pace()
    pace.succeeded(pace.started(0.0), 0.1, remaining=80)
    burst = _start_all(pace, 0.1)
    for ticket in burst:
        pace.succeeded(ticket, 0.2)
    (extra,) = _start_all(pace, 0.2, 1)
    pace.refused(extra, 0.3, retry_after=30)
    assert 29 <= pace.wait(0.3) <= 31
    (first,) = _start_all(pace, 32.0)
    assert pace.wait(32.0) > 1
    pace.succeeded(first, 32.5)
    now, started = 32.5, 0
    while now < 40:
        wait = pace.wait(now)
        if wait == 0:
            pace.succeeded(pace.started(now), now)
            started += 1
        now += wait or 0.001
    assert started == len(burst)


def test_when_the_first_of_a_window_fails_another_goes_first() -> None:
    """A request that failed tells nothing, so the next one finds out instead, again alone."""
    pace = _pace()
    pace.succeeded(pace.started(0.0), 0.1)
    pace.succeeded(pace.started(0.1), 0.2)
    pace.refused(pace.started(0.2), 0.3, retry_after=30)
    now = 0.3
    for _ in range(3):
        while (wait := pace.wait(now)) > 0:
            now += wait
        (first,) = _start_all(pace, now)
        pace.failed(first, now)
        assert pace.wait(now) == 0


def test_a_first_request_that_is_refused_is_tried_again_less_and_less_often() -> None:
    """Who finds the quota used up by others asks again when told, then more rarely, and at least every 6 minutes."""
    pace = _pace()
    now, waits = 0.0, []
    for _ in range(12):
        pace.refused(pace.started(now), now, retry_after=5)
        waited = 0.0
        while (wait := pace.wait(now)) > 0:
            assert wait <= 60
            waited += wait
            now += wait
        waits.append(waited)
    assert waits[0] == pytest.approx(5.25)
    assert all(before <= after for before, after in pairwise(waits))
    assert waits[-1] <= 360


@pytest.mark.parametrize(("retry_after", "wait"), [(1, 1 / 6), (5, 5)])
def test_a_first_request_that_is_refused_for_a_second_is_tried_again_after_a_gap(
    retry_after: float, wait: float
) -> None:
    """The service rounds up to whole seconds: where a quota was told, one may at first mean a gap."""
    pace = _pace(360)
    pace.refused(pace.started(0.0), 0.0, retry_after=retry_after)
    assert pace.wait(0.0) == pytest.approx(1.05 * wait)
    pace.refused(pace.started(6.0), 6.0, retry_after=retry_after)
    assert pace.wait(6.0) == pytest.approx(1.05 * 2 * retry_after)


def _gaps(pace: Pace, now: float, count: int) -> list[float]:
    """Start so many requests, each as soon as may be, and let them in; return the seconds between them."""
    starts = [now]
    for _ in range(count):
        starts.append(starts[-1] + pace.wait(starts[-1]))
        pace.succeeded(pace.started(starts[-1]), starts[-1])
    return [after - before for before, after in pairwise(starts)]


def test_after_an_accident_a_told_gap_comes_back_by_itself() -> None:
    """The next one comes within half a gap; the gap is 1 % longer, within 100 answers as told again, and none early."""
    pace = _pace(60)
    pace.succeeded(pace.started(0.0), 0.0)
    pace.refused(pace.started(0.0), 0.0, retry_after=1)
    assert _gaps(pace, 0.0, 50) == pytest.approx([1.01] * 50)
    now = 50 * 1.01 + 1.01
    pace.refused(pace.started(now), now, retry_after=1)
    soon, *gaps = _gaps(pace, now, 100)
    assert 0.25 < soon < 0.55
    assert gaps[0] == pytest.approx(1.02, abs=0.001)
    assert gaps[-1] == pytest.approx(1.01)
    assert all(before >= after - 1e-9 for before, after in pairwise(gaps))


def test_one_request_finds_out_when_a_refusal_does_not_say_how_long_to_wait() -> None:
    """Without Retry-After, the next request alone tells even pacing from a window; if it fails, another one does."""
    pace = _pace(60)
    first, second = pace.started(0.0), pace.started(1.0)
    pace.succeeded(first, 1.1)
    pace.refused(second, 1.1)
    now = 1.1 + pace.wait(1.1)
    (probe,) = _start_all(pace, now)
    pace.failed(probe, now)
    (probe,) = _start_all(pace, now)
    assert pace.wait(now) > 1
    pace.succeeded(probe, now + 0.1)
    starts: list[float] = []
    while len(starts) < 10:
        now += pace.wait(now) + 1e-9
        starts.append(now)
        pace.succeeded(pace.started(now), now)
    assert [after - before for before, after in pairwise(starts)] == pytest.approx([1.0] * 9, rel=0.1)


def test_waits_are_spread() -> None:
    """Two paces that were told the same come back at different times."""
    waits = []
    for jitter in (0.0, 1.0):
        pace = _pace(jitter=lambda value=jitter: value)  # type: ignore[misc]  # a default binds the value now
        pace.refused(pace.started(0.0), 0.0, retry_after=59)
        waits.append(pace.wait(0.0) or 0.0)
    assert waits[1] - waits[0] >= 0.9


Events = st.lists(
    st.tuples(
        st.sampled_from(["start", "succeeded", "refused", "failed", "wait"]),
        st.integers(0, 30),
        st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0, 7.0, 61.0, 4000.0]),
        st.sampled_from([None, 0.0, -1.0, 0.3, 1.0, 2.0, 10.0, 59.0, 60.0, 86400.0, math.inf, math.nan]),
        st.sampled_from([None, 0, 1, 5, 59, 999, -3]),
    ),
    max_size=150,
)


def _play(pace: Pace, events: list[tuple[str, int, float, float | None, int | None]]) -> list[float]:
    """Let anything happen in any order, as far as the contract allows; return when requests were started."""
    now, starts = 0.0, []
    in_flight: list[Ticket] = []
    for what, which, seconds, retry_after, remaining in events:
        now += seconds
        wait = pace.wait(now)
        assert 0 <= wait <= 60
        if what == "start":
            tickets = _start_all(pace, now, which)
            starts += [now] * len(tickets)
            in_flight += tickets
        elif what == "wait":
            now += wait
        elif in_flight:
            ticket = in_flight.pop(which % len(in_flight))
            if what == "succeeded":
                pace.succeeded(ticket, now, remaining=remaining)
            elif what == "refused":
                pace.refused(ticket, now, retry_after=retry_after)
            else:
                pace.failed(ticket, now)
    return starts


def _finish(pace: Pace, now: float, seconds: float, latency: float = 0.1) -> int:
    """Let everything in for some time; return how many requests were started."""
    started, end = 0, now + seconds
    while now < end:
        now += pace.wait(now)
        if pace.wait(now) == 0:
            pace.succeeded(pace.started(now), now + latency)
            started += 1
            now += latency
    return started


@settings(deadline=None, max_examples=300)
@given(Events, st.sampled_from([None, 0.5, 3, 60, 3000]), st.randoms(use_true_random=False))
def test_anything_may_happen_in_any_order(
    events: list[tuple[str, int, float, float | None, int | None]], told: float | None, chance: Random
) -> None:
    """No order of events raises; every wait is a number from 0 to 60; never more starts in 60 s than twice the quota.

    The tolerance is what a limiter that counts windows allows: all of a window at its end, all of the next at its
    beginning.
    """
    starts = _play(_pace(told, chance.random), events)
    if told is not None:
        most = max(1.0, told)
        for first in range(len(starts)):
            within = sum(starts[first] <= at < starts[first] + 59.99 for at in starts)
            assert within <= most + told + 1


@settings(deadline=None)
@given(Events, st.sampled_from([None, 3, 60, 3000]), st.randoms(use_true_random=False))
def test_it_always_recovers(
    events: list[tuple[str, int, float, float | None, int | None]], told: float | None, chance: Random
) -> None:
    """Whatever happened, and even if some requests are never answered: within 20 minutes some are started again."""
    pace = _pace(told, chance.random)
    _play(pace, events)
    assert _finish(pace, sum(seconds for _, _, seconds, _, _ in events) + 60.0 * len(events), 1200.0) > 0


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([None, 6, 60, 600]), st.randoms(use_true_random=False), st.integers(1, 40))
def test_after_refusals_the_pace_comes_back(told: float | None, chance: Random, refusals: int) -> None:
    """When everything is let in again, half of a told quota, or a request every 15 seconds, is used in 20 minutes."""
    pace = _pace(told, chance.random)
    now = 0.0
    for _ in range(refusals):
        while (wait := pace.wait(now)) > 0:
            now += wait
        pace.refused(pace.started(now), now)
    assert _finish(pace, now, 1200.0) > (10 * told if told else 80)
