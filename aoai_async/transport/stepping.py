"""Taking the steps of a long work on the event loop, which turns between them."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from anyio.lowlevel import RunVar

from aoai_async.wire.steps import Walk

if TYPE_CHECKING:
    from aoai_async.wire.steps import Steps

__all__ = ["by_turns"]

T = TypeVar("T")

_LINE: RunVar[asyncio.Lock] = RunVar("who takes steps on this loop")
_LONGEST = 0.0005


async def by_turns(steps: Steps[T]) -> T:
    """Take all steps, and return what comes of them; raises what they raise.

    The loop turns after each half of a millisecond of it, once for all who are at it: they follow one after another.
    """
    async with _line():
        until = perf_counter() + _LONGEST
        walk = Walk(steps)
        for _ in walk:
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + _LONGEST
        return walk.result


def _line() -> asyncio.Lock:
    try:
        return _LINE.get()
    except LookupError:
        line = asyncio.Lock()
        _LINE.set(line)
        return line
