"""Batches on a real Dask cluster: two worker processes on this machine, one of which is killed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cluster.cluster_tools import KEY, KEY_VARIABLE, pictures

from aoai_async import ConfigurationError, CreateTranscriptionRequest, InvalidInputError
from aoai_async.batch.cluster import DaskBatchRunner
from aoai_async.batch.pool import Deployment
from aoai_async.emulator import AzureOpenAIEmulator, Fault

if TYPE_CHECKING:
    from pathlib import Path

# Dask's own shutdown leaves warnings behind; what is ours is looked at in each test.
pytestmark = pytest.mark.filterwarnings("default")


async def test_requests_take_no_threads_place(dask_client: Any) -> None:
    """Twenty requests are out at once over two threads: a service that answers only when all are there, answers.

    The first one is answered alone, and told that there is room for many.
    """
    arrived: list[str] = []
    all_are_here = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        arrived.append((await request.json())["prompt"])
        if len(arrived) == 21:
            all_are_here.set()
        if len(arrived) > 1:
            await all_are_here.wait()
        return web.json_response({"created": 1, "data": []}, headers={"x-ratelimit-remaining-requests": "1000"})

    app = web.Application()
    app.router.add_post("/openai/deployments/dall-e-3/images/generations", answer)
    async with TestServer(app) as server:
        endpoint = str(server.make_url(""))
        deployment = Deployment(model="dall-e-3", azure_endpoint=endpoint, api_key_env=KEY_VARIABLE)
        async with DaskBatchRunner(dask_client, deployment, max_concurrency=20) as runner:
            with anyio.fail_after(60):
                outcomes = await runner.gather(pictures(21))
    assert all(outcome.is_done for outcome in outcomes)
    assert sorted(arrived) == sorted(job.prompt for job in pictures(21))


async def test_outcomes_are_those_of_any_runner(
    dask_client: Any, emulator: AzureOpenAIEmulator, deployment: Deployment, tmp_path: Path
) -> None:
    """Outcomes come in the order of their jobs, and their pictures can be saved from here."""
    async with DaskBatchRunner(dask_client, deployment) as runner:
        outcomes = await runner.gather(pictures(5))
        assert [outcome.result.data[0].revised_prompt for outcome in outcomes] == [job.prompt for job in pictures(5)]
        saved = await outcomes[0].result.data[0].save(tmp_path / "first")
    assert saved.read_bytes().startswith(b"\x89PNG")


async def test_a_killed_worker_loses_nothing(
    dask_client: Any, emulator: AzureOpenAIEmulator, deployment: Deployment, tmp_path: Path
) -> None:
    """When a worker is killed, its jobs are done by others; every job has one outcome, also in the journal."""
    emulator.set_faults([Fault(delay=0.05)] * 60)
    pids = await dask_client.run(os.getpid)
    journal = tmp_path / "night.jsonl"
    async with DaskBatchRunner(dask_client, deployment, max_concurrency=8, journal=journal) as runner:
        outcomes = []
        async for outcome in runner.run(pictures(60)):
            outcomes.append(outcome)
            if len(outcomes) == 10:
                os.kill(next(iter(pids.values())), signal.SIGKILL)
    assert all(outcome.is_done for outcome in outcomes), [outcome.error for outcome in outcomes]
    assert sorted(outcome.index for outcome in outcomes) == list(range(60))
    assert journal.read_text().count("\n") == 60
    prompts = Counter(request.json["prompt"] for request in emulator.requests if request.json is not None)
    assert set(prompts) == {job.prompt for job in pictures(60)}
    assert sum(prompts.values()) <= 60 + 8  # at most those in flight on the dead worker were sent again


async def test_recordings_are_read_where_the_worker_is(
    dask_client: Any, emulator: AzureOpenAIEmulator, tmp_path: Path
) -> None:
    """A path is read by the worker, bytes travel, a path the worker cannot see says so, a stream is refused."""
    recording = tmp_path / "talk.mp3"
    recording.write_bytes(b"ID3" + bytes(100_000))
    whisper = Deployment(model="whisper", azure_endpoint=emulator.endpoint, api_key_env=KEY_VARIABLE)
    with recording.open("rb") as stream:
        jobs = [
            CreateTranscriptionRequest(file=str(recording)),
            CreateTranscriptionRequest(file=("talk.mp3", b"ID3 bytes")),
            CreateTranscriptionRequest(file=str(tmp_path / "elsewhere.mp3")),
            CreateTranscriptionRequest(file=stream),
        ]
        async with DaskBatchRunner(dask_client, whisper) as runner:
            by_path, by_bytes, elsewhere, streamed = await runner.gather(jobs)
    assert by_path.is_done
    assert by_bytes.is_done
    sums = {request.parts[0].sha256 for request in emulator.requests}
    assert sums == {hashlib.sha256(content).hexdigest() for content in (recording.read_bytes(), b"ID3 bytes")}
    assert isinstance(elsewhere.error, InvalidInputError)
    assert "On the worker" in str(elsewhere.error)
    assert isinstance(streamed.error, InvalidInputError)


async def test_no_key_travels(dask_client: Any, emulator: AzureOpenAIEmulator, deployment: Deployment) -> None:
    """The key stands neither in the scheduler's tasks nor in any log, and a key given outright is refused."""
    async with DaskBatchRunner(dask_client, deployment) as runner:
        await runner.gather(pictures(3))
        tasks = repr([vars(task) if hasattr(task, "__dict__") else task for task in scheduler_tasks(dask_client)])
        logs = repr(await dask_client.get_worker_logs()) + repr(await dask_client.get_scheduler_logs())
    assert KEY not in tasks
    assert KEY not in logs
    outright = Deployment(model="dall-e-3", azure_endpoint=emulator.endpoint, api_key=KEY)
    with pytest.raises(ConfigurationError, match="api_key_env"):
        DaskBatchRunner(dask_client, outright)


def scheduler_tasks(dask_client: Any) -> list[Any]:
    scheduler = dask_client.cluster.scheduler
    return [
        (task.key, task.run_spec, getattr(task, "annotations", None), task.exception_text)
        for task in scheduler.tasks.values()
    ]


async def test_a_key_that_is_not_set_on_the_workers(dask_client: Any, emulator: AzureOpenAIEmulator) -> None:
    """A variable that the workers do not have is a failure that names it."""
    deployment = Deployment(model="dall-e-3", azure_endpoint=emulator.endpoint, api_key_env="KEY_OF_NOBODY")
    async with DaskBatchRunner(dask_client, deployment) as runner:
        (outcome,) = await runner.gather(pictures(1))
    assert isinstance(outcome.error, ConfigurationError)
    assert "KEY_OF_NOBODY" in str(outcome.error)
