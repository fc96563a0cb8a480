"""One racer in a process of its own: makes its pictures, and says when it began and ended, as one line of JSON.

``python -m benchmarks.one_race_run RACER ENDPOINT REQUESTS_PER_MINUTE FOLDER COUNT``
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.emulator import FREE, QUOTA
from benchmarks.racers import RACERS

__all__: list[str] = []


async def main(name: str, endpoint: str, requests_per_minute: float, folder: Path, count: int) -> dict[str, float]:
    """Make a picture without a quota to warm up, then `count` with one."""
    async with RACERS[name].enter(endpoint, requests_per_minute, folder) as race:
        await race(FREE, ["a corgi"])
        begun = time.time()
        made = await race(QUOTA, [f"corgi {number}" for number in range(count)])
        return {"begun": begun, "ended": time.time(), "made": made}


if __name__ == "__main__":
    racer, address, quota, shared, number = sys.argv[1:]
    print(json.dumps(asyncio.run(main(racer, address, float(quota), Path(shared), int(number)))))
