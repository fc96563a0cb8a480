"""The keeper: has the lines of all deployments, and a seat for each process."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from attrs import define, field

from aoai_async.batch.napping import nap
from aoai_async.batch.sharing.line import Line, Place
from aoai_async.batch.sharing.messages import (
    Ask,
    Failed,
    Leave,
    Message,
    Ping,
    Pong,
    Refused,
    Started,
    Succeeded,
)
from aoai_async.transport.clock import Clock
from aoai_async.wire.convert import UnfitError

__all__ = ["Keeper", "Seat"]


@define(eq=False)
class Keeper:
    """Keeps the paces of all deployments.

    Attributes:
        clock: Tells and passes time.
        jitter: Gives a number from 0 to 1, by which waits are spread.
    """

    clock: Clock
    jitter: Callable[[], float] = field(repr=False)
    _lines: dict[str, Line] = field(factory=dict, init=False)
    _change: asyncio.Event = field(factory=asyncio.Event, init=False)

    def line(self, lane: str) -> Line:
        """Return the line of a deployment."""
        if lane not in self._lines:
            self._lines[lane] = Line(self.jitter)
        return self._lines[lane]

    def rest(self) -> None:
        """Note that somebody else keeps the paces for a while."""
        for line in self._lines.values():
            line.rest()

    def changed(self) -> None:
        """Look again when the next turn is due."""
        self._change.set()

    async def run(self) -> None:
        """Give turns when they are due; to be cancelled."""
        while True:
            self._change.clear()
            now = self.clock.monotonic()
            for line in self._lines.values():
                line.go_on(now)
            waits = (line.wait(now) for line in self._lines.values())
            await nap(self.clock, self._change, min(waits, default=math.inf))


@define(eq=False)
class Seat:
    """A process, as the keeper sees it.

    Attributes:
        keeper: Who keeps the paces.
        send: Tells the process something.
    """

    keeper: Keeper
    send: Callable[[Message], None] = field(repr=False)
    _places: dict[int, Place] = field(factory=dict, init=False)

    def take(self, message: Message) -> None:
        """Do what a message says.

        Raises:
            UnfitError: It makes no sense, here or now.
        """
        now = self.keeper.clock.monotonic()
        match message:
            case Ping():
                self.send(Pong())
            case Ask():
                self._ask(message, now)
            case Leave():
                place = self._place(message)
                place.line.leave(place, now)
            case Started():
                place = self._place(message)
                place.line.start(place, message.number, now)
            case Succeeded() | Refused() | Failed():
                self._end(message, now)
            case _:
                raise UnfitError(f"only a keeper says {message}")
        self.keeper.changed()

    def close(self) -> None:
        """Note that the process is gone: whatever it had in flight tells nothing."""
        now = self.keeper.clock.monotonic()
        places, self._places = self._places, {}
        for place in places.values():
            for pace, ticket in place.tickets.values():
                pace.failed(ticket, now)
            place.line.leave(place, now)
        self.keeper.changed()

    def _ask(self, ask: Ask, now: float) -> None:
        if ask.pace not in self._places:
            self._places[ask.pace] = Place(ask.pace, self.keeper.line(ask.lane), self.send)
        place = self._places[ask.pace]
        try:
            place.line.ask(place, ask, now)
        except ValueError as error:
            raise UnfitError(str(error)) from None

    def _end(self, message: Succeeded | Refused | Failed, now: float) -> None:
        place = self._place(message)
        if message.number not in place.tickets:
            raise UnfitError(f"{message} is about a request that was not started")
        pace, ticket = place.tickets.pop(message.number)
        match message:
            case Succeeded(remaining=remaining):
                pace.succeeded(ticket, now, remaining=remaining)
            case Refused(retry_after=retry_after):
                pace.refused(ticket, now, retry_after=retry_after)
            case Failed():
                pace.failed(ticket, now)
        place.line.go_on(now)

    def _place(self, message: Leave | Started | Succeeded | Refused | Failed) -> Place:
        if message.pace not in self._places:
            raise UnfitError(f"{message} is about a pace that never asked")
        return self._places[message.pace]
