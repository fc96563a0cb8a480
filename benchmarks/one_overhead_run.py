"""One way to do many small jobs in a process of its own: for each line it reads, it does some and says what they cost.

``python -m benchmarks.one_overhead_run WAY ENDPOINT COUNT AT_ONCE``
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aoai_async import AsyncAzureOpenAI, CreateTranscriptionRequest
from aoai_async.batch import BatchRunner
from benchmarks.measuring import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Requests = Iterator[CreateTranscriptionRequest]
    Do = Callable[[Requests], Awaitable[None]]
    Way = Callable[[AsyncAzureOpenAI, int, Path], Do]

__all__ = ["WAYS"]

_RECORDING = ("a.mp3", b"ID3" * 100)
_WARM_UP = 2000


def bare(client: AsyncAzureOpenAI, at_once: int, _folder: Path) -> Do:
    """Workers that call the client, and nothing else."""

    async def do(requests: Requests) -> None:
        async def work() -> None:
            for request in requests:
                await client.send(request)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(work())

    return do


def batch(client: AsyncAzureOpenAI, at_once: int, _folder: Path) -> Do:
    """The runner."""
    return _ran(BatchRunner(client, max_concurrency=at_once))


def batch_told(client: AsyncAzureOpenAI, at_once: int, _folder: Path) -> Do:
    """The runner that was told a quota it never reaches."""
    return _ran(BatchRunner(client, max_concurrency=at_once, requests_per_minute=1e7))


def batch_with_journal(client: AsyncAzureOpenAI, at_once: int, folder: Path) -> Do:
    """The runner that writes everything down, each time in a new journal."""
    journal = folder / "journal.jsonl"
    do_on = _ran(BatchRunner(client, max_concurrency=at_once, journal=journal))

    async def do(requests: Requests) -> None:
        journal.unlink(missing_ok=True)
        await do_on(requests)

    return do


def _ran(runner: BatchRunner) -> Do:
    async def do(requests: Requests) -> None:
        async for outcome in runner.run(requests):
            outcome.unwrap()

    return do


WAYS: dict[str, Way] = {
    "bare client": bare,
    "BatchRunner": batch,
    "BatchRunner, told": batch_told,
    "BatchRunner, journal": batch_with_journal,
}


async def main(way: str, endpoint: str, count: int, at_once: int) -> None:
    """Warm up until there are `at_once` requests in flight; then, for each line, print what `count` jobs cost."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key="key", azure_deployment="whisper") as client:
            do = WAYS[way](client, at_once, Path(folder))
            await do(_requests(_WARM_UP))
            while await asyncio.to_thread(sys.stdin.readline):
                before = cpu_seconds()
                await do(_requests(count))
                print(json.dumps({"cpu_seconds": cpu_seconds() - before}), flush=True)


def _requests(count: int) -> Requests:
    return (CreateTranscriptionRequest(file=_RECORDING, prompt=f"job {number}") for number in range(count))


if __name__ == "__main__":
    how, address, number, parallel = sys.argv[1:]
    asyncio.run(main(how, address, int(number), int(parallel)))
