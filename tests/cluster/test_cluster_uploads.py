"""What a caller sees of uploads that happen on workers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, field
from cluster.cluster_tools import KEY_VARIABLE

from aoai_async import CreateTranscriptionRequest
from aoai_async.batch import DaskBatchRunner, Deployment, Job
from aoai_async.emulator import AzureOpenAIEmulator, Fault

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("default")

Steps = dict[str, list[tuple[int, int]]]

SIZES = {"short": 20_000_000, "long": 24_000_000}
DATA = b"ID3" + bytes(10_000)
PATIENCE = 60.0


@define
class Halting:
    """A service that reads the beginning of each recording, and the rest when it may go on."""

    arrivals: int = 0
    arrived_again: asyncio.Event = field(factory=asyncio.Event)
    may_go_on: asyncio.Event = field(factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer when the whole recording is read."""
        self.arrivals += 1
        if self.arrivals > len(SIZES):
            self.arrived_again.set()
        await request.content.readexactly(1_000_000)
        await self.may_go_on.wait()
        async for _ in request.content.iter_any():
            pass
        return web.json_response({"text": "heard"})

    def server(self) -> TestServer:
        """Return a server that nothing is sent to ahead of its reading but a little."""
        app = web.Application()
        app.router.add_post("/openai/deployments/whisper/audio/transcriptions", self.answer)
        return TestServer(app, socket_factory=small_socket)


def small_socket(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """A socket that takes in little of what nobody reads."""
    small = socket.socket(family)
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    small.bind((host, port))
    return small


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Recordings whose size tells them apart."""
    for name, size in SIZES.items():
        with (tmp_path / f"{name}.mp3").open("wb") as recording:
            recording.write(b"ID3")
            recording.truncate(size)
    return [Job(CreateTranscriptionRequest(file=tmp_path / f"{name}.mp3"), id=name) for name in SIZES]


def whisper_at(server: TestServer) -> Deployment:
    endpoint = str(server.make_url(""))
    return Deployment(model="whisper", azure_endpoint=endpoint, api_key_env=KEY_VARIABLE, requests_per_minute=6000)


def talk() -> list[Job]:
    return [Job(CreateTranscriptionRequest(file=("talk.mp3", DATA)), id="talk")]


async def test_uploads_on_workers_are_seen(dask_client: Any, jobs: list[Job]) -> None:
    """While a recording is on its way its job and its size are told, and more and more bytes, in the end all."""
    service, seen = Halting(), {name: [] for name in SIZES}

    def look(job: Job, sent: int, total: int) -> None:
        seen[str(job.id)].append((sent, total))
        if all(seen.values()):
            service.may_go_on.set()

    async with (
        service.server() as server,
        DaskBatchRunner(dask_client, whisper_at(server), on_upload=look) as runner,
    ):
        with anyio.fail_after(PATIENCE):
            outcomes = await runner.gather(jobs)
        told = sum(map(len, seen.values()))
    assert all(outcome.is_done for outcome in outcomes)
    for name, size in SIZES.items():
        sent = [step for step, _ in seen[name]]
        assert {total for _, total in seen[name]} == {size}
        assert 0 < sent[0] < size, "nothing was told before the recording was sent"
        assert sent[-1] == size
        assert sent == sorted(set(sent))
    assert told == sum(map(len, seen.values())), "something was told after the outcomes"


async def test_the_upload_of_a_killed_worker_is_seen_again(dask_client: Any, jobs: list[Job]) -> None:
    """When a worker is killed in the middle, the upload of who takes over is seen up to its end."""
    service, seen = Halting(), {name: [] for name in SIZES}
    pids = await dask_client.run(os.getpid)
    killed: list[str] = []

    def look(job: Job, sent: int, total: int) -> None:
        seen[str(job.id)].append((sent, total))
        if all(seen.values()) and not killed:
            killed.append(next(seat.worker for seat in runner._pool._agents._seats.values() if seat.busy))
            os.kill(pids[killed[0]], signal.SIGKILL)

    async def let_go_on() -> None:
        await service.arrived_again.wait()
        service.may_go_on.set()

    async with service.server() as server, asyncio.TaskGroup() as tasks:
        tasks.create_task(let_go_on())
        async with DaskBatchRunner(dask_client, whisper_at(server), on_upload=look) as runner:
            with anyio.fail_after(PATIENCE):
                outcomes = await runner.gather(jobs)
    assert [outcome.is_done for outcome in outcomes] == [True, True]
    assert service.arrivals > len(SIZES)
    assert [seen[name][-1] for name in SIZES] == [(size, size) for size in SIZES.values()]


async def test_each_attempt_on_a_worker_is_seen_from_its_beginning(
    dask_client: Any, emulator: AzureOpenAIEmulator
) -> None:
    """An upload that is sent again tells its bytes again, and each step once."""
    whisper = Deployment(model="whisper", azure_endpoint=emulator.endpoint, api_key_env=KEY_VARIABLE)
    emulator.set_faults([Fault(status=503)])
    seen: list[tuple[str | None, int, int]] = []

    def look(job: Job, sent: int, total: int) -> None:
        seen.append((job.id, sent, total))

    async with DaskBatchRunner(dask_client, whisper, on_upload=look) as runner:
        (outcome,) = await runner.gather(talk())
    assert outcome.attempts == 2
    assert seen == [("talk", len(DATA), len(DATA))] * 2


async def test_an_error_of_on_upload_ends_a_run_on_a_cluster(dask_client: Any, emulator: AzureOpenAIEmulator) -> None:
    """What `on_upload` raises is raised as it is, also what Dask would tell of a lost worker; nothing is sent again."""
    whisper = Deployment(model="whisper", azure_endpoint=emulator.endpoint, api_key_env=KEY_VARIABLE)

    def complain(_: Job, __: int, ___: int) -> None:
        raise RuntimeError("mine")

    async with DaskBatchRunner(dask_client, whisper, on_upload=complain) as runner:
        with pytest.raises(RuntimeError, match="mine"):
            await runner.gather(talk())
    assert len(emulator.requests) <= 1
