"""The plan for a limiter that wants requests evenly spread."""

from __future__ import annotations

import math

from attrs import define, field

from aoai_async.batch.pacing.plans import LONGEST, Allowance, Answer, Count, Finding, Terms, Ticket, Unknown

__all__ = ["Spread"]

# Two per cent of the quota are not worth more refusals; one eighth at once finds a doubled quota in few steps.
_SMALLEST_STEP = 0.02
_STEP_BACK = 0.06
_BOLDEST_STEP = 0.125
# Requests do not take equally long to arrive: without a trifle of room, one that comes late lets the next be refused.
_ROOM = 1.01
# Where a quota was told, a refusal makes the gap longer by this part; up to so many told gaps it comes back by itself,
# by that part in so many good answers.
_SMALLER_STEP = 0.01
_NEAR = 1.1
_ANSWERS_PER_STEP = 80
# When all is there that was told, another early request waits for so many good answers more.
_CONTENT = 360
# Where a limiter saves up, a gap a little shorter than told makes up for timers that ring late.
_LATENESS = 0.9
# Another refusal within so few good answers is no accident, unless nearly all is seen to be there that was told.
_OFTEN = 4
# After an accident the next request goes in this part of the gap, or twice as much.
_SOON = 0.25
_MEMORY = 16
_FIRST_MEMORY = 8
_LONGEST_PAUSE = 16
_SLOWEST = 2.0
_FORGETTING = 1.1


