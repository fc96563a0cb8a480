import asyncio
import errno
import io
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiofiles
import anyio
import pytest
from anyio.lowlevel import checkpoint
from client.client_tools import (
    DATA,
    HangingReads,
    RawRequest,
    VirtualClock,
    answer,
    arrived_whole,
    files_are_closed,
    in_pieces,
    open_files,
    raw_server,
    read_request,
)
from client.conftest import MakeClient

from aoai_async import AsyncAzureOpenAI, AudioFile, InvalidInputError, Limits, UploadSourceError
from aoai_async.emulator import AzureOpenAIEmulator, Fault
from aoai_async.transport import reading

NAME = "talk.mp3"


async def upload(client: AsyncAzureOpenAI, file: Any, **options: Any) -> Any:
    return (await client.audio.transcriptions.create(model="whisper", file=file, **options)).text


@pytest.fixture
def text_file(recording: Path) -> Iterator[Any]:
    with recording.open() as file:
        yield file


@pytest.fixture
def written_text_file(tmp_path: Path) -> Iterator[Any]:
    with tempfile.NamedTemporaryFile("w+", suffix=".mp3") as file:
        file.write("words")
        yield file


@pytest.fixture
def closed_file(recording: Path) -> Any:
    with recording.open("rb") as file:
        return file


@pytest.fixture
def closed_raw_file(recording: Path) -> Any:
    with recording.open("rb", buffering=0) as file:
        return file


@pytest.fixture
def closed_stream() -> Any:
    stream = io.BytesIO(DATA)
    stream.close()
    return NAME, stream


@pytest.fixture
def closed_spooled_file() -> Any:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(DATA)
    return NAME, file


@pytest.fixture
def empty_file(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.touch()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder.mp3"
    path.mkdir()
    return path


@pytest.fixture
def named_pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.mp3"
    os.mkfifo(path)
    return path


@pytest.fixture
def circular_link(tmp_path: Path) -> Path:
    path = tmp_path / "link.mp3"
    path.symlink_to(path)
    return path


@pytest.fixture(
    params=[
        ("text_file", "mode 'rb'"),
        ("written_text_file", "mode 'rb'"),
        ("closed_file", "keep it open"),
        ("closed_raw_file", "keep it open"),
        ("closed_stream", "closed"),
        ("closed_spooled_file", "closed"),
        ("empty_file", "is empty"),
        ("folder", "is a folder"),
        ("named_pipe", "pass the handle"),
        ("circular_link", "symbolic links"),
    ],
    ids=lambda param: param[0],
)
def bad_file(request: pytest.FixtureRequest) -> tuple[Any, str]:
    """A file that cannot be sent, and what the refusal says."""
    name, message = request.param
    return request.getfixturevalue(name), message


async def refused(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, file: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        await upload(client, file)
    assert (caught.value.field, caught.value.attempts) == ("file", 0)
    assert emulator.requests == []


async def test_bad_files_are_refused(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, bad_file: tuple[Any, str]
) -> None:
    """A file that cannot be sent is refused before anything is sent, and the message says what to do."""
    await refused(client, emulator, *bad_file)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("nowhere/talk.mp3", "looked up from '.*'"),
        ("talk\x00.mp3", "cannot be read"),
        ("talk.opus", r"file=\('talk.ogg'"),
        ("talk.txt", "flac, m4a, mp3"),
        ("talk", "flac, m4a, mp3"),
        (".mp3", "flac, m4a, mp3"),
        ((NAME, b""), "is empty"),
        (b"", "name them"),
        (b"no recording", "name them"),
        (("talk.opus", b"x"), r"talk\.ogg"),
        (5, "has no name"),
        ((NAME, 5), "does not take a int"),
        ((NAME, None), "does not take a NoneType"),
        ((NAME, [b"x"]), "does not take a list"),
        ((NAME,), "tuple only as"),
        ((NAME, b"x", None, {}), "tuple only as"),
        ((5, b"x"), "give a str"),
        ((NAME, b"x", 5), "give a str"),
        ((NAME, memoryview(b"abcd")[::2]), "cannot be read"),
        (lambda: in_pieces(), r"AudioFile\(content, filename="),
        (asyncio.Event(), r"AudioFile\(content, filename="),
        ((NAME, io.StringIO("x")), "mode 'rb'"),
    ],
    ids=str,
)
async def test_bad_values_are_refused(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, file: Any, message: str
) -> None:
    """What is no recording, or has no usable name, is refused before anything is sent."""
    await refused(client, emulator, file, message)


