"""Large answers one after another, where they come faster than they can be read."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Turns"]

_PLACES = 2
_LONGEST = 0.1


class Turns:
    """Gives each large answer the line for itself for a moment.

    Answers of megabytes that are all there at once would all be in memory at once, each half read. So two at a time
    are read first. Where the network is what they wait for, nothing is held up for long: a turn ends by itself.

    Args:
        longest: Seconds after which the next one begins even though this one is not whole.
    """

    def __init__(self, longest: float = _LONGEST) -> None:
        self._longest = longest
        self._places = asyncio.Semaphore(_PLACES)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it until the end or until the turn is over."""
        await self._places.acquire()
        place = ExitStack()
        place.callback(self._places.release)
        over = asyncio.get_running_loop().call_later(self._longest, place.close)
        try:
            yield
        finally:
            over.cancel()
            place.close()
