import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from emulator_server.emulator_calls import Caller, eventually, form_body, raw_exchange, raw_post

from aoai_async.emulator import AzureOpenAIEmulator, Heard
from aoai_async.emulator.intake import Intake
from aoai_async.emulator.spool import Spool

NOTHING = Heard(0.0, (), ())


class _Observer:
    """Notes what lies in the file it is given, and waits if it is told to."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str]] = []
        self.arrived = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def hear(self, recording: Path) -> Heard:
        content = await asyncio.to_thread(recording.read_bytes)
        self.files.append((recording.suffix, hashlib.sha256(content).hexdigest()))
        self.arrived.set()
        await self.may_go_on.wait()
        return NOTHING

    async def aclose(self) -> None:
        """Hold nothing."""


@pytest.fixture
def observer() -> _Observer:
    return _Observer()


@pytest.fixture
async def observed(observer: _Observer, session: aiohttp.ClientSession, tmp_path: Path) -> AsyncIterator[Caller]:
    async with AzureOpenAIEmulator(recognizer=observer, spool_dir=tmp_path, body_limit=3_000_000) as emulator:
        yield Caller(emulator, session)


async def _spooled(folder: Path) -> int:
    def count() -> int:
        return sum(path.is_file() for path in folder.rglob("*"))

    return await asyncio.to_thread(count)


async def _until_spooled(folder: Path, count: int) -> None:
    async def reached() -> bool:
        return await _spooled(folder) == count

    await eventually(reached)


@pytest.mark.parametrize("size", [0, 1, 65_536, 2_999_000])
async def test_the_recogniser_gets_the_file_as_it_was_sent(observed: Caller, observer: _Observer, size: int) -> None:
    """The recogniser and the journal see the same bytes the client sent, under the same extension."""
    content = hashlib.shake_128(b"").digest(size)
    digest = hashlib.sha256(content).hexdigest()
    reply = await observed.audio(content=content, filename="talk.FLAC")
    assert reply.status == 200
    assert observer.files == [(".flac", digest)]
    part = observed.emulator.requests[0].part("file")
    assert (part.size, part.sha256) == (size, digest)


async def test_uploads_leave_nothing_behind(observed: Caller, observer: _Observer, tmp_path: Path) -> None:
    """While it is recognised a recording lies in the spool, afterwards it is gone."""
    observer.may_go_on.clear()
    call = asyncio.create_task(observed.audio())
    await observer.arrived.wait()
    assert await _spooled(tmp_path) == 1
    observer.may_go_on.set()
    assert (await call).status == 200
    assert await _spooled(tmp_path) == 0


async def test_a_record_that_was_cleared_stays_so(observed: Caller, observer: _Observer) -> None:
    """A request that is answered after the list was cleared does not come back into it."""
    observer.may_go_on.clear()
    call = asyncio.create_task(observed.audio())
    await observer.arrived.wait()
    observed.emulator.clear_requests()
    observer.may_go_on.set()
    assert (await call).status == 200
    assert observed.emulator.requests == []


async def test_many_uploads_at_once_do_not_mix(observed: Caller, observer: _Observer) -> None:
    """Sixteen recordings sent at the same time all arrive whole."""
    contents = [bytes([number]) * 200_000 for number in range(16)]
    replies = await asyncio.gather(*(observed.audio(content=content) for content in contents))
    assert {reply.status for reply in replies} == {200}
    assert sorted(digest for _, digest in observer.files) == sorted(hashlib.sha256(c).hexdigest() for c in contents)


async def test_nobody_said_anything(observed: Caller) -> None:
    """A recording without speech gives the empty forms of every format."""
    formats = {"json": '{\n  "text": ""\n}', "text": "\n", "srt": "\n", "vtt": "WEBVTT\n\n"}
    for response_format, body in formats.items():
        assert (await observed.audio(("response_format", response_format))).text == body


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
async def test_the_limit_counts_the_whole_body(session: aiohttp.ClientSession, more: int, status: int) -> None:
    """A body of exactly the limit passes, framing included; one more byte does not."""
    limit = len(form_body(b"x" * 1000))
    async with AzureOpenAIEmulator(body_limit=limit) as emulator:
        answer = await raw_exchange(emulator, raw_post(form_body(b"x" * (1000 + more))))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_too_large_tells_both_numbers(observed: Caller, observer: _Observer) -> None:
    """413 names the limit and the bytes that were read, and its type; the recogniser is not asked."""
    reply = await observed.audio(content=b"x" * 5_000_000)
    size = observed.emulator.requests[0].size
    assert size > 5_000_000
    assert (reply.status, reply.error) == (
        413,
        {"message": f"Maximum content size limit (3000000) exceeded ({size} bytes read)", "type": "server_error"},
    )
    assert observer.files == []


async def test_the_default_limit_is_the_services(session: aiohttp.ClientSession) -> None:
    """Without a limit of its own the emulator has the service's 26,214,400 bytes."""
    async with AzureOpenAIEmulator() as emulator:
        reply = await Caller(emulator, session).audio(content=b"x" * 26_214_400)
    assert reply.error["message"].startswith("Maximum content size limit (26214400) exceeded (2621")


