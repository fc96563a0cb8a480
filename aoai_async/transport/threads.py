"""Handing blocking calls to threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_thread", "open_in_thread"]

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread; when cancelled, leave it to itself and forget its result."""
    return await asyncio.to_thread(call, *args, **kwargs)


async def open_in_thread(opening: Callable[[], T], closing: Callable[[T], object]) -> T:
    """Run a blocking call that opens something; when cancelled, close what it opens nevertheless."""
    future = asyncio.get_running_loop().run_in_executor(None, opening)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        future.add_done_callback(lambda done: _close_late(done, closing))
        raise


def _close_late(done: asyncio.Future[T], closing: Callable[[T], object]) -> None:
    if not done.cancelled() and done.exception() is None:
        closing(done.result())
