"""The emulator as a program of its own."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aoai_async.emulator.app import AzureOpenAIEmulator

__all__ = ["serve"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve(
    emulator: AzureOpenAIEmulator, *, ready: Callable[[AzureOpenAIEmulator], None] = lambda _: None
) -> None:
    """Open an emulator and keep it open until SIGINT or SIGTERM arrives, or the task is cancelled.

    Where the loop cannot watch signals (on Windows) only Ctrl-C, as Python itself handles it, or cancelling ends it.
    It belongs in the main thread.

    Args:
        emulator: An emulator that is not open yet.
        ready: Called once it listens.

    Raises:
        OSError: The address cannot be listened on.
    """
    async with emulator:
        with _signalled() as stop:
            ready(emulator)
            await stop.wait()


@contextmanager
def _signalled() -> Iterator[asyncio.Event]:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.set)
    except NotImplementedError:
        yield stop
        return
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
