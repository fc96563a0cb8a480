"""Large answers one after another, where they come faster than they can be read and saved."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["Turns"]

_LONGEST = 0.05


class Turns:
    """Gives each large answer the line for itself for a moment.

    Answers of megabytes that are all there at once would all be in memory at once, each half read or not yet saved. So
    the next one is read when none is being read or saved. Where the network or the disk is what they wait for, nothing
    is held up for long: a turn ends by itself.

    Args:
        longest: Seconds after which the next one begins even though this one is not whole, or not saved.
    """

    def __init__(self, longest: float = _LONGEST) -> None:
        self._longest = longest
        self._busy = 0
        self._eased = asyncio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until nobody is busy, and be busy until the end or until the turn is over."""
        while self._busy:
            self._eased.clear()
            await self._eased.wait()
        with self.work():
            yield

    @contextmanager
    def work(self) -> Iterator[None]:
        """Be busy without waiting, until the end or until the turn is over."""
        place = ExitStack()
        place.callback(self._ease)
        self._busy += 1
        over = asyncio.get_running_loop().call_later(self._longest, place.close)
        try:
            yield
        finally:
            over.cancel()
            place.close()

    def _ease(self) -> None:
        self._busy -= 1
        self._eased.set()