@define(eq=False)
class Spread:
    """Starts one request each `gap` seconds.

    From time to time one comes a step earlier. If it is let in, the gap is shorter from then on, and the next step
    bolder; if not, the step is halved. Any other refusal makes the gap longer: by a little, or, when refusals come
    often, up to what the answers show to be possible. Near to what was told it comes back by itself: what was refused
    there was mostly an accident on the way, and a long gap would cost more than the refusal did. After an accident the
    next one goes soon: the limiter has been ready since a moment after it.

    Attributes:
        terms: What the pace goes by.
        gap: Seconds from request to request.
        last: When the last one started.
        step: By which part of the gap the first early request comes earlier.
    """

    terms: Terms
    gap: float
    last: float
    step: float
    _least: float = field(init=False)
    _next: float = field(init=False)
    _mean: float = field(init=False)
    _answered: float = field(init=False)
    _answers: int = field(default=_FIRST_MEMORY, init=False)
    _possible: float = field(init=False)
    _good: int = field(init=False)
    _since_step: int = field(default=0, init=False)
    _misses: int = field(default=0, init=False)
    _slowed: float = field(default=-math.inf, init=False)
    _is_early: bool = field(default=False, init=False)
    _early: Ticket | None = field(default=None, init=False)
    _told: Allowance | None = field(init=False)
    _count: Count = field(factory=Count, init=False)

    def __attrs_post_init__(self) -> None:
        self.step = max(_SMALLEST_STEP, self.step)
        self._least = _ROOM * self.terms.gap
        self.gap = max(self.gap, self._least)
        self._next = self.last + self.gap
        self._mean = self._possible = self.gap
        self._answered = self.last
        self._good = _OFTEN if self.terms.rate else 0
        # Two at once make up for timers that ring late.
        self._told = Allowance(self.terms.rate, 2.0) if self.terms.rate else None

    def start_at(self, now: float) -> float:
        """Return when the next request may start."""
        if self._misses > 1 and self._count.in_flight:
            return max(self._next, self.last + LONGEST)
        return max(self._next, self._told.start_at(now)) if self._told else self._next

    def rests_until(self, now: float) -> float:  # noqa: ARG002 - as other plans are asked
        """Return before when none should start, whatever the answers say that are still to come."""
        return self._next

    def start(self, now: float) -> Ticket:
        """Note that a request starts."""
        if self._told:
            self._told.take(now)
        self._count.started += 1
        ticket = Ticket(now, self._count, self._count.started, now - self.last)
        if self._is_early and ticket.gap < self.gap:
            self._early = ticket
        self._is_early = self._early is None and self._may_be_early()
        self.last = now
        self._next = now + (self._shorter() if self._is_early else self.gap)
        return ticket

    def _may_be_early(self) -> bool:
        patience = self.terms.calm(self.gap) * _SMALLEST_STEP / self.step
        return self._since_step >= patience and self._shorter() < 0.999 * self.gap

    def _shorter(self) -> float:
        return max(self.gap * (1 - self.step), _LATENESS * self.terms.gap)

    def succeeded(self, answer: Answer) -> Finding | None:
        """Note that a request was let in."""
        ticket = answer.ticket
        if ticket.count is not self._count:
            return None
        self._answers += 1
        self._mean += (answer.now - self._answered - self._mean) / min(_MEMORY, self._answers)
        self._answered = answer.now
        if ticket is self._early:
            self._forget_early()
            self.gap = min(self.gap, ticket.gap)
            self.step = max(self.step, min(_BOLDEST_STEP, 1.5 * self.step))
        if ticket.at > self._slowed:
            self._good += 1
            self._since_step += 1
            self._misses = 0
            self._come_back()
        return None

    def _come_back(self) -> None:
        told = self.terms.gap
        if self._least < self.gap < _NEAR * told:
            self.gap = max(self._least, self.gap - told * _SMALLER_STEP / _ANSWERS_PER_STEP)
            self._since_step = 0

    def failed(self, answer: Answer) -> None:
        """Note that a request told nothing."""
        if answer.ticket is self._early:
            self._forget_early()

    def _forget_early(self) -> None:
        self._early = None
        self._is_early = False
        self._since_step = 0

    def refused(self, answer: Answer) -> Finding | None:
        """Note that a request was refused."""
        ticket, hint = answer.ticket, answer.hint
        if ticket is self._early:
            self._forget_early()
            self._since_step = -_CONTENT if self.gap == self._least else 0
            self.step = max(_SMALLEST_STEP, self.step / 2)
            return None
        if ticket.count is not self._count or ticket.at <= self._slowed:
            return None
        self._slowed = answer.now
        self._misses += 1
        if self._misses > 2 and hint and hint > 1 + 2 * self.gap:
            return Unknown(answer.now + hint)
        is_accident = self._is_accident(answer)
        if self._misses == 1:
            self._slow_down()
        if is_accident:
            self._next = ticket.at + _SOON * self.gap * (1 + self.terms.jitter())
        else:
            self._next = max(self._next, ticket.at + self._pause(hint))
        return None

    def _is_accident(self, answer: Answer) -> bool:
        is_rare = self.terms.rate is not None and self._good >= _OFTEN and self._misses == 1
        # One second is the least that the service says.
        return is_rare and answer.ticket.at == self.last and (answer.hint or 0.0) <= 1

    def _slow_down(self) -> None:
        factor, doubtful = (1 + _SMALLER_STEP, _NEAR) if self.terms.rate else (1 + _SMALLEST_STEP, 1.0)
        if self._good < _OFTEN and self._mean > doubtful * self.gap:
            factor = max(factor, min(1.5, self._mean / self.gap))
        # At twice the gap that was told, or was once possible, it is rather somebody else who takes the rest.
        self._possible = self.terms.gap or min(self._possible * _FORGETTING, self.gap)
        self.gap = max(self.gap, min(self.gap * factor, _SLOWEST * self._possible, LONGEST))
        self.step = max(_SMALLEST_STEP, min(_STEP_BACK, (1 - self._possible / self.gap) / 2))
        self._good = 0
        self._forget_early()

    def _pause(self, hint: float | None) -> float:
        if self._misses == 1 and hint and 1 < hint <= 1 + self.gap:
            return hint
        doubled = min(_LONGEST_PAUSE, 2.0 ** (self._misses - 1))
        return self.gap * doubled * (1 + 0.5 * self.terms.jitter())
