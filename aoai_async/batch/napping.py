"""Waiting for a time or for a change, whichever comes first."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aoai_async.transport.clock import Clock

__all__ = ["nap"]


async def nap(clock: Clock, change: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, which may be infinitely many, or until `change` is set."""
    if math.isinf(seconds):
        await change.wait()
        return
    sleep = asyncio.ensure_future(clock.sleep(seconds))
    ring = asyncio.ensure_future(change.wait())
    try:
        await asyncio.wait([sleep, ring], return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleep.cancel()
        ring.cancel()
