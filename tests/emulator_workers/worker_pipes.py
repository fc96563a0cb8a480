"""Lets a test know when another process is in the middle of a call, and whether it still lives."""

import contextlib
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread

__all__ = ["cancelled_while_reading", "is_read"]

T = TypeVar("T")


async def cancelled_while_reading(read: Callable[[Path], Coroutine[Any, Any, T]], fifo: Path) -> int:
    """Cancel a call while it reads a named pipe, and return the pipe's open end to write into."""
    pipe: int | None = None
    os.mkfifo(fifo)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, fifo)
            # This returns when the reader has opened its end too.
            pipe = await anyio.to_thread.run_sync(os.open, fifo, os.O_WRONLY)
            tasks.cancel_scope.cancel()
    assert pipe is not None
    return pipe


async def is_read(pipe: int) -> bool:
    """Whether anybody has the other end of the pipe open; closes this end."""
    try:
        with contextlib.suppress(BrokenPipeError):
            await anyio.to_thread.run_sync(os.write, pipe, b"somebody there?")
            return True
        return False
    finally:
        os.close(pipe)
