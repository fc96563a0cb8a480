"""Long work on the event loop, a little in each of its turns."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from anyio.lowlevel import RunVar

if TYPE_CHECKING:
    from aoai_async.wire.steps import Steps

__all__ = ["by_turns", "next_turn"]

T = TypeVar("T")

_LONGEST = 0.001


class _Turn:
    """The present turn of a loop, of which all calls together take a millisecond for work that can wait."""

    def __init__(self) -> None:
        self._until: float | None = None
        self.line = asyncio.Lock()

    def is_over(self) -> bool:
        """Tell whether what comes now should wait for the next turn."""
        now = perf_counter()
        if self._until is None:
            self._until = now + _LONGEST
            asyncio.get_running_loop().call_soon(self._begin)
        return now > self._until

    def _begin(self) -> None:
        self._until = None


_TURN: RunVar[_Turn] = RunVar("the present turn of this loop")


async def next_turn() -> None:
    """Wait for a turn of the loop in which there is time left; returns at once if it is this one."""
    turn = _turn()
    while turn.is_over():  # noqa: ASYNC110 - the next turn comes by itself, and to be told of it would cost more
        await asyncio.sleep(0)


async def by_turns(steps: Steps[T]) -> T:
    """Take all steps, and return what comes of them; raises what they raise.

    The loop turns after each millisecond of it, once for all who are at it: they follow one after another.
    """
    async with _turn().line:
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            await next_turn()


def _turn() -> _Turn:
    try:
        return _TURN.get()
    except LookupError:
        turn = _Turn()
        _TURN.set(turn)
        return turn
