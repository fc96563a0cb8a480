"""The emulator in a process of its own, with a quota for pictures.

Run as ``python -m benchmarks.emulator LIMIT WINDOW KIND``: it prints its endpoint and serves until its standard input
ends. The deployment `QUOTA` has the quota, `FREE` has none.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Literal, cast

from aoai_async.emulator import AzureOpenAIEmulator, Quota

__all__ = ["FREE", "KEY", "QUOTA", "Kind"]

Kind = Literal["fixed", "even"]

QUOTA = "dall-e-3"
FREE = "dall-e-3-free"
KEY = "emulator-key"


async def main(quota: Quota) -> None:
    """Serve until standard input ends."""
    async with AzureOpenAIEmulator(api_key=KEY, deployments={QUOTA: "image", FREE: "image"}) as emulator:
        emulator.set_quota(QUOTA, quota)
        print(emulator.endpoint, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    limit, window, kind = sys.argv[1:]
    asyncio.run(main(Quota(int(limit), float(window), kind=cast("Kind", kind))))
