"""One contender in a process of its own: uploads, and says what that cost, as one line of JSON.

``python -m benchmarks.one_upload_run CONTENDER ENDPOINT FILE COUNT AT_ONCE``
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import CONTENDERS
from benchmarks.measuring import cpu_seconds, peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

_WATCH_EVERY = 0.001


async def main(name: str, endpoint: str, file: Path, count: int, at_once: int) -> dict[str, float]:
    """Upload once to warm up, then `count` times, and return what that cost."""
    async with CONTENDERS[name](endpoint) as upload:
        await upload(file)
        idle = peak_memory_mb()
        places = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with places:
                await upload(file)

        cpu, begun = cpu_seconds(), time.perf_counter()
        with _watched() as stalls:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(count):
                    tasks.create_task(one())
        return {
            "cpu_seconds": cpu_seconds() - cpu,
            "wall_seconds": time.perf_counter() - begun,
            "memory_mb": peak_memory_mb() - idle,
            "longest_stall_ms": max(stalls, default=0.0) * 1000,
        }


@contextmanager
def _watched() -> Iterator[list[float]]:
    stalls: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_WATCH_EVERY)
            stalls.append(time.perf_counter() - begun - _WATCH_EVERY)

    watcher = asyncio.ensure_future(watch())
    try:
        yield stalls
    finally:
        watcher.cancel()


if __name__ == "__main__":
    contender, address, path, number, parallel = sys.argv[1:]
    print(json.dumps(asyncio.run(main(contender, address, Path(path), int(number), int(parallel)))))
