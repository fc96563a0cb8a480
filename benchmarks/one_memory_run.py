"""A batch whose jobs are answered at once, in a process of its own: says how much memory it needed, as JSON.

``python -m benchmarks.one_memory_run COUNT [JOURNAL]``
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from aoai_async import AudioResponse, CreateTranscriptionRequest
from aoai_async.batch import BatchRunner, Deployment, DeploymentPool
from aoai_async.batch.dispatch import Group
from aoai_async.batch.health import Health
from aoai_async.batch.lanes import Lane
from aoai_async.batch.pacing import Pace
from aoai_async.transport.clock import SystemClock
from aoai_async.wire.reply import Reply
from aoai_async.wire.response import RawResponse
from aoai_async.wire.retry import RetryPolicy
from benchmarks.measuring import peak_memory_mb

if TYPE_CHECKING:
    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request

__all__: list[str] = []

_AT_ONCE = 64
_REPLY = Reply(200, CIMultiDict({"Content-Type": "application/json"}), [b'{"text":"heard"}'])


async def main(count: int, journal: str | None = None) -> dict[str, float]:
    """Do `count` jobs, drop their outcomes, and return what that took; a journal that is there holds them all."""
    is_new = journal is None or not await asyncio.to_thread(Path(journal).exists)
    async with DeploymentPool([Deployment(model="m", azure_endpoint="http://127.0.0.1:9", api_key="key")]) as pool:
        pool.group = Group([_lane()], SystemClock(), RetryPolicy())
        jobs = (CreateTranscriptionRequest(file=("a.mp3", b"ID3"), prompt=str(number)) for number in range(count))
        runner = BatchRunner(pool, max_concurrency=_AT_ONCE, journal=journal)
        begun = time.perf_counter()
        async for outcome in runner.run(jobs):
            outcome.unwrap()
        assert runner.progress.skipped == (0 if is_new else count)
        return {"memory_mb": peak_memory_mb(), "wall_seconds": time.perf_counter() - begun}


def _lane() -> Lane:
    return Lane(name="here", model=None, ask=_ask, pace=Pace(), health=Health(random.random))


async def _ask(request: Request, options: CallOptions) -> RawResponse[Any]:  # noqa: ARG001 - as a lane calls it
    # One turn of the loop, so that as many jobs as may be are in flight.
    await asyncio.sleep(0)
    return RawResponse(_REPLY, "http://service", 0, 0.0, AudioResponse)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))))
