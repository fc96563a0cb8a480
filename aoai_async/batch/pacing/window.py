"""The plan for a limiter that counts the requests of a window."""

from __future__ import annotations

import math

from attrs import define, field

from aoai_async.batch.pacing.length import Length
from aoai_async.batch.pacing.plans import LONGEST, Answer, Count, Evenly, Finding, Full, Terms, Ticket, Unclear

__all__ = ["Window"]

# More than `size` are tried with few in flight: others may be using up the same window.
_PART_OF_THE_REST = 4
_ONE_MORE_PER = 16
# Parts of the length: the first request goes this far ahead of the others, so that it alone is refused when timers
# are inexact; the others are spread over half of the next on average, so that a refusal stops some of them;
# what is left is not touched before others had this time to take theirs; and windows are this far apart by jitter.
_LEAD = 0.01
_BURST = 0.08
_PATIENCE = 0.1
_SPREAD = 0.003
# A refused first request that is told to wait for less than this part was too early; otherwise the window is not ours.
_NEAR = 0.15


@define(eq=False)
class Window:
    """Starts up to `size` requests at once, and again `length` after the first of them.

    The first one opens the window, and is alone until it is answered, unless all went well in the last one. After a
    refusal the size is what was let in. Once in a while there is one more; when it is let in, or the service says
    that some are left, more follow, but not before others who share the quota have had a chance to take theirs.

    Attributes:
        terms: What the pace goes by.
        size: Requests in a window.
        length: Seconds from the first request of a window to the first of the next.
    """

    terms: Terms
    size: int
    length: Length
    _count: Count
    _opened: float
    _opens: float = field(init=False)
    _before: float = field(default=-math.inf, init=False)
    _last: float = field(default=-math.inf, init=False)
    _next: float = field(default=-math.inf, init=False)
    _room: float = field(default=0.0, init=False)
    _size_before: int = field(init=False)
    _is_alone: bool = field(default=True, init=False)
    _is_tried: bool = field(default=False, init=False)
    _is_disturbed: bool = field(default=True, init=False)
    _grows: bool = field(default=False, init=False)
    _good: int = field(default=0, init=False)
    _misses: int = field(default=0, init=False)

    @classmethod
    def after(cls, full: Full, terms: Terms) -> Window:
        """Return the plan that waits for the end of a window that is full."""
        return cls(terms, max(1, full.count.taken), Length.after(full, terms), full.count, full.opened)

    def __attrs_post_init__(self) -> None:
        self._size_before = self.size
        self._opens = self._opened + self.length.seconds

    def start_at(self, now: float) -> float:
        """Return when the next request may start."""
        return now if now >= self._opens else min(self._opens, self._more_at())

    def rests_until(self, now: float) -> float:
        """Return before when none should start, whatever the answers say that are still to come."""
        is_full = self._count.refused or self._count.taken >= self.size
        return self._opens if is_full else now

    def _more_at(self) -> float:
        count = self._count
        if count.refused or not count.started or (self._is_alone and not count.answered):
            return math.inf
        if count.taken < self.size:
            return self._next if count.started < self._room else math.inf
        if count.in_flight < self._extra() and count.taken < self.terms.most:
            return max(self._next, self._opened + _PATIENCE * self.length.seconds)
        return math.inf

    def _extra(self) -> float:
        if self._room < math.inf:
            return (self._room - self._count.started) / _PART_OF_THE_REST
        return 1 + (self._count.taken - self.size) // _ONE_MORE_PER if self._grows else 0

    def start(self, now: float) -> Ticket:
        """Note that a request starts."""
        if now >= self._opens:
            self._open(now)
        count = self._count
        count.started += 1
        self._last = now
        part = _LEAD if count.started == 1 else _BURST * self.terms.jitter() / max(self.size, count.taken)
        self._next = now + part * self.length.seconds
        return Ticket(now, count, count.started, now - self._before)

    def _open(self, now: float) -> None:
        taken = self._count.taken
        if taken > self.size or taken >= self._room > 0:
            self.size = taken
        self._size_before = self.size
        self._is_alone = not self.length.is_proven or self._is_disturbed or self._is_tried
        self._is_disturbed = self._grows = False
        self._before, self._opened = self._opened, now
        self._count = Count()
        self._room = math.inf
        self._opens = now + self._usual_gap()

    def _least(self) -> float:
        return self.size * self.terms.gap

    def _usual_gap(self) -> float:
        self.length.seconds = max(self.length.seconds, self._least())
        return self.length.seconds * (1 + _SPREAD * self.terms.jitter())

    def succeeded(self, answer: Answer) -> Finding | None:
        """Note that a request was let in."""
        ticket = answer.ticket
        self._good += 1
        if ticket.count is not self._count:
            return None
        if ticket.place == 1:
            self._is_open(ticket.gap)
        if answer.remaining is not None:
            self._room = ticket.place + answer.remaining
        if ticket.count.taken >= self.size and self._good > self.terms.calm(self.length.seconds / self.size):
            self._grows = self.length.is_longer_than(self._least())
        return None

    def _is_open(self, gap: float) -> None:
        self._misses = 0
        self.length.passed(gap, self.size, was_tried=self._is_tried)
        to_try = self.length.to_try(self._least())
        self._is_tried = to_try is not None
        self._opens = self._opened + (to_try or self._usual_gap())

    def failed(self, answer: Answer) -> None:
        """Note that a request told nothing."""
        count = answer.ticket.count
        if count is self._count and self._is_alone and not count.answered:
            self._close()
            self._opens = -math.inf

    def _close(self) -> None:
        self._opened = self._before
        self._count = Count()
        self.size = self._size_before

    def refused(self, answer: Answer) -> Finding | None:
        """Note that a request was refused."""
        ticket = answer.ticket
        if ticket.count is not self._count:
            return None
        self._is_disturbed = True
        if ticket.place > 1:
            return self._overfull(ticket, answer.hint)
        self._misses += 1
        self._close()
        self._too_early(answer)
        self._is_tried = False
        return None

    def _overfull(self, ticket: Ticket, hint: float | None) -> Finding | None:
        self._good = 0
        passed, taken = ticket.at - self._opened, ticket.count.taken
        is_much_less = taken < self._size_before / 2 and passed < self.length.seconds / 2
        is_first = self._before == -math.inf
        if not is_first and (is_much_less or taken == 1 < self._size_before):
            return self._contradiction(Full(ticket.count, self._opened, ticket.at, hint))
        self.size = max(1, taken)
        self._size_before = self.size if is_first else self._size_before
        if self.terms.rate and not self.length.is_proven:
            self.length.seconds = self._least()
            self._opens = self._opened + self._least()
        if self.length.is_proven and hint and hint > 1 and ticket.at + hint < self._opens:
            self._opens = ticket.at + hint
            self._is_tried = False
        return None

    def _contradiction(self, full: Full) -> Finding:
        evenly = Evenly(self.terms.gap or self.length.seconds / self._size_before, self._last)
        return evenly if full.hint and full.hint <= 1 + evenly.gap else Unclear(full, evenly)

    def _too_early(self, answer: Answer) -> None:
        gap, hint, length = answer.ticket.gap, answer.hint, self.length
        pause = self._pause(hint)
        if length.was_shorter_than_usual(gap):
            if self._is_tried:
                length.too_short = gap
            self._opens = max(answer.now, self._opened + length.seconds)
        elif not length.is_proven or (hint and hint < _NEAR * length.seconds):
            length.grow(gap, pause, hint)
            self._opens = max(answer.now, self._opened + length.seconds)
        else:
            # Somebody else has used this window up: the next one opens when the service says.
            length.drift()
            self._opens = max(answer.now, answer.ticket.at + pause)
            self._opened = self._opens - length.seconds if hint else self._opened

    def _pause(self, hint: float | None) -> float:
        doubled = 2.0 ** min(self._misses - 1, 10)
        if hint and hint != 1:
            return min(hint, self._least() * doubled) if self.terms.rate else hint
        return min(LONGEST, max(0.1, self.length.seconds / 50) * doubled)
