from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from aoai_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    CredentialError,
    InvalidInputError,
    PictureError,
    UnexpectedAnswerError,
    UntrustedHostError,
    UploadSourceError,
    status_error_class,
)
from aoai_async.wire.retry import PASSING_STATUSES, RetryPolicy, is_worth_retrying, wait_before


def _refused(status: int, **headers: str) -> APIStatusError:
    return status_error_class(status)(
        "no",
        status_code=status,
        headers=CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}),
    )


@pytest.mark.parametrize("status", range(400, 600))
def test_passing_statuses_are_tried_again(status: int) -> None:
    """408, 409, 429, 500, 502, 503 and 504 may pass; all others, 413 and 424 among them, do not."""
    assert is_worth_retrying(_refused(status)) is (status in {408, 409, 429, 500, 502, 503, 504})
    assert (status in PASSING_STATUSES) is is_worth_retrying(_refused(status))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIConnectionError("lost"), True),
        (APITimeoutError("late"), True),
        (UntrustedHostError("not trusted"), False),
        (UnexpectedAnswerError("odd", status_code=200), False),
        (APIError("unknown"), False),
        (CredentialError("no token"), False),
        (UploadSourceError("changed"), False),
        (InvalidInputError("bad"), False),
        (PictureError("gone", status_code=503), False),
        (OSError("foreign"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lost_connections_are_tried_again(error: Exception, expected: bool) -> None:
    """Lost connections and time-outs may pass; what the caller or a source did wrong does not."""
    assert is_worth_retrying(error) is expected


@pytest.mark.parametrize(
    ("status", "advice", "expected"),
    [
        (429, "false", False),
        (503, "False", False),
        (424, "true", True),
        (413, "TRUE", True),
        (429, "maybe", True),
        (400, "", False),
    ],
)
def test_the_services_advice_comes_first(status: int, advice: str, expected: bool) -> None:
    """``x-should-retry`` overrides the status when it says true or false, and else does not matter."""
    assert is_worth_retrying(_refused(status, x_should_retry=advice)) is expected


@pytest.mark.parametrize(
    ("retry", "expected"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (10_000, 8.0)]
)
def test_untold_waits_double_up_to_a_limit(retry: int, expected: float) -> None:
    """Without word from the service the longest possible wait doubles with each retry, up to 8 seconds."""
    assert wait_before(retry, APIConnectionError("lost"), RetryPolicy(jitter=lambda: 1.0)) == expected


@pytest.mark.parametrize(
    ("told", "jitter", "expected"),
    [(59.0, 0.0, 59.0), (10.0, 1.0, 11.0), (10.0, 0.5, 10.5), (86400.0, 1.0, 86405.0), (0.5, 1.0, 0.55)],
)
def test_a_told_wait_is_kept_and_spread(told: float, jitter: float, expected: float) -> None:
    """No retry comes earlier than the service says; it comes up to a tenth later, 5 s at most."""
    error = APIStatusError("no", status_code=429, retry_after=told)
    assert wait_before(1, error, RetryPolicy(jitter=lambda: jitter)) == pytest.approx(expected)


@pytest.mark.parametrize("error", [APIStatusError("no", status_code=429, retry_after=0.0), PictureError("gone")])
def test_a_wait_of_nothing_is_backed_off(error: Exception) -> None:
    """Where the service says 0, or cannot say anything, the growing wait applies, so that no retry storms."""
    assert wait_before(3, error, RetryPolicy(jitter=lambda: 1.0)) == 2.0


@given(
    retry=st.integers(1, 10**6),
    told=st.none() | st.floats(0, 1e308),
    jitter=st.floats(0, 1),
    first=st.floats(0, 1e6),
    longest=st.floats(0, 1e6),
)
def test_waits_stay_within_bounds(retry: int, told: float | None, jitter: float, first: float, longest: float) -> None:
    """A told wait grows by 5 seconds at most, any other wait stays from 0 to the policy's longest."""
    policy = RetryPolicy(first_wait=first, longest_wait=longest, jitter=lambda: jitter)
    wait = wait_before(retry, APIStatusError("no", status_code=429, retry_after=told), policy)
    assert (told <= wait <= told + 5) if told else (0 <= wait <= longest)


@given(retry=st.integers(1, 20))
def test_the_default_jitter_spreads_within_the_span(retry: int) -> None:
    """With the policy's own jitter a wait lies within its span, too."""
    assert 0 <= wait_before(retry, APIConnectionError("lost"), RetryPolicy()) <= 8


@pytest.mark.parametrize(
    "options", [{"max_retries": -1}, {"first_wait": -0.1}, {"longest_wait": -1}, {"longest_wait": float("nan")}]
)
def test_a_policy_refuses_negative_numbers(options: dict[str, Any]) -> None:
    """A policy with a number below zero, or none at all, cannot be made."""
    with pytest.raises(ValueError, match=next(iter(options))):
        RetryPolicy(**options)
