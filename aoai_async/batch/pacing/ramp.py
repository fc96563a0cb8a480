"""The plans for a limiter that is not known yet."""

from __future__ import annotations

import math

from attrs import define, evolve, field

from aoai_async.batch.pacing.plans import LONGEST, Answer, Count, Evenly, Finding, Full, Terms, Ticket, Unclear, Unknown

__all__ = ["Doubt", "Ramp"]

_PART_OF_THE_REST = 4
# Others may take the larger part of a told quota, but a window more than four times as long is not plausible.
_PLAUSIBLE = 4
_CLOSE = 1.25
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 300.0


@define(eq=False)
class Ramp:
    """Starts gently, so that the first refusal comes with few others, and learns from it what the limiter is like.

    In flight is at most a small part of what was let in, or of what the service says is left. Besides, whatever was
    told may start, one by one.

    Attributes:
        terms: What the pace goes by.
        opens: When the first request may start.
        tries: How often a first request was refused before.
    """

    terms: Terms
    opens: float = -math.inf
    tries: int = 0
    _opened: float = field(default=math.inf, init=False)
    _last: float = field(default=-math.inf, init=False)
    _before: int = field(default=0, init=False)
    _room: int = field(default=0, init=False)
    _count: Count = field(factory=Count, init=False)

    def start_at(self, now: float) -> float:
        """Return when the next request may start."""
        count, terms = self._count, self.terms
        if not count.started:
            return self.opens
        taken = count.taken
        if taken >= terms.most:
            return self._opened + LONGEST
        at_once = 1 + (self._before + taken) // terms.one_more_per
        if count.in_flight < max(at_once, (self._room - count.started) // _PART_OF_THE_REST):
            return now
        return self._last + (terms.gap or LONGEST)

    def rests_until(self, now: float) -> float:
        """Return before when none should start, whatever the answers say that are still to come."""
        if not self._count.started:
            return self.opens
        return self._opened + LONGEST if self._count.taken >= self.terms.most else now

    def start(self, now: float) -> Ticket:
        """Note that a request starts."""
        if not self._count.started or now >= self._opened + LONGEST:
            self._before += self._count.taken
            self._count = Count()
            self._opened = now
            self._room = 0
        self._last = now
        self._count.started += 1
        return Ticket(now, self._count, self._count.started)

    def succeeded(self, answer: Answer) -> Finding | None:
        """Note that a request was let in."""
        count = self._count
        if answer.ticket.count is not count:
            return None
        if answer.remaining is not None:
            self._room = answer.ticket.place + answer.remaining
        return Full(count, self._opened, answer.now, None) if count.taken >= self.terms.most else None

    def failed(self, answer: Answer) -> None:
        """Note that a request told nothing."""

    def refused(self, answer: Answer) -> Finding | None:
        """Note that a request was refused."""
        if answer.ticket.count is not self._count:
            return None
        if not self._count.taken:
            return Unknown(answer.now + self._pause(answer.hint))
        return _finding(Full(self._count, self._opened, answer.ticket.at, answer.hint), self._last, self.terms)

    def _pause(self, hint: float | None) -> float:
        if hint == 1 and self.terms.rate and not self.tries:
            # The service rounds up to whole seconds: it may be much less.
            hint = min(hint, self.terms.gap)
        # Who is refused again and again shares the quota with somebody: asking rarely is polite.
        pause = (hint or _FIRST_PAUSE) * 2.0 ** min(self.tries, 10)
        return min(_LONGEST_PAUSE, pause) * (1 + 0.1 * self.terms.jitter())


def _finding(full: Full, last: float, terms: Terms) -> Finding:
    passed, taken = full.at - full.opened, full.count.taken
    longest = (passed + (full.hint or 2 * _FIRST_PAUSE)) / taken
    # The service rounds up to whole seconds.
    shortest = max(passed, passed + (full.hint or 0.0) - 1, 0.02) / taken
    if terms.rate:
        evenly = Evenly(terms.gap, last)
    else:
        gap = longest if longest < _CLOSE * shortest else math.sqrt(longest * shortest)
        evenly = Evenly(gap, last, min(0.5, 1 - shortest / longest))
    if full.hint is None or (terms.rate and passed + full.hint > 1 + _PLAUSIBLE * taken * terms.gap):
        return Unclear(full, evenly)
    return full if full.hint > 1 + evenly.gap else evenly


@define(eq=False)
class Doubt:
    """Lets one request find out which it is, where a refusal does not say when to come back, or is not plausible."""

    unclear: Unclear
    opens: float
    _last: float = field(default=-math.inf, init=False)
    _count: Count = field(factory=Count, init=False)

    def start_at(self, now: float) -> float:
        """Return when the next request may start."""
        return self._last + LONGEST if self._count.in_flight else max(now, self.opens)

    def rests_until(self, now: float) -> float:  # noqa: ARG002 - as other plans are asked
        """Return before when none should start, whatever the answers say that are still to come."""
        return self.opens

    def start(self, now: float) -> Ticket:
        """Note that a request starts."""
        self._last = now
        self._count.started += 1
        return Ticket(now, self._count, self._count.started)

    def succeeded(self, answer: Answer) -> Finding | None:
        """Note that a request was let in."""
        if answer.ticket.count is not self._count:
            return None
        return evolve(self.unclear.evenly, last=answer.ticket.at)

    def failed(self, answer: Answer) -> None:
        """Note that a request told nothing."""

    def refused(self, answer: Answer) -> Finding | None:
        """Note that a request was refused."""
        if answer.ticket.count is not self._count:
            return None
        return evolve(self.unclear.full, at=answer.ticket.at, hint=answer.hint)
