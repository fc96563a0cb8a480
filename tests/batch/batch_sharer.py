"""A program that does jobs under a shared quota: it reads their names, and writes the name of each one that is done.

``python batch_sharer.py ENDPOINT REQUESTS_PER_MINUTE PATH``
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from aoai_async.batch.jobs import Job
from aoai_async.batch.runner import BatchRunner
from aoai_async.client import AsyncAzureOpenAI
from aoai_async.schema.audio import CreateTranscriptionRequest


async def jobs() -> AsyncIterator[Job]:
    while name := (await asyncio.to_thread(sys.stdin.readline)).strip():
        yield Job(CreateTranscriptionRequest(file=("a.mp3", b"ID3" * 100), prompt=name), id=name)


async def main(endpoint: str, requests_per_minute: float, path: str) -> None:
    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key="emulator-key", azure_deployment="whisper") as client:
        runner = BatchRunner(client, requests_per_minute=requests_per_minute, shared_quota=path)
        async for outcome in runner.run(jobs()):
            outcome.unwrap()
            print(outcome.id, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), sys.argv[3]))
