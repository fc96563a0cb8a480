"""Handing blocking calls to threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TypeVar

from anyio import CancelScope

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["LONGEST_LAST_CALL", "close_quietly", "finish", "in_thread", "in_thread_to_its_end", "open_in_thread"]

LONGEST_LAST_CALL = 5.0
"""Seconds for which a call that nobody wants any more, and that cannot be stopped, is waited for."""

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread; when cancelled, leave it to itself and forget its result."""
    return await asyncio.to_thread(call, *args, **kwargs)


async def in_thread_to_its_end(call: Callable[..., T], *args: Any) -> T:
    """Run a blocking call in a thread; when cancelled, wait for its end, but not longer than `LONGEST_LAST_CALL`."""
    task = asyncio.ensure_future(in_thread(call, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await finish(task, within=LONGEST_LAST_CALL)
        raise


async def finish(work: Coroutine[Any, Any, object] | asyncio.Future[Any], *, within: float | None = None) -> None:
    """Do what tidies up, whatever it raises, and wait for its end, but not longer than `within` seconds.

    It goes on to its end even when the task that waits is cancelled a second time, as aiohttp does with those
    that write a body.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_forget)
    with CancelScope(shield=True):
        await asyncio.wait([task], timeout=within)


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


def close_quietly(file: IO[bytes]) -> None:
    """Close a file; what it cannot write any more is lost."""
    with suppress(OSError):
        file.close()


async def open_in_thread(opening: Callable[[], T], closing: Callable[[T], object]) -> T:
    """Run a blocking call that opens something; when cancelled, close what it opens nevertheless."""
    opened: Future[T] = Future()
    try:
        await in_thread(lambda: opened.set_result(opening()))
    except asyncio.CancelledError:
        # In threads only, so that it is closed even if the loop ends before it is open.
        late = partial(opened.add_done_callback, lambda done: closing(done.result()))
        asyncio.get_running_loop().run_in_executor(None, late)
        raise
    return opened.result()