async def test_a_nameless_stream_is_refused(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream without a name is refused, and the message says how to give one."""
    await refused(client, emulator, in_pieces(), r"AudioFile\(content, filename=")
    await refused(client, emulator, asyncio.StreamReader(), "has no name")


async def test_text_of_aiofiles_and_anyio(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path
) -> None:
    """Async handles opened as text are refused like the others."""
    async with aiofiles.open(recording) as file:
        await refused(client, emulator, file, "mode 'rb'")
    async with await anyio.open_file(recording) as wrapped:
        await refused(client, emulator, wrapped, "mode 'rb'")


async def test_closed_aiofiles_handle(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path) -> None:
    """A closed async handle is refused."""
    async with aiofiles.open(recording, "rb") as file:
        pass
    await refused(client, emulator, file, "closed")


async def test_text_from_a_stream(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream of unknown length that gives text is refused before anything is sent."""

    async def words() -> AsyncIterator[Any]:
        yield "words"

    await refused(client, emulator, (NAME, words()), "mode 'rb'")


@pytest.mark.parametrize("kind", ["path", "bytes", "stream", "generator"])
async def test_too_large_is_refused(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, kind: str
) -> None:
    """A request over the limit, framing included, is refused before anything is sent, whatever its source is."""
    files: dict[str, Any] = {
        "path": recording,
        "bytes": (NAME, DATA),
        "stream": AudioFile(in_pieces(), NAME, size=len(DATA)),
        "generator": (NAME, in_pieces()),
    }
    await refused(client.with_options(limits=Limits(upload=len(DATA))), emulator, files[kind], "too large|more than")


async def test_an_endless_stream_is_refused(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream without end is copied up to the limit only; it stays its owner's to close."""

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield bytes(100_000)

    before = await open_files()
    async with aclosing(endless()) as stream:
        small = client.with_options(limits=Limits(upload=10**6))
        await refused(small, emulator, (NAME, stream), "more than 1,000,000")
        assert await anext(stream)
    await files_are_closed(before)


CHANGES: dict[str, Callable[[Path], None]] = {
    "grows": lambda path: os.truncate(path, len(DATA) + 10),
    "shrinks": lambda path: os.truncate(path, 300_000),
    "is emptied": lambda path: os.truncate(path, 0),
    "is touched": lambda path: os.utime(path),
}


@pytest.fixture(params=[True, False], ids=["page cache", "threads"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which a file may be read."""
    if not request.param:
        monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)


@pytest.mark.parametrize("moment", [1, len(DATA)])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_file_that_changes(
    make_client: MakeClient, recording: Path, change: Callable[[Path], None], moment: int, reader: None
) -> None:
    """A file that changes while it is sent ends the call, and no complete body reaches the service."""
    requests: list[RawRequest] = []
    changed: list[bool] = []

    def watch(sent: int, _: int) -> None:
        if sent >= moment and not changed:
            changed.append(True)
            change(recording)

    async with raw_server(_collector(requests)) as endpoint:
        with anyio.fail_after(10), pytest.raises(UploadSourceError) as caught:
            await upload(make_client(endpoint), recording, on_progress=watch)
        assert caught.value.attempts == 1
        await _served(requests)
    assert len(requests[0].body) < requests[0].declared


def _collector(requests: list[RawRequest]) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(answer())

    return serve


async def _served(requests: list[RawRequest]) -> None:
    with anyio.fail_after(10):
        while not requests:
            await checkpoint()


async def test_a_file_that_changes_between_attempts(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path
) -> None:
    """Each attempt sends the file that was looked at when the call began, or none."""
    emulator.set_faults([Fault(status=500)])
    other = client.with_options(on_attempt=lambda _: os.utime(recording))
    with pytest.raises(UploadSourceError, match="was changed"):
        await upload(other, recording)


async def test_a_file_that_vanishes_between_attempts(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, clock: VirtualClock
) -> None:
    """A file that is no longer where it was ends the call and says so."""
    emulator.set_faults([Fault(status=500)])
    clock.before_waking = lambda: asyncio.to_thread(os.rename, recording, f"{recording}.old")
    with pytest.raises(UploadSourceError, match="no longer be opened"):
        await upload(client, recording)


@pytest.mark.parametrize("is_handle", [True, False], ids=["handle", "file in threads"])
async def test_an_attempt_ends_with_its_last_read(
    make_client: MakeClient, recording: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, is_handle: bool
) -> None:
    """A read in a thread cannot be stopped: the next attempt, of whose bytes it would take some, comes after it."""
    reads, requests = HangingReads(), list[RawRequest]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads.happened:
            requests.append(await read_request(reader))
            writer.write(answer())
        else:
            await reads.begun()
            writer.transport.abort()
            await reads.proceed()

    async def next_attempt() -> None:
        reads.happened.append("next attempt")

    clock.before_waking = next_attempt
    monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)
    monkeypatch.setattr(reading, "open", reads.open, raising=False)
    with reads.open(recording) as slow, recording.open("rb") as file:
        handle = SimpleNamespace(read=slow.read, seek=slow.seek, tell=slow.tell, name=NAME)
        async with raw_server(serve) as endpoint:
            with anyio.fail_after(20):
                await upload(make_client(endpoint), handle if is_handle else file)
    notes = [note for note in reads.happened if note != "close"]
    assert notes[:2] == ["read", "next attempt"]
    assert DATA in requests[0].body


@pytest.mark.parametrize("told", [len(DATA) - 1, len(DATA) + 1, 1, 10 * len(DATA)])
@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_stream_of_another_length(make_client: MakeClient, told: int, repeatable: bool) -> None:
    """A stream with fewer or more bytes than told ends the call, and no complete body reaches the service."""
    requests: list[RawRequest] = []
    async with raw_server(_collector(requests)) as endpoint:
        with anyio.fail_after(10), pytest.raises(UploadSourceError, match="bytes"):
            await upload(make_client(endpoint), AudioFile(in_pieces if repeatable else in_pieces(), NAME, size=told))
        await _served(requests)
    assert len(requests[0].body) < requests[0].declared


async def test_a_stream_cut_short_under_way(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A handle whose file is shortened while it is read ends the call."""
    stream = io.BytesIO(DATA)

    class Handle:
        name = NAME

        def read(self, size: int = -1) -> bytes:
            return stream.read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return stream.seek(offset, whence)

        def tell(self) -> int:
            return stream.tell()

    with anyio.fail_after(10), pytest.raises(UploadSourceError, match="ended after"):
        await upload(client, Handle(), on_progress=lambda *_: stream.truncate(300_000))
    assert not any(request.status == 200 for request in emulator.requests)


@pytest.fixture
def handles(recording: Path) -> Iterator[list[Any]]:
    with recording.open("rb") as plain, tempfile.SpooledTemporaryFile() as spooled:
        spooled.write(DATA)
        yield [plain, (NAME, spooled)]


async def test_a_handle_in_two_uploads(make_client: MakeClient, handles: list[Any]) -> None:
    """A handle serves one upload at a time: the second is told so, the first is not disturbed."""
    arrived, proceed = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert DATA in (await read_request(reader)).body
        arrived.set()
        await proceed.wait()
        writer.write(answer())

    async with raw_server(serve) as endpoint:
        client = make_client(endpoint)
        for file in handles:
            arrived.clear()
            proceed.clear()
            first = asyncio.create_task(upload(client, file))
            await arrived.wait()
            with pytest.raises(UploadSourceError, match="open it once for each"):
                await upload(client.with_options(max_retries=1), file)
            proceed.set()
            assert await first == "good"
            assert await upload(client, file) == "good"


async def test_a_stream_sent_twice(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream that was sent has no more bytes for another call: that is an error, not an empty upload."""
    stream = in_pieces()
    await upload(client, AudioFile(stream, NAME, size=len(DATA)))
    with pytest.raises(UploadSourceError):
        await upload(client, AudioFile(stream, NAME, size=len(DATA)))
    with pytest.raises(InvalidInputError, match="empty"):
        await upload(client, (NAME, stream))
    assert [request.status for request in emulator.requests if request.status == 200] == [200]


async def test_a_stream_that_does_not_wait(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, idle_pipe: Any
) -> None:
    """A non-blocking handle without bytes is not taken for one at its end."""
    with pytest.raises(UploadSourceError, match="blocking"):
        await upload(client, (NAME, idle_pipe))
    assert emulator.requests == []


@pytest.fixture
def idle_pipe() -> Iterator[Any]:
    """The end of a non-blocking pipe that has given some bytes and has no more yet."""
    source, sink = os.pipe()
    os.set_blocking(source, False)
    with open(source, "rb", buffering=0) as reader, open(sink, "wb", buffering=0) as writer:
        writer.write(b"ID3")
        yield reader


@pytest.mark.parametrize("size", [None, 100])
async def test_what_a_broken_stream_raises(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, size: int | None
) -> None:
    """Whatever a stream raises is an error of the source, with its cause."""

    class Broken:
        async def read(self, _: int = -1) -> bytes:
            raise ZeroDivisionError("odd")

    def unwilling() -> Any:
        raise ZeroDivisionError("odd")

    def strange() -> Any:
        return [b"x"]

    for content in (Broken(), unwilling, strange):
        with pytest.raises(UploadSourceError, match="cannot be read") as caught:
            await upload(client, AudioFile(content, NAME, size=size))
        assert caught.value.__cause__
    assert not any(request.status == 200 for request in emulator.requests)


async def test_no_room_for_a_copy(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, small_disk: None) -> None:
    """A stream that does not fit on the disk is an error that says so; part of it is never sent."""
    before = await open_files()
    for data, size in ((DATA, 50_000), (DATA, len(DATA)), (DATA[:200_001], 4_000)):
        with pytest.raises(UploadSourceError, match="temporary file"):
            await upload(client, (NAME, in_pieces(data, size)))
    assert emulator.requests == []
    await files_are_closed(before)


async def test_no_place_for_a_copy(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder for temporary files, the error says what to do."""
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(UploadSourceError, match="size="):
        await upload(client, (NAME, in_pieces()))
    assert emulator.requests == []


async def test_a_copy_is_not_needed_for_a_told_length(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream whose length is told goes straight through, without a temporary file."""
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    await upload(client, AudioFile(in_pieces(), NAME, size=len(DATA)))
    assert arrived_whole(emulator.requests[0])


@pytest.mark.skipif(not reading.can_tell_cached_pages(), reason="this system does not tell whether a page is in memory")
async def test_a_disk_that_fails(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the disk does not give out ends the call with the disk's reason, and is closed."""

    def preadv(*_: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = await open_files()
    monkeypatch.setattr(os, "preadv", preadv)
    with pytest.raises(UploadSourceError, match="Input/output error"):
        await upload(client, recording)
    await files_are_closed(before)
    assert not any(request.status == 200 for request in emulator.requests)
