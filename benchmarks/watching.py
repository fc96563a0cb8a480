"""What one process can tell of itself: its memory and the turning of its event loop."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from benchmarks.measuring import peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["MemoryMeter", "Stalls", "watched"]

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_TICK = 0.001


class MemoryMeter:
    """The peak of resident memory since this was made, above the resident memory of that moment.

    Linux lets a process reset its high-water mark (``5`` to ``/proc/self/clear_refs``), so that a peak before, for
    example while modules were imported, hides nothing. Elsewhere it is the growth of the highest mark ever, which may
    be less than the truth, never more.
    """

    def __init__(self) -> None:
        gc.collect()
        self._is_exact = _reset_peak()
        self._idle = _status_mb("VmRSS") if self._is_exact else peak_memory_mb()

    def above_idle_mb(self) -> float:
        """Return the peak until now."""
        peak = _status_mb("VmHWM") if self._is_exact else peak_memory_mb()
        return max(0.0, peak - self._idle)


def _reset_peak() -> bool:
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _status_mb(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


@define
class Stalls:
    """How long the loop did not turn, at the longest, in seconds."""

    longest: float = 0.0

    async def watch(self) -> None:
        """Tick every millisecond, and note how late each tick is."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_TICK)
            self.longest = max(self.longest, time.perf_counter() - begun - _TICK)


@asynccontextmanager
async def watched() -> AsyncIterator[Stalls]:
    """Watch the running loop."""
    stalls = Stalls()
    watcher = asyncio.ensure_future(stalls.watch())
    await asyncio.sleep(0)
    try:
        yield stalls
    finally:
        watcher.cancel()
