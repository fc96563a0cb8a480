"""What many want to do at once, a few do in each turn of the loop."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Gate"]

_A_TURN = 4


class Gate:
    """Lets some through in each turn of the loop, in the order they came.

    To begin a call, or to send a piece of a file, takes a few tenths of a millisecond. A thousand calls that were
    gathered would all do so in the same turn, and nobody else would get on meanwhile.

    Args:
        a_turn: How many go through in one turn.
    """

    def __init__(self, a_turn: int = _A_TURN) -> None:
        self._a_turn = self._left = a_turn
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_turn_ahead = False

    async def enter(self) -> None:
        """Wait for a turn with room in it; returns at once if that is this one."""
        loop = asyncio.get_running_loop()
        self._look_ahead(loop)
        if self._left and not self._waiting:
            self._left -= 1
            return
        place = loop.create_future()
        self._waiting.append(place)
        await place

    def _look_ahead(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_turn_ahead:
            self._is_turn_ahead = True
            loop.call_soon(self._begin_turn, loop)

    def _begin_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_turn_ahead = False
        self._left = self._a_turn
        while self._left and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                self._left -= 1
        if self._waiting:
            self._look_ahead(loop)
