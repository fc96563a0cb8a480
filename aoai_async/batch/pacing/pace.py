"""A pace: asks its plan, tells it what became of the requests, and takes another when the answers ask for it."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from aoai_async.batch.pacing.plans import (
    LONGEST,
    Allowance,
    Answer,
    Evenly,
    Finding,
    Full,
    Plan,
    Terms,
    Ticket,
    Unclear,
    Unknown,
)
from aoai_async.batch.pacing.ramp import Doubt, Ramp
from aoai_async.batch.pacing.spread import Spread
from aoai_async.batch.pacing.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """Says when the next request to one deployment may start, and learns from what became of the others.

    There may be any number of requests in flight. All times are monotonic seconds, given by the caller, who uses
    one pace from one thread. Every call takes a few microseconds, however many requests there were.

    Args:
        requests_per_minute: The quota, as far as it is known; None to learn it. In no 60 seconds are more than
            twice as many started: a full window at its end, and the next one at its beginning. Processes that
            share a deployment need not know of each other, but are refused more often than one that is alone.
        jitter: Gives a number from 0 to 1, by which waits are spread.

    Raises:
        ValueError: The quota is not a number above zero.
    """

    is_shared = False

    def __init__(
        self, *, requests_per_minute: float | None = None, jitter: Callable[[], float] = random.random
    ) -> None:
        if requests_per_minute is not None and not 0 < requests_per_minute < math.inf:
            raise ValueError(f"requests_per_minute must be a number above zero, not {requests_per_minute!r}")
        rate = None if requests_per_minute is None else requests_per_minute / 60
        self._terms = Terms(rate, jitter)
        self._told = Allowance(rate, self._terms.most) if rate else None
        self._tries = 0
        self._plan: Plan = Ramp(self._terms)

    def wait(self, now: float) -> float:
        """Return 0 when a request may start now, or else the seconds, at most 60, after which to ask again.

        Ask earlier when a request has ended: its answer may be what is waited for.
        """
        at = self._plan.start_at(now)
        if self._told:
            at = max(at, self._told.start_at(now))
        return min(LONGEST, at - now) if at > now else 0.0

    def rest(self, now: float) -> float:
        """Return for how many seconds of `wait` none should start, whatever answers come."""
        return min(self.wait(now), max(0.0, self._plan.rests_until(now) - now))

    def claim(self, now: float) -> bool:  # noqa: ARG002 - for a pace that others ask, too
        """Tell whether a request may start when `wait` has just returned 0: always, for nobody else asks this pace."""
        return True

    def leave(self) -> None:
        """Note that nobody wants to start a request for now, which is all the same to this pace."""

    def started(self, now: float) -> Ticket:
        """Note that a request starts, and return its ticket; `wait` has just returned 0."""
        if self._told:
            self._told.take(now)
        ticket = self._plan.start(now)
        ticket.count.in_flight += 1
        return ticket

    def succeeded(self, ticket: Ticket, now: float, *, remaining: int | None = None) -> None:
        """Note a good answer, once for each ticket.

        Args:
            ticket: Which request it answers.
            now: The time.
            remaining: Its ``x-ratelimit-remaining-requests``, or None if there was none.
        """
        ticket.count.in_flight -= 1
        ticket.count.answered += 1
        self._tries = 0
        self._follow(self._plan.succeeded(Answer(ticket, now, remaining=remaining)), now)

    def refused(self, ticket: Ticket, now: float, *, retry_after: float | None = None) -> None:
        """Note an answer 429, once for each ticket.

        Args:
            ticket: Which request it answers.
            now: The time.
            retry_after: After how many seconds it says to come back, if it does. More than 60 is not believed.
        """
        ticket.count.in_flight -= 1
        ticket.count.refused += 1
        hint = retry_after if retry_after is not None and 0 < retry_after <= LONGEST else None
        self._follow(self._plan.refused(Answer(ticket, now, hint=hint)), now)

    def failed(self, ticket: Ticket, now: float) -> None:
        """Note, once for each ticket, that a request ended in a way that says nothing about the quota."""
        ticket.count.in_flight -= 1
        self._plan.failed(Answer(ticket, now))

    def _follow(self, finding: Finding | None, now: float) -> None:
        match finding:
            case None:
                pass
            case Unknown(opens):
                self._tries += 1
                self._plan = Ramp(self._terms, opens, self._tries)
            case Evenly(gap, last, doubt):
                self._plan = Spread(self._terms, gap, last, doubt)
            case Full():
                self._plan = Window.after(finding, self._terms)
            case Unclear(_, evenly):
                self._plan = Doubt(finding, max(now, evenly.last + 1.1 * evenly.gap))
