import asyncio
import errno
import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiofiles
import aiohttp
import anyio
import attrs
import pytest
from aiohttp import web
from client.client_tools import (
    DATA,
    arrived_whole,
    files_are_closed,
    in_pieces,
    open_files,
    raw_server,
    read_request,
)
from client.client_tools import answer as raw_answer
from client.conftest import MakeClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aoai_async import AsyncAzureOpenAI, AudioFile, Limits, RequestTooLargeError
from aoai_async.emulator import AzureOpenAIEmulator, Fault
from aoai_async.transport import reading

NAME = "talk.mp3"


async def upload(client: AsyncAzureOpenAI, file: Any, **options: Any) -> None:
    await client.audio.transcriptions.create(file=file, **options)


@pytest.fixture
def spooled_file() -> Iterator[Any]:
    with tempfile.SpooledTemporaryFile(max_size=len(DATA) * 2) as file:
        file.write(DATA)
        yield file


@pytest.fixture
def rolled_file() -> Iterator[Any]:
    with tempfile.SpooledTemporaryFile(max_size=1000) as file:
        file.write(DATA)
        yield file


@pytest.fixture
def named_file() -> Iterator[Any]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(DATA)
        file.flush()
        yield file


@pytest.fixture
def buffered_file(recording: Path) -> Iterator[Any]:
    with recording.open("rb") as file:
        file.read(1234)
        yield file


@pytest.fixture
def raw_file(recording: Path) -> Iterator[Any]:
    with recording.open("rb", buffering=0) as file:
        file.seek(77)
        yield file


@pytest.fixture
def random_access_file(recording: Path) -> Iterator[Any]:
    with recording.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        yield file


@pytest.fixture
def gzip_file(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "talk.wav.gz").write_bytes(gzip.compress(DATA, compresslevel=1))
    with gzip.open(tmp_path / "talk.wav.gz") as file:
        yield file


@pytest.fixture
def zip_member(tmp_path: Path) -> Iterator[Any]:
    with zipfile.ZipFile(tmp_path / "talks.zip", "w") as archive:
        archive.writestr("inner/talk.ogg", DATA)
    with zipfile.ZipFile(tmp_path / "talks.zip") as archive, archive.open("inner/talk.ogg") as member:
        yield member


@pytest.fixture
def pipe() -> Iterator[Any]:
    source, sink = os.pipe()
    with open(source, "rb", buffering=0) as reader, open(sink, "wb", buffering=0) as writer:
        writer.write(DATA[:50_000])
        writer.close()
        yield reader


IN_MEMORY = {
    "bytes": (NAME, DATA),
    "bytearray": (NAME, bytearray(DATA)),
    "memoryview": (NAME, memoryview(DATA)),
    "view of numbers": (NAME, memoryview(DATA[1:]).cast("I")),
    "AudioFile": AudioFile(DATA, NAME),
    "tuple of three": (NAME, DATA, "audio/mpeg"),
}


@pytest.mark.parametrize("file", IN_MEMORY.values(), ids=IN_MEMORY)
async def test_bytes_of_all_kinds(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, file: Any) -> None:
    """Bytes in memory arrive byte for byte."""
    await upload(client, file)
    content = file.content if isinstance(file, AudioFile) else file[1]
    assert arrived_whole(emulator.requests[0], bytes(content))


