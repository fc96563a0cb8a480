"""What these tests share: a clock of their own, servers of raw bytes, and a look at what is open."""

import asyncio
import base64
import hashlib
import io
import os
import random
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import attrs
from anyio.lowlevel import checkpoint

from aoai_async import AsyncAzureOpenAI, GenerateImagesResponse, ImageResult
from aoai_async.emulator import RecordedRequest

__all__ = [
    "DATA",
    "JSON_ANSWER",
    "PNG",
    "HangingReads",
    "RawRequest",
    "VirtualClock",
    "answer",
    "arrived_whole",
    "encoded",
    "files_are_closed",
    "in_pieces",
    "open_files",
    "picture_of",
    "raw_server",
    "read_request",
    "sha256",
    "ticking",
]

DATA = random.Random(20241021).randbytes(700_001)  # noqa: S311 - ten pieces and a bit, the same in every run
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
JSON_ANSWER = b'{"text": "good"}'

_NOT_OURS = re.compile("^/dev|^/proc|/aoai-emulator-")

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def picture_of(client: AsyncAzureOpenAI, **fields: Any) -> ImageResult:
    """Return a picture the service might have answered with."""
    return client.images.attach(GenerateImagesResponse(created=1, data=[ImageResult(**fields)])).data[0]


def encoded(content: bytes) -> str:
    """Return base64 as the service sends it."""
    return base64.b64encode(content).decode()


@attrs.define
class VirtualClock:
    """Time that passes only when someone sleeps, and then at once."""

    now: float = 1_700_000_000.0
    slept: list[float] = attrs.field(factory=list)
    before_waking: Callable[[], Awaitable[object]] | None = None

    def monotonic(self) -> float:
        """Return the same as `unix`."""
        return self.now

    def unix(self) -> float:
        """Return the time in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, after `before_waking`."""
        self.slept.append(seconds)
        self.now += seconds
        if self.before_waking is not None:
            await self.before_waking()
        await checkpoint()


@attrs.frozen
class RawRequest:
    head: str
    body: bytes

    @property
    def declared(self) -> int:
        """What Content-Length says."""
        lines = (line.partition(":") for line in self.head.split("\r\n"))
        return next(int(value) for name, _, value in lines if name.lower() == "content-length")


@asynccontextmanager
async def raw_server(handle: Handler) -> AsyncIterator[str]:
    """Give each connection to `handle`, and close it behind it; lends the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> RawRequest:
    """Read one request, or as much of its body as comes."""
    head = RawRequest((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"), b"")
    try:
        body = await reader.readexactly(head.declared)
    except asyncio.IncompleteReadError as error:
        body = error.partial
    return attrs.evolve(head, body=body)


def answer(status: str = "200 OK", body: bytes = JSON_ANSWER, *headers: str, kind: str = "application/json") -> bytes:
    """An answer as bytes; it closes the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


class HangingReads:
    """Files whose reads hang in a thread until they may go on."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self._have_begun, self._may_end = threading.Event(), threading.Event()

    def open(self, file: str | int | os.PathLike[str], *_: object, **__: object) -> io.FileIO:
        """Return a file that notes its reads, and that it was closed."""
        reads = self

        class Hanging(io.FileIO):
            def read(self, size: int | None = -1, /) -> bytes:
                reads._have_begun.set()
                reads._may_end.wait(30)
                reads.happened.append("read")
                return super().read(size)

            def close(self) -> None:
                reads.happened.append("close")
                super().close()

        return Hanging(file)

    async def begun(self) -> None:
        """Wait for the first read."""
        await asyncio.to_thread(self._have_begun.wait)

    async def proceed(self) -> None:
        """Let them go on, when threads have begun what they were asked to before."""
        for _ in range(20):
            await asyncio.to_thread(bool)
        self._may_end.set()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def arrived_whole(request: RecordedRequest, data: bytes = DATA) -> bool:
    """Whether an upload has exactly these bytes, all that it declared, and no chunks."""
    part = request.part("file")
    is_sound = "Transfer-Encoding" not in request.headers and int(request.headers["Content-Length"]) == request.size
    return is_sound and (part.size, part.sha256) == (len(data), sha256(data))


async def in_pieces(data: bytes = DATA, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _open_files() -> list[str]:
    targets = []
    for number in os.listdir("/proc/self/fd"):
        try:
            targets.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue
    return sorted(target for target in targets if target.startswith("/") and not _NOT_OURS.search(target))


async def open_files() -> list[str]:
    """The files that this process has open, but for those of emulators."""
    return await asyncio.to_thread(_open_files)


async def files_are_closed(before: list[str]) -> None:
    """Return once no more files are open than `before`; the last reads in threads may take a moment."""
    with anyio.fail_after(10):
        while len(await open_files()) > len(before):
            await checkpoint()


@contextmanager
def ticking(each_turn: Callable[[], object]) -> Iterator[None]:
    """Call a function once in each turn of the loop."""

    async def tick() -> None:
        while True:
            each_turn()
            await checkpoint()

    ticker = asyncio.ensure_future(tick())
    try:
        yield
    finally:
        ticker.cancel()
