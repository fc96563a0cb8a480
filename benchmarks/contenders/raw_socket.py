"""The floor: an asyncio transport that sends the same bytes, and reads an answer by its length without parsing it.

It lets the loop turn after each piece of a file. One reads it on the loop, which costs least and stalls on a slow disk;
the other in a thread. Of an answer in base64 it takes what stands between two quotes, and decodes and writes it in a
thread.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from attrs import define, field

from benchmarks.answers import PROMPT
from benchmarks.contenders.service import BASE64, KEY, PICTURES, SPEECH, VERBOSE, images, transcriptions
from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.model import Job

__all__ = ["CONTENDER", "THREADED", "content_length", "host_and_port", "posted", "upload_frame"]

# Smaller ones cost more: at 64 KiB half as much again.
_PIECE = 256 * 1024
_BASE64_PIECE = 256 * 1024
_BOUNDARY = "0123456789abcdef0123456789abcdef"


class _Wire(asyncio.Protocol):
    """One connection that carries one request at a time."""

    def __init__(self) -> None:
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._answer: asyncio.Future[int] | None = None
        self._kept: list[bytes] | None = None
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        if self._left == 0:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            self._size = self._left = content_length(head)
        self._left -= len(data)
        if self._kept is not None:
            self._kept.append(data)
        if self._left == 0 and self._answer is not None:
            self._answer.set_result(self._size)

    async def send(self, data: bytes) -> None:
        """Write when the other side has taken most of what was written before."""
        self._transport.write(data)
        if not self._may_write.is_set():
            await self._may_write.wait()

    async def answer(self) -> int:
        """Return the length of the next answer, when all of it has come."""
        self._answer = asyncio.get_running_loop().create_future()
        return await self._answer

    async def whole_answer(self) -> list[bytes]:
        """Return the body of the next answer in pieces, when all of it has come."""
        pieces = self._kept = []
        await self.answer()
        self._kept = None
        return pieces

    def close(self) -> None:
        """End the connection."""
        self._transport.close()


@define
class _Raw:
    endpoint: str
    context: ssl.SSLContext | None
    idle: list[_Wire] = field(factory=list)

    async def upload(self, job: Job) -> None:
        await self._sent(SPEECH, job)

    async def verbose(self, job: Job) -> None:
        await self._sent(VERBOSE, job)

    async def image(self, _: Job) -> None:
        await self._finish(await self._asked(PICTURES))

    async def save_base64(self, job: Job) -> None:
        wire = await self._asked(BASE64)
        pieces = await wire.whole_answer()
        self.idle.append(wire)
        await asyncio.to_thread(_save, pieces, job)

    async def _asked(self, deployment: str) -> _Wire:
        body = json.dumps({"prompt": PROMPT}).encode()
        wire = await self._wire()
        await wire.send(posted(images(self.endpoint, deployment), "application/json", len(body)) + body)
        return wire

    async def _sent(self, deployment: str, job: Job) -> None:
        wire = await self._wire()
        descriptor = os.open(job.file, os.O_RDONLY)
        try:
            head, tail = upload_frame(transcriptions(self.endpoint, deployment), job, os.fstat(descriptor).st_size)
            await wire.send(head)
            while piece := await self._read(descriptor):
                await wire.send(piece)
            await wire.send(tail)
        finally:
            os.close(descriptor)
        await self._finish(wire)

    async def _read(self, descriptor: int) -> bytes:
        await asyncio.sleep(0)
        return os.read(descriptor, _PIECE)

    async def _wire(self) -> _Wire:
        if self.idle:
            return self.idle.pop()
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(_Wire, *host_and_port(self.endpoint), ssl=self.context)
        return wire

    async def _finish(self, wire: _Wire) -> None:
        await wire.answer()
        self.idle.append(wire)


def host_and_port(endpoint: str) -> tuple[str, int]:
    """Return where to connect to."""
    address = urlsplit(endpoint)
    return str(address.hostname), int(address.port or 0)


def posted(url: str, content_type: str, size: int) -> bytes:
    """Return the head of a request."""
    address = urlsplit(url)
    return (
        f"POST {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\napi-key: {KEY}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


def upload_frame(url: str, job: Job, file_size: int) -> tuple[bytes, bytes]:
    """Return what stands before and after the bytes of a recording, HTTP's head included."""
    opening = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{job.file.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    size = len(opening) + file_size + len(tail)
    return posted(url, f"multipart/form-data; boundary={_BOUNDARY}", size) + opening, tail


def content_length(head: bytes) -> int:
    """Return how long an answer is; raises `ValueError` if it is not a good one."""
    status, *lines = head.lower().split(b"\r\n")
    if status.split(b" ")[1] != b"200":
        raise ValueError(f"answered {status!r}")
    return next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))


class _Threaded(_Raw):
    async def _read(self, descriptor: int) -> bytes:
        return await asyncio.to_thread(os.read, descriptor, _PIECE)


def _save(pieces: list[bytes], job: Job) -> None:
    body = b"".join(pieces)
    start = body.index(b'"b64_json":"') + len(b'"b64_json":"')
    text = memoryview(body)[start : body.index(b'"', start)]
    with job.target.open("wb") as file:
        for begin in range(0, len(text), _BASE64_PIECE):
            file.write(base64.b64decode(text[begin : begin + _BASE64_PIECE]))


def _contender(name: str, kind: type[_Raw]) -> Contender:
    @asynccontextmanager
    async def opened(endpoint: str) -> AsyncIterator[_Raw]:
        raw = kind(endpoint, ssl.create_default_context() if endpoint.startswith("https") else None)
        yield raw
        for wire in raw.idle:
            wire.close()

    return Contender(name=name, opened=opened)


CONTENDER = _contender("raw socket", _Raw)
THREADED = _contender("raw socket, threads", _Threaded)
