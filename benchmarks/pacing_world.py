"""A world on a virtual clock: deployments with a limiter each, and callers that ask them at their pace."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count
from typing import Literal

from attrs import define, field, frozen

from aoai_async.batch.pacing import Pace, Ticket
from benchmarks.pacing_limiters import Hint, Limiter, whole_seconds

__all__ = ["Caller", "Deployment", "Network", "Pile", "Timeline"]

_REST_AFTER_FAILURE = 5.0

Fate = Literal["let in", "refused", "failed"]


@define
class Timeline:
    """What happens next; time passes only here."""

    now: float = 0.0
    _events: list[tuple[float, int, Callable[[], None]]] = field(factory=list, init=False)
    _numbers: count[int] = field(factory=count, init=False)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act))

    def play(self) -> None:
        """Do everything there is to do."""
        while self._events:
            self.now, _, act = heapq.heappop(self._events)
            act()


@frozen
class Network:
    """How long things take, in seconds.

    Attributes:
        latency: The shortest and the longest time from the arrival of a request to its answer.
        way: The longest time from the start of a request to its arrival.
        lag: The longest delay of a caller's timer.
    """

    latency: tuple[float, float] = (0.05, 0.5)
    way: float = 0.002
    lag: float = 0.002


@define
class Pile:
    """Jobs that callers share; what was not let in comes back."""

    left: int
    emptied: float | None = None

    def take(self, now: float) -> None:
        """Take a job."""
        self.left -= 1
        if self.left == 0 and self.emptied is None:
            self.emptied = now


@define
class Deployment:
    """Lets requests in or not.

    Attributes:
        log: If not None, each arrival: when it was, and what became of it.
        outage: From when to when every request fails.
    """

    limiter: Limiter
    timeline: Timeline
    network: Network
    chance: random.Random
    hint: Hint = whole_seconds
    tells_remaining: bool = True
    outage: tuple[float, float] = (0.0, 0.0)
    log: list[tuple[float, Fate]] | None = None
    accepted: int = 0
    refused: int = 0

    def call(self, pace: Pace, ticket: Ticket, done: Callable[[Fate], None]) -> None:
        """Take a request; `done` is called when its answer was told to the pace."""
        way = self.chance.random() * self.network.way
        if way:
            self.timeline.after(way, lambda: self._arrive(pace, ticket, done))
        else:
            self._arrive(pace, ticket, done)

    def _arrive(self, pace: Pace, ticket: Ticket, done: Callable[[Fate], None]) -> None:
        fate, answer = self._answer(pace, ticket)
        if self.log is not None:
            self.log.append((self.timeline.now, fate))

        def act() -> None:
            answer()
            done(fate)

        self.timeline.after(self.chance.uniform(*self.network.latency), act)

    def _answer(self, pace: Pace, ticket: Ticket) -> tuple[Fate, Callable[[], None]]:
        timeline = self.timeline
        if self.outage[0] <= timeline.now < self.outage[1]:
            return "failed", lambda: pace.failed(ticket, timeline.now)
        left, wait = self.limiter.take(timeline.now)
        if wait:
            self.refused += 1
            told = self.hint(wait)
            return "refused", lambda: pace.refused(ticket, timeline.now, retry_after=told)
        self.accepted += 1
        remaining = left if self.tells_remaining else None
        return "let in", lambda: pace.succeeded(ticket, timeline.now, remaining=remaining)


@define
class Caller:
    """Takes jobs from a pile and starts them at its pace.

    After a failure it rests for five seconds, and asks again with one request, as a pool of deployments does.
    """

    pile: Pile
    places: int
    pace: Pace
    deployment: Deployment
    timeline: Timeline
    finished: float = 0.0
    _in_flight: int = field(default=0, init=False)
    _wakes: float = field(default=0.0, init=False)
    _rests_until: float = field(default=0.0, init=False)
    _is_wary: bool = field(default=False, init=False)

    def go(self) -> None:
        """Start what may start now, and come back when more may."""
        now = self.timeline.now
        while self.pile.left and self._in_flight < (1 if self._is_wary else self.places):
            wait = max(self.pace.wait(now), self._rests_until - now)
            if wait > 0:
                self._sleep(wait)
                return
            self.pile.take(now)
            self._in_flight += 1
            self.deployment.call(self.pace, self.pace.started(now), self._done)

    def _sleep(self, seconds: float) -> None:
        wakes = self.timeline.now + seconds
        if self.timeline.now < self._wakes <= wakes:
            return
        self._wakes = wakes
        lag = self.deployment.chance.random() * self.deployment.network.lag
        self.timeline.after(seconds + lag, lambda: self._wake(wakes))

    def _wake(self, wakes: float) -> None:
        if wakes == self._wakes:
            self._wakes = 0.0
            self.go()

    def _done(self, fate: Fate) -> None:
        self._in_flight -= 1
        self._is_wary = fate == "failed"
        if fate == "failed":
            self._rests_until = self.timeline.now + _REST_AFTER_FAILURE
        if fate == "let in":
            self.finished = self.timeline.now
        else:
            self.pile.left += 1
        self.go()