async def test_the_limit_holds_for_pictures_too(observed: Caller) -> None:
    """A JSON body past the limit is 413 as well."""
    reply = await observed.image({"prompt": "x" * 3_000_000})
    assert (reply.status, reply.error["type"]) == (413, "server_error")


async def test_a_chunked_upload_is_taken(observed: Caller, observer: _Observer) -> None:
    """A body without a length is taken all the same: whether the service does is unknown."""
    body = form_body(b"sound")
    chunked = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    answer = await raw_exchange(observed.emulator, raw_post(chunked, "Transfer-Encoding: chunked"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert observer.files == [(".mp3", hashlib.sha256(b"sound").hexdigest())]


async def test_broken_chunks_are_no_server_error(emulator: AzureOpenAIEmulator) -> None:
    """A chunk whose size is no number is the client's fault."""
    answer = await raw_exchange(emulator, raw_post(b"zz\r\n", "Transfer-Encoding: chunked"))
    assert b" 400 " in answer.partition(b"\r\n")[0]


async def test_a_client_that_stops_sending_is_given_up(tmp_path: Path) -> None:
    """When no byte of a body arrives for the intake's patience, its flaw is 408."""
    spool = await Spool.open(tmp_path)
    intake = Intake(1000, spool, patience=0.05)

    async def handler(request: web.Request) -> web.Response:
        async with intake.receive(request, "audio", None) as upload:
            return web.Response(status=upload.flaw.status if upload.flaw else 200)

    app = web.Application()
    app.router.add_post("/", handler)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n")
        writer.write(b"Content-Length: 100\r\n\r\n--B\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.close()
    await spool.aclose()


async def test_a_compressed_body_is_no_server_error(observed: Caller) -> None:
    """The service knows no Content-Encoding: such a body is taken for what it looks like."""
    answer = await raw_exchange(observed.emulator, raw_post(b"\x1f\x8b", "Content-Length: 2", "Content-Encoding: gzip"))
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_client_that_goes_away_leaves_nothing_behind(
    observed: Caller, observer: _Observer, tmp_path: Path
) -> None:
    """A recognition nobody waits for is cancelled, and its recording removed."""
    observer.may_go_on.clear()
    call = asyncio.create_task(observed.audio())
    await observer.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await _until_spooled(tmp_path, 0)
    assert observed.emulator.requests[0].status is None


async def test_half_an_upload_leaves_nothing_behind(observed: Caller, tmp_path: Path) -> None:
    """A client that goes away in the middle of its body costs nothing but a record without a status."""
    address = urlsplit(observed.emulator.endpoint)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(raw_post(form_body(b"s" * 100_000)[:50_000], "Content-Length: 100000"))
    await _until_spooled(tmp_path, 1)
    writer.transport.abort()
    await _until_spooled(tmp_path, 0)
    assert [request.status for request in observed.emulator.requests] == [None]


async def test_fields_are_bounded_in_memory(observed: Caller) -> None:
    """Of a long plain field only the first 64 KiB are kept, but all of it is counted."""
    await observed.audio(("prompt", "p" * 100_000))
    part = observed.emulator.requests[0].part("prompt")
    assert (part.size, part.text) == (100_000, "p" * 65_536)
    assert part.sha256 == hashlib.sha256(b"p" * 100_000).hexdigest()


async def test_a_filename_cannot_leave_the_spool(observed: Caller, observer: _Observer) -> None:
    """Nothing of a filename but a harmless extension reaches the disk."""
    answer = await raw_exchange(observed.emulator, raw_post(form_body(b"s", filename="../../etc/x.mp3/../y.wav")))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [suffix for suffix, _ in observer.files] == [".wav"]
    refused = await raw_exchange(observed.emulator, raw_post(form_body(b"s", filename="x.m\u0000p3")))
    assert refused.startswith(b"HTTP/1.1 424 ")
    assert observed.emulator.requests[0].part("file").filename == "../../etc/x.mp3/../y.wav"
