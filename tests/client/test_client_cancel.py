import asyncio
import errno
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from client.client_tools import (
    DATA,
    PNG,
    HangingReads,
    VirtualClock,
    answer,
    encoded,
    files_are_closed,
    in_pieces,
    open_files,
    picture_of,
    raw_server,
)
from client.conftest import MakeClient

from aoai_async import AsyncAzureOpenAI, AudioFile
from aoai_async.emulator import AzureOpenAIEmulator, Fault, emulator_in_thread
from aoai_async.transport import reading

MOMENTS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 45]


@pytest.fixture
def elsewhere() -> Iterator[AzureOpenAIEmulator]:
    """An emulator in another thread, so that every task of this loop is the client's."""
    with emulator_in_thread() as emulator:
        yield emulator


@pytest.fixture
async def caller(elsewhere: AzureOpenAIEmulator, make_client: MakeClient) -> AsyncAzureOpenAI:
    return make_client(elsewhere.endpoint, azure_deployment="whisper")


@pytest.fixture(params=[True, False], ids=["page cache", "threads"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which a file may be read."""
    if not request.param:
        monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)


async def opened() -> AsyncIterator[bytes]:
    return in_pieces()


SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "stream": lambda _: AudioFile(in_pieces, "talk.mp3", size=len(DATA)),
    "copied stream": lambda _: AudioFile(opened, "talk.mp3"),
    "opened": lambda path: AudioFile(lambda: path.open("rb"), "talk.mp3", size=len(DATA)),
    "copied file": lambda path: AudioFile(lambda: path.open("rb"), "talk.mp3"),
}


async def _cancelled_after(moments: int, call: Any) -> None:
    task = asyncio.ensure_future(call)
    for _ in range(moments):
        await checkpoint()
    task.cancel()
    await asyncio.wait([task])


async def _only(tasks: set[asyncio.Task[Any]]) -> None:
    """Return once no other tasks are left."""
    with anyio.fail_after(10):
        while left := [task for task in asyncio.all_tasks() - tasks if not task.done()]:
            await asyncio.wait(left)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_cancelling_an_upload_at_any_moment(
    caller: AsyncAzureOpenAI, recording: Path, source: Callable[[Path], Any], reader: None
) -> None:
    """An upload that is cancelled, however far it is, leaves no file open and no task running."""
    before, tasks = await open_files(), asyncio.all_tasks()
    for moments in MOMENTS:
        await _cancelled_after(moments, caller.audio.transcriptions.create(file=source(recording)))
    await _only(tasks)
    await files_are_closed(before)
    gc.collect()
    assert (await caller.audio.transcriptions.create(file=source(recording))).text


@pytest.mark.parametrize("piece", [1, 3, 8, 11])
async def test_cancelling_under_way(caller: AsyncAzureOpenAI, recording: Path, piece: int, reader: None) -> None:
    """An upload that is cancelled after some pieces closes its file; nothing arrives whole."""
    before, tasks = await open_files(), asyncio.all_tasks()
    seen = 0

    def watch(*_: int) -> None:
        nonlocal seen
        seen += 1
        if seen == piece:
            task.cancel()

    task = asyncio.ensure_future(caller.audio.transcriptions.create(file=recording, on_progress=watch))
    await asyncio.wait([task])
    await _only(tasks)
    await files_are_closed(before)


async def test_a_cancelled_handle_can_be_used_again(caller: AsyncAzureOpenAI, recording: Path) -> None:
    """A handle whose upload was cancelled belongs to nobody any more."""
    file = await anyio.open_file(recording, "rb")
    async with file:
        for moments in MOMENTS:
            await _cancelled_after(moments, caller.audio.transcriptions.create(file=file))
        assert (await caller.audio.transcriptions.create(file=file)).text


async def test_cancelling_by_a_scope(caller: AsyncAzureOpenAI, recording: Path) -> None:
    """Cancellation by a scope of anyio is the same, and ends where it should."""
    before, tasks = await open_files(), asyncio.all_tasks()
    for moments in MOMENTS:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: caller.audio.transcriptions.create(file=recording))
            for _ in range(moments):
                await checkpoint()
            group.cancel_scope.cancel()
    await _only(tasks)
    await files_are_closed(before)


async def test_cancelling_a_read_from_the_disk(
    caller: AsyncAzureOpenAI, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that hangs in a thread keeps its descriptor until it ends, and then gives it back."""
    if not reading.can_tell_cached_pages():
        pytest.skip("this system does not tell whether a page is in memory")
    real, hanging, proceed = os.preadv, threading.Event(), threading.Event()

    def preadv(descriptor: int, buffers: Any, offset: int, flags: int = 0) -> int:
        if flags:
            raise OSError(errno.EAGAIN, "not in memory")
        hanging.set()
        proceed.wait(30)
        return real(descriptor, buffers, offset)

    before = await open_files()
    monkeypatch.setattr(os, "preadv", preadv)
    task = asyncio.ensure_future(caller.audio.transcriptions.create(file=recording))
    await asyncio.to_thread(hanging.wait)
    task.cancel()
    await asyncio.wait([task])
    assert len(await open_files()) == len(before) + 1
    proceed.set()
    await files_are_closed(before)


async def test_cancelling_a_file_that_is_read_in_threads(
    caller: AsyncAzureOpenAI, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is closed when its last read has ended, not under it."""
    monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)
    reads = HangingReads()
    monkeypatch.setattr(reading, "open", reads.open, raising=False)
    task = asyncio.ensure_future(caller.audio.transcriptions.create(file=recording))
    await reads.begun()
    task.cancel()
    await reads.proceed()
    await asyncio.wait([task])
    assert task.cancelled()
    assert reads.happened == ["read", "close"]


async def test_cancelling_an_opening(caller: AsyncAzureOpenAI, recording: Path) -> None:
    """What a function opens after its call was cancelled is closed."""
    begun, proceed = threading.Event(), threading.Event()

    def opener() -> Any:
        begun.set()
        proceed.wait(30)
        return recording.open("rb")

    before = await open_files()
    for size in (None, len(DATA)):
        task = asyncio.ensure_future(caller.audio.transcriptions.create(file=AudioFile(opener, "a.mp3", size=size)))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.wait([task])
        proceed.set()
        await files_are_closed(before)
        begun.clear()
        proceed.clear()
    gc.collect()


@pytest.mark.parametrize("way", ["url", "b64_json"])
async def test_cancelling_a_save_at_any_moment(caller: AsyncAzureOpenAI, tmp_path: Path, way: str) -> None:
    """Saving a picture that is cancelled, however far it is, leaves a whole file or none."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(body=PNG))

    async with raw_server(serve) as url:
        picture = picture_of(caller, **({"url": url} if way == "url" else {"b64_json": encoded(PNG)}))
        before = await open_files()
        for moments in MOMENTS:
            await _cancelled_after(moments, picture.save(tmp_path / f"{moments}.png"))
    await files_are_closed(before)
    await _settled(tmp_path)
    for path in await asyncio.to_thread(lambda: list(tmp_path.iterdir())):
        assert await asyncio.to_thread(path.read_bytes) == PNG


async def _settled(folder: Path) -> None:
    with anyio.fail_after(10):
        while any(name.endswith(".part") for name in await asyncio.to_thread(os.listdir, folder)):
            await checkpoint()


async def test_cancelling_while_waiting_for_a_retry(
    elsewhere: AzureOpenAIEmulator, make_client: MakeClient, recording: Path
) -> None:
    """A call that waits for its next attempt can be cancelled; its file is closed meanwhile."""
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.Event().wait()

    before = await open_files()
    elsewhere.set_faults([Fault(status=503)])
    client = make_client(elsewhere.endpoint, clock=VirtualClock(before_waking=wait))
    task = asyncio.ensure_future(client.audio.transcriptions.create(model="whisper", file=recording))
    await waiting.wait()
    assert await open_files() == before
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
