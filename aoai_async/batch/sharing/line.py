"""Those who want a turn to start a request to one deployment."""

from __future__ import annotations

import math
from collections.abc import Callable

from attrs import define, field

from aoai_async.batch.pacing import Pace, Ticket
from aoai_async.batch.pacing.plans import LONGEST
from aoai_async.batch.sharing.messages import Ask, Turn, Wait

__all__ = ["Line", "Place"]

# Who has a turn uses it at once, or is in trouble.
_LONGEST_HOLD = 5.0
_TRIFLE = 0.05
# The news of a start has been on its way for about so long.
_ON_ITS_WAY = 0.002


@define(eq=False)
class Place:
    """Where one pace of one process stands.

    Attributes:
        pace: Which one, by the number that its process has for it.
        line: The line it stands in.
        send: Tells it something.
        number: The turn it asked for last.
        free_at: When it was told that a turn may come.
        rests_until: Before when it was told that none can come, whatever the answers.
        tickets: Its requests in flight, by their numbers, with the pace that let them start.
    """

    pace: int
    line: Line
    send: Callable[[Turn | Wait], None] = field(repr=False)
    number: int = 0
    free_at: float = -math.inf
    rests_until: float = 0.0
    tickets: dict[int, tuple[Pace, Ticket]] = field(factory=dict, init=False)


@define(eq=False)
class Line:
    """Gives turns in the order they were asked for, when the pace allows, and one at a time.

    Of the quotas that were told the smallest holds. The first turn waits as long as another keeper had told those who
    ask for it. All times are monotonic seconds, given by the caller.

    Attributes:
        jitter: Gives a number from 0 to 1, by which the pace spreads waits.
    """

    jitter: Callable[[], float] = field(repr=False)
    _pace: Pace = field(init=False)
    _told: float = field(default=math.inf, init=False)
    _opens: float = field(default=-math.inf, init=False)
    _is_current: bool = field(default=False, init=False)
    _waiting: dict[Place, None] = field(factory=dict, init=False)
    _holder: Place | None = field(default=None, init=False)
    _held_until: float = field(default=math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        self._pace = Pace(jitter=self.jitter)

    def ask(self, place: Place, ask: Ask, now: float) -> None:
        """Stand in line, and be told at once: of a turn, or how long there can be none; `ValueError` for a quota."""
        if ask.told is not None and ask.told < self._told:
            self._pace = Pace(requests_per_minute=ask.told, jitter=self.jitter)
            self._told = ask.told
        if not self._is_current:
            self._opens = max(self._opens, now + min(ask.after, LONGEST))
        self._withdraw(place)
        place.number, place.free_at, place.rests_until = ask.number, -math.inf, 0.0
        self._waiting[place] = None
        self.go_on(now)

    def rest(self) -> None:
        """Note that somebody else gives the turns for a while."""
        self._is_current = False

    def leave(self, place: Place, now: float) -> None:
        """Leave the line, or give back a turn."""
        self._withdraw(place)
        self.go_on(now)

    def start(self, place: Place, number: int, now: float) -> None:
        """Note that a request starts; it is counted even if its turn was given to somebody else meanwhile."""
        begun = now
        if self._holder is place:
            begun = max(now - _ON_ITS_WAY, self._held_until - _LONGEST_HOLD)
        self._withdraw(place)
        self._is_current = True
        place.tickets[number] = self._pace, self._pace.started(begun)
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Give the next turn if it is time, and tell those who wait when it may be, if that is news."""
        if now >= self._held_until:
            self._give(None, math.inf)
        wait = self._wait(now)
        if wait == 0 and self._waiting and self._holder is None:
            self._give(next(iter(self._waiting)), now + _LONGEST_HOLD)
        rest = max(self._pace.rest(now), self._opens - now)
        free_at, rests_until = now + wait, now + rest if rest else 0.0
        for place in self._waiting:
            if max(abs(free_at - place.free_at), abs(rests_until - place.rests_until)) > _TRIFLE:
                place.free_at, place.rests_until = free_at, rests_until
                place.send(Wait(place.pace, place.number, wait, rest))

    def wait(self, now: float) -> float:
        """Return after how many seconds to go on, if nothing happens before; infinity when nobody waits."""
        if not self._waiting:
            return math.inf
        return self._wait(now) if self._holder is None else max(0.0, self._held_until - now)

    def _wait(self, now: float) -> float:
        return max(self._pace.wait(now), self._opens - now)

    def _give(self, place: Place | None, until: float) -> None:
        self._holder, self._held_until = place, until
        if place is not None:
            del self._waiting[place]
            place.send(Turn(place.pace, place.number))

    def _withdraw(self, place: Place) -> None:
        self._waiting.pop(place, None)
        if self._holder is place:
            self._give(None, math.inf)
