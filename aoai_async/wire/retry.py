"""Whether to send again, and when: decisions only, the clock is elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import field, frozen
from attrs.validators import ge

from aoai_async.errors import APIConnectionError, APIError, APIStatusError, UntrustedHostError

__all__ = ["PASSING_STATUSES", "RetryPolicy", "is_worth_retrying", "wait_before"]

PASSING_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})
_SPREAD = 0.1
_LONGEST_SPREAD = 5.0


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how patiently a request is sent again.

    Attributes:
        max_retries: Sends after the first one. A picture is billed when it is made: a repeat after an answer
            that was lost on the way may be billed twice; 0 rules that out.
        first_wait: The upper bound of the first wait in seconds; it doubles with each retry.
        longest_wait: Where the doubling ends, in seconds. A wait the service asks for may be longer.
        jitter: Gives a number from 0 to 1, by which each wait is spread.
    """

    max_retries: int = field(default=2, validator=ge(0))
    first_wait: float = field(default=0.5, validator=ge(0))
    longest_wait: float = field(default=8.0, validator=ge(0))
    jitter: Callable[[], float] = field(default=random.random, repr=False)


def is_worth_retrying(error: Exception) -> bool:
    """Tell whether the same request may succeed later.

    True for lost connections and time-outs, and for 408, 409, 429, 500, 502, 503 and 504, unless the header
    ``x-should-retry`` says otherwise.
    """
    if not isinstance(error, APIError):
        return False
    advice = error.headers.get("x-should-retry", "").lower()
    if advice in ("true", "false"):
        return advice == "true"
    if isinstance(error, APIStatusError):
        return error.status_code in PASSING_STATUSES
    return isinstance(error, APIConnectionError) and not isinstance(error, UntrustedHostError)


def wait_before(retry: int, error: Exception, policy: RetryPolicy) -> float:
    """Return the seconds to wait before the retry of this number, counted from 1.

    What the service asks for is kept to, and a little is added at random, because all callers were told the
    same; otherwise a random part of an exponentially growing span.
    """
    told = error.retry_after if isinstance(error, APIError) else None
    if told:
        return told + policy.jitter() * min(_SPREAD * told, _LONGEST_SPREAD)
    return policy.jitter() * min(policy.longest_wait, policy.first_wait * 2.0 ** min(retry - 1, 60))
