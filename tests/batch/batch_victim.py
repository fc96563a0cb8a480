"""A program whose children run batches and may be killed at any moment.

It imports everything once. For each line of JSON it gets, with the endpoint, the journal, the names of the jobs and so
on, it forks a child that stops itself; then it writes the child's process id, and at the child's end its exit code.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from typing import Any

from aoai_async.batch.jobs import Job
from aoai_async.batch.runner import BatchRunner
from aoai_async.client import AsyncAzureOpenAI
from aoai_async.schema.audio import CreateTranscriptionRequest
from aoai_async.schema.images import ImageGenerationsRequest


def job(number: int, name: str, *, pictures: bool) -> Job:
    if pictures and number % 3 == 2:
        return Job(ImageGenerationsRequest(prompt=name, model="dall-e-3", response_format="b64_json"), id=name)
    return Job(CreateTranscriptionRequest(file=("talk.mp3", b"ID3" * 100), prompt=name, model="whisper"), id=name)


def limit_files(size: int) -> None:
    # Python ignores the signal; left to the system it kills like any other, in the middle of a write.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


async def batch(told: dict[str, Any]) -> None:
    async with AsyncAzureOpenAI(
        azure_endpoint=told["endpoint"], api_key="emulator-key", default_headers={"x-run": told["run"]}
    ) as client:
        runner = BatchRunner(client, max_concurrency=told["at_once"], requests_per_minute=1e6, journal=told["journal"])
        jobs = (job(number, name, pictures=told["pictures"]) for number, name in enumerate(told["names"]))
        async for outcome in runner.run(jobs):
            outcome.unwrap()


def child(told: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    if told["file_size"]:
        limit_files(told["file_size"])
    asyncio.run(batch(told))


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
            return
        os.waitpid(pid, os.WUNTRACED)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
