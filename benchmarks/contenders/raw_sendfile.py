"""The floor for plain uploads of files in memory: `os.sendfile`, so that no byte passes through Python."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import define, field

from benchmarks.contenders.raw_socket import content_length, host_and_port, upload_frame
from benchmarks.contenders.service import SPEECH, transcriptions
from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.model import Job

__all__ = ["CONTENDER"]

_PIECE = 256 * 1024
_LARGEST_ANSWER = 64 * 1024


@define
class _Sendfile:
    endpoint: str
    idle: list[socket.socket] = field(factory=list)

    async def upload(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        wire = self.idle.pop() if self.idle else await self._connected()
        descriptor = os.open(job.file, os.O_RDONLY)
        try:
            size = os.fstat(descriptor).st_size
            head, tail = upload_frame(transcriptions(self.endpoint, SPEECH), job, size)
            await loop.sock_sendall(wire, head)
            await _send_file(wire, descriptor, size)
            await loop.sock_sendall(wire, tail)
        finally:
            os.close(descriptor)
        await _answer(wire)
        self.idle.append(wire)

    async def _connected(self) -> socket.socket:
        wire = socket.socket()
        wire.setblocking(False)
        await asyncio.get_running_loop().sock_connect(wire, host_and_port(self.endpoint))
        return wire


async def _send_file(wire: socket.socket, descriptor: int, size: int) -> None:
    offset = 0
    while offset < size:
        try:
            offset += os.sendfile(wire.fileno(), descriptor, offset, min(_PIECE, size - offset))
        except BlockingIOError:
            await _writable(wire)


async def _writable(wire: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(wire, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(wire)


async def _answer(wire: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    seen = b""
    while True:
        seen += await loop.sock_recv(wire, _LARGEST_ANSWER)
        head, found, body = seen.partition(b"\r\n\r\n")
        if found and len(body) == content_length(head):
            return


@asynccontextmanager
async def _opened(endpoint: str) -> AsyncIterator[_Sendfile]:
    sendfile = _Sendfile(endpoint)
    yield sendfile
    for wire in sendfile.idle:
        wire.close()


CONTENDER = Contender(name="raw sendfile", opened=_opened)