async def test_a_bytes_stream(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A BytesIO is sent from its beginning, wherever it stands, and stays as it is."""
    stream = io.BytesIO(DATA)
    stream.seek(99)
    await upload(client, (NAME, stream))
    assert arrived_whole(emulator.requests[0])
    assert stream.tell() == 99
    assert not stream.closed


@pytest.mark.parametrize(
    ("beginning", "name"),
    [(b"ID3\x04", "audio.mp3"), (b"fLaC", "audio.flac"), (b"OggS", "audio.ogg"), (b"RIFF1234WAVE", "audio.wav")],
)
async def test_nameless_bytes_are_named_by_what_they_are(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, beginning: bytes, name: str
) -> None:
    """Bytes without a name get one by their first bytes."""
    await upload(client, beginning + DATA)
    await upload(client, io.BytesIO(beginning))
    assert [request.part("file").filename for request in emulator.requests] == [name, name]
    assert arrived_whole(emulator.requests[0], beginning + DATA)


@pytest.mark.parametrize("kind", [str, Path, lambda path: (None, path), lambda path: ("other.wav", path)])
async def test_paths(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, kind: Any) -> None:
    """A path as text or as an object is opened, sent and closed; its own name goes along unless another is given."""
    file, before = kind(str(recording)), await open_files()
    await upload(client, file)
    assert arrived_whole(emulator.requests[0])
    named = isinstance(file, tuple) and file[0]
    assert emulator.requests[0].part("file").filename == (named or NAME)
    await files_are_closed(before)


NAMED = ("buffered_file", "raw_file", "random_access_file", "named_file", "zip_member")
NAMELESS = ("spooled_file", "rolled_file", "gzip_file")


@pytest.fixture(params=[*NAMED, *NAMELESS])
def opened_file(request: pytest.FixtureRequest) -> Any:
    """A handle, or a handle with a name where its own does not do."""
    file = request.getfixturevalue(request.param)
    return file if request.param in NAMED else (NAME, file)


@pytest.fixture(params=["recording", "buffered_file"])
def file_on_disk(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


async def test_open_files(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, opened_file: Any) -> None:
    """An open binary file is sent from its first byte, twice if need be, and stays open."""
    emulator.set_faults([Fault(status=500)])
    await upload(client, opened_file)
    assert [arrived_whole(request) for request in emulator.requests] == [True, True]
    assert not (opened_file[1] if isinstance(opened_file, tuple) else opened_file).closed


async def test_a_pipe(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, pipe: Any) -> None:
    """A handle that cannot be rewound is copied first, and then can be sent again."""
    emulator.set_faults([Fault(status=500)])
    await upload(client, (NAME, pipe))
    assert [arrived_whole(request, DATA[:50_000]) for request in emulator.requests] == [True, True]


async def test_the_position_of_a_handle_is_left_alone(client: AsyncAzureOpenAI, buffered_file: Any) -> None:
    """A file is read beside its handle, whose position does not move."""
    await upload(client, buffered_file)
    assert buffered_file.tell() == 1234


async def test_aiofiles_handle(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path) -> None:
    """An aiofiles handle is sent from its beginning, again after a failure, and stays open."""
    emulator.set_faults([Fault(status=500)])
    async with aiofiles.open(recording, "rb") as file:
        await file.seek(5)
        await upload(client, file)
        assert not file.closed
    assert [arrived_whole(request) for request in emulator.requests] == [True, True]


async def test_anyio_file(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path) -> None:
    """So is anyio's AsyncFile."""
    emulator.set_faults([Fault(status=500)])
    async with await anyio.open_file(recording, "rb") as file:
        await file.seek(5)
        await upload(client, file)
        assert not file.wrapped.closed
    assert [arrived_whole(request) for request in emulator.requests] == [True, True]


@attrs.define
class Upload:
    """An upload as a web framework hands it to a handler."""

    content: bytes
    filename: str = NAME
    _position: int = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.content)

    async def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        start, self._position = self._position, self._position + size
        return self.content[start : self._position]

    async def seek(self, offset: int) -> None:
        """Go to a byte."""
        self._position = offset


