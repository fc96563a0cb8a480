"""What the plans of a pace have in common: what they count, what they may find out, what stays the same for all."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from attrs import define, field, frozen

__all__ = [
    "LONGEST",
    "Allowance",
    "Answer",
    "Count",
    "Evenly",
    "Finding",
    "Full",
    "Plan",
    "Terms",
    "Ticket",
    "Unclear",
    "Unknown",
]

LONGEST = 60.0
"""The longest window of any quota that is known, in seconds. No answer is believed that says to wait longer."""


@define(eq=False)
class Count:
    """The calls of one window, or of one plan."""

    started: int = 0
    refused: int = 0
    answered: int = 0
    in_flight: int = 0

    @property
    def taken(self) -> int:
        """The calls that were let in, or may have been."""
        return self.started - self.refused


@define(eq=False)
class Ticket:
    """A request that was started.

    Attributes:
        at: When, in monotonic seconds.
        count: Where it is counted.
        place: Its number there, from 1.
        gap: Seconds since the request from which it had to keep a distance.
    """

    at: float
    count: Count = field(repr=False)
    place: int
    gap: float = math.inf


@define
class Answer:
    """What became of a request.

    Attributes:
        ticket: Which one it was.
        now: When it ended, in monotonic seconds.
        remaining: How many more the service would take, or None where it does not say.
        hint: Seconds after which it said to come back, as far as that is worth anything.
    """

    ticket: Ticket
    now: float
    remaining: int | None = None
    hint: float | None = None


@frozen
class Terms:
    """What all plans of a pace go by.

    Attributes:
        rate: Requests a second, as told, or None.
        jitter: Gives a number from 0 to 1.
    """

    rate: float | None
    jitter: Callable[[], float] = field(repr=False)

    @cached_property
    def gap(self) -> float:
        """Seconds from request to request, as told; 0 when nothing was told."""
        return 1 / self.rate if self.rate else 0.0

    @cached_property
    def most(self) -> float:
        """Requests in the longest window, as told."""
        return max(1.0, self.rate * LONGEST) if self.rate else math.inf

    @cached_property
    def one_more_per(self) -> int:
        """How many requests must have been let in for one more to be in flight while the limit is unknown."""
        return 16 if self.rate else 8

    def calm(self, gap: float) -> float:
        """Return the good answers after which one request may be risked to find out whether there is more.

        When there is no more, each risk is a refusal. Far below what was told, asking more often pays.

        Args:
            gap: Seconds from request to request, on average, as things are.
        """
        return max(4.0, 120 * (self.gap / gap) ** 2) if self.rate else 30.0


@define
class Allowance:
    """At most `depth` requests at once, and no more than `rate` a second for long."""

    rate: float
    depth: float
    _whole_at: float = field(default=-math.inf, init=False)

    def start_at(self, now: float) -> float:
        """Return when the next request is allowed."""
        # Sums of floats may fall short of a whole request by a rounding error.
        return max(now, self._whole_at - (self.depth - 1 + 1e-6) / self.rate)

    def take(self, now: float) -> None:
        """Count a request: the whole depth is there again one gap later."""
        self._whole_at = max(now, self._whole_at) + 1 / self.rate


@frozen
class Unknown:
    """Nothing is known; begin again at `opens`."""

    opens: float


@frozen
class Evenly:
    """Requests are wanted one by one, `gap` seconds apart.

    Attributes:
        gap: The guess.
        last: When the last one started.
        doubt: By which part the gap may be too long.
    """

    gap: float
    last: float
    doubt: float = 0.0


@frozen
class Full:
    """A window is used up.

    Attributes:
        count: Its requests; answers may still change it.
        opened: When its first request started.
        at: When the request was started that was refused.
        hint: Seconds after which the refusal said to come back, or None.
    """

    count: Count
    opened: float
    at: float
    hint: float | None


@frozen
class Unclear:
    """Either a window is full, or the last request came too soon after the one before."""

    full: Full
    evenly: Evenly


Finding = Unknown | Evenly | Full | Unclear


class Plan(Protocol):
    """Says when requests may start, according to one idea of the limiter; tickets of other plans are ignored."""

    def start_at(self, now: float) -> float:
        """Return when the next request may start, unless an answer comes first."""
        ...

    def rests_until(self, now: float) -> float:
        """Return before when none should start, whatever the answers say that are still to come."""
        ...

    def start(self, now: float) -> Ticket:
        """Note that a request starts."""
        ...

    def succeeded(self, answer: Answer) -> Finding | None:
        """Note that a request was let in; return what speaks for another plan."""
        ...

    def failed(self, answer: Answer) -> None:
        """Note that a request ended in a way that says nothing about the quota."""
        ...

    def refused(self, answer: Answer) -> Finding | None:
        """Note that a request was refused; return what speaks for another plan."""
        ...