async def test_an_upload_of_a_framework(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """An object with async read and seek, filename and size is sent as it is, and again after a failure."""
    emulator.set_faults([Fault(status=500)])
    await upload(client, Upload(DATA, position=400))
    assert [arrived_whole(request) for request in emulator.requests] == [True, True]
    assert emulator.requests[0].part("file").filename == NAME


async def test_async_generator(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream of unknown length is copied first: it goes out with its exact length, again after a failure."""
    emulator.set_faults([Fault(status=500)])
    before = await open_files()
    await upload(client, (NAME, in_pieces()))
    assert [arrived_whole(request) for request in emulator.requests] == [True, True]
    await files_are_closed(before)


@pytest.mark.parametrize("size", [None, len(DATA)])
async def test_asyncio_stream_reader(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, size: int | None) -> None:
    """An asyncio.StreamReader is sent, with and without a length told."""
    stream = asyncio.StreamReader()
    stream.feed_data(DATA)
    stream.feed_eof()
    await upload(client, AudioFile(stream, NAME, size=size))
    assert arrived_whole(emulator.requests[0])


@pytest.mark.parametrize("told", [True, False])
async def test_a_request_is_passed_on(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, told: bool) -> None:
    """A web handler passes the body it receives on as it arrives, with the length its own request told."""

    async def forward(request: web.Request) -> web.Response:
        file = AudioFile(request.content, NAME, size=request.content_length if told else None)
        heard = await client.audio.transcriptions.create(file=file)
        return web.Response(text=heard.text)

    app = web.Application(client_max_size=2**30)
    app.router.add_post("/", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(DATA)) as answered:
            assert "kettle" in await answered.text()
    finally:
        await runner.cleanup()
    assert arrived_whole(emulator.requests[0])


@pytest.mark.parametrize("size", [None, len(DATA)])
@pytest.mark.parametrize("way", ["path", "aiofiles", "anyio", "generator", "coroutine"])
async def test_functions_that_open(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, way: str, size: int | None
) -> None:
    """A function that opens a stream, sync or async, makes it repeatable; what it opens is closed."""

    async def opened() -> AsyncIterator[bytes]:
        return in_pieces()

    openers: dict[str, Any] = {
        "path": lambda: recording.open("rb"),
        "aiofiles": lambda: aiofiles.open(recording, "rb"),
        "anyio": lambda: anyio.open_file(recording, "rb"),
        "generator": in_pieces,
        "coroutine": opened,
    }
    before = await open_files()
    emulator.set_faults([Fault(status=500), Fault(cut_after_read=70_000)])
    await upload(client, AudioFile(openers[way], NAME, size=size))
    assert arrived_whole(emulator.requests[0])
    assert arrived_whole(emulator.requests[2])
    await files_are_closed(before)


@pytest.mark.parametrize("size", [1, 3_000, 262_145, len(DATA)])
async def test_pieces_of_any_size(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, size: int) -> None:
    """A stream may give its bytes in pieces far smaller or larger than what is written at once."""
    data = DATA[: size * 200]
    await upload(client, AudioFile(in_pieces(data, size), NAME, size=len(data)))
    assert arrived_whole(emulator.requests[0], data)


async def test_many_uploads_of_one_path(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path
) -> None:
    """64 uploads of one path at once are independent of each other."""
    async with anyio.create_task_group() as group:
        for _ in range(64):
            group.start_soon(upload, client, recording)
    assert [arrived_whole(request) for request in emulator.requests] == [True] * 64


@pytest.mark.parametrize("kind", ["path", "bytes", "stream"])
async def test_progress(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, kind: str) -> None:
    """`on_progress` counts the recording's bytes up to all of them, anew at each attempt."""
    files: dict[str, Any] = {"path": recording, "bytes": (NAME, DATA), "stream": (NAME, in_pieces())}
    seen: list[tuple[int, int]] = []
    emulator.set_faults([Fault(status=500)])
    await upload(client, files[kind], on_progress=lambda sent, total: seen.append((sent, total)))
    assert {total for _, total in seen} == {len(DATA)}
    middle = [sent for sent, _ in seen].index(len(DATA)) + 1
    for attempt in (seen[:middle], seen[middle:]):
        sent = [count for count, _ in attempt]
        assert sent == sorted(set(sent))
        assert sent[-1] == len(DATA)
        assert len(sent) > 2


@pytest.fixture(params=["page cache", "threads", "not in memory", "now and then"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way in which a file may be read."""
    way: str = request.param
    if way == "threads":
        monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)
    elif not reading.can_tell_cached_pages():
        pytest.skip("this system does not tell whether a page is in memory")
    elif way != "page cache":
        real, calls = os.preadv, iter(range(1_000_000))

        def preadv(descriptor: int, buffers: Any, offset: int, flags: int = 0) -> int:
            if flags and (way == "not in memory" or next(calls) % 3 == 0):
                raise OSError(errno.EAGAIN, "not in memory")
            return real(descriptor, buffers, offset, flags)

        monkeypatch.setattr(os, "preadv", preadv)
    return way


async def test_every_reader(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, file_on_disk: Any, reader: str
) -> None:
    """However a file must be read, it arrives whole, again after a failure, and nothing stays open."""
    before = await open_files()
    emulator.set_faults([Fault(status=500), Fault(cut_after_read=200_000)])
    await upload(client, file_on_disk)
    assert arrived_whole(emulator.requests[0])
    assert arrived_whole(emulator.requests[2])
    await files_are_closed(before)


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 262_144, 262_145])
async def test_sizes_about_a_piece(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, tmp_path: Path, size: int, reader: str
) -> None:
    """A file as long as a piece, a byte more or less, arrives whole."""
    data = (DATA * 2)[:size]
    path = tmp_path / NAME
    await asyncio.to_thread(path.write_bytes, data)
    await upload(client, path)
    assert arrived_whole(emulator.requests[0], data)


async def test_a_file_evicted_from_memory(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path
) -> None:
    """A file that lies on the disk only arrives just the same."""
    if not hasattr(os, "posix_fadvise"):
        pytest.skip("this system cannot be told to forget a file")
    descriptor = os.open(recording, os.O_RDONLY)
    try:
        await asyncio.to_thread(os.fsync, descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        await upload(client, recording)
    finally:
        os.close(descriptor)
    assert arrived_whole(emulator.requests[0])


async def test_exactly_the_limit(make_client: MakeClient, emulator: AzureOpenAIEmulator) -> None:
    """A whole request of exactly 26,214,400 bytes is sent and taken; one byte more is refused here."""
    client = make_client(emulator.endpoint, azure_deployment="whisper")
    await upload(client, (NAME, b"x"))
    content = bytes(26_214_400 - emulator.requests[0].size + 1)
    await upload(client, (NAME, content))
    assert emulator.requests[1].size == 26_214_400
    with pytest.raises(ValueError, match="26,214,401"):
        await upload(client, (NAME, content + b"x"))
    assert len(emulator.requests) == 2


async def test_another_limit(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """The limit can be set, also above the service's own: then the service is asked."""
    with pytest.raises(RequestTooLargeError, match="Maximum content size limit"):
        await upload(client.with_options(limits=Limits(upload=2**30)), (NAME, bytes(26_214_400)))


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ('a"b".mp3', "a_b_.mp3"),
        ("a\r\nContent-Type: x\r\n\r\nb.mp3", "a_Content-Type_ x_b.mp3"),
        ("Gespräch über Käse.mp3", "Gesprach uber Kase.mp3"),
        ("会議.wav", "audio.wav"),
        ("..\\..\\etc/passwd.mp3", "passwd.mp3"),
        ("a;b='c'.MP3", "a_b_c_.MP3"),
        ("\udcff.mp3", "audio.mp3"),
        ("x" * 300 + ".mp3", "x" * 96 + ".mp3"),
    ],
)
async def test_filenames_arrive_harmless(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, name: str, sent: str
) -> None:
    """A filename goes out in letters that every parser understands, with its ending."""
    await upload(client, (name, b"x"))
    assert [part.name for part in emulator.requests[0].parts] == ["file"]
    assert emulator.requests[0].part("file").filename == sent


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stem=st.text(min_size=1, max_size=200), ending=st.sampled_from(["mp3", "WAV", "flac"]))
async def test_any_filename_is_harmless(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, stem: str, ending: str
) -> None:
    """Whatever the name is, one file arrives, with a short ASCII name of the same ending and nothing besides."""
    await upload(client, (f"{stem}x.{ending}", b"x"))
    request = emulator.requests[-1]
    emulator.clear_requests()
    assert [(part.name, part.size) for part in request.parts] == [("file", 1)]
    name = request.part("file").filename or ""
    assert name.isascii()
    assert name.isprintable()
    assert len(name) <= 100
    assert name.endswith(f".{ending}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.binary(max_size=400) | st.just(b"\r\n--") | st.just(b""), min_size=1, max_size=12).filter(any),
    told=st.booleans(),
    kind=st.sampled_from([bytes, bytearray, memoryview]),
)
async def test_any_bytes_in_any_pieces(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, pieces: list[bytes], told: bool, kind: type
) -> None:
    """Any bytes arrive byte for byte, in whatever pieces a stream gives them, whether or not their length is told."""

    async def stream() -> AsyncIterator[Any]:
        for piece in pieces:
            yield kind(piece)

    data = b"".join(pieces)
    await upload(client, AudioFile(stream(), NAME, size=len(data) if told else None))
    assert arrived_whole(emulator.requests[-1], data)
    emulator.clear_requests()


async def test_the_bytes_on_the_wire(make_client: MakeClient) -> None:
    """The body on the wire is exactly framing, recording and framing, as long as Content-Length says."""
    seen: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(raw_answer())

    async with raw_server(serve) as endpoint:
        await upload(make_client(endpoint, azure_deployment="whisper"), (NAME, DATA), language="de")
    boundary = seen[0].head.partition("boundary=")[2].partition("\r\n")[0]
    assert (
        seen[0].body
        == (
            f'--{boundary}\r\nContent-Disposition: form-data; name="language"\r\n\r\nde\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{NAME}"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        + DATA
        + f"\r\n--{boundary}--\r\n".encode()
    )
    assert "chunked" not in seen[0].head.lower()
    assert "expect" not in seen[0].head.lower()
