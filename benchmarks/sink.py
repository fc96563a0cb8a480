"""A server that takes everything and looks at nothing but lengths, so that it is never the bottleneck.

Run as ``python -m benchmarks.sink [CERTIFICATE]``: it prints its port and serves until its standard input ends; with
a file of a private key and its certificate it speaks TLS. What it answers depends on the deployment in the path.
``GET /tally`` tells how many requests and bytes came since it was asked last.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any, cast

from attrs import asdict, define, field

from benchmarks import answers
from benchmarks.measuring import allow_many_files

__all__: list[str] = []

_BUFFER = 256 * 1024


@define
class Tally:
    """What came.

    Attributes:
        requests: How many requests, those for the tally aside.
        smallest: The fewest bytes of a body.
        largest: The most bytes of a body.
    """

    requests: int = 0
    smallest: int = 2**62
    largest: int = 0

    def note(self, size: int) -> None:
        """Add one request whose whole body has come."""
        self.requests += 1
        self.smallest = min(self.smallest, size)
        self.largest = max(self.largest, size)


@define
class Service:
    """Whole answers with their heads, by the segment of the path that chooses them, and what came."""

    replies: dict[bytes, bytes] = field(factory=dict)
    tally: Tally = field(factory=Tally)
    # Nobody reads what lies in it, so that one serves all connections.
    buffer: bytearray = field(factory=lambda: bytearray(_BUFFER))

    def reply(self, target: bytes) -> bytes:
        """Return the answer to a request whose body has come."""
        if target == b"/tally":
            told, self.tally = self.tally, Tally()
            return _reply(json.dumps(asdict(told)).encode())
        return self.replies[_choice(target)]


class Sink(asyncio.BufferedProtocol):
    """Counts the bytes of each request by its Content-Length and answers when all are there."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._head = b""
        self._target = b""
        self._size = 0
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - as asyncio calls it
        return self._service.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left:
            self._count(nbytes)
            return
        self._head += self._service.buffer[:nbytes]
        head, found, body = self._head.partition(b"\r\n\r\n")
        if found:
            self._head = b""
            self._target = head.split(b" ", 2)[1]
            self._size = self._left = _content_length(head)
            self._count(len(body))

    def _count(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            raise ValueError("more bytes than declared")
        if self._left == 0:
            if self._target != b"/tally":
                self._service.tally.note(self._size)
            self._transport.write(self._service.reply(self._target))


def _content_length(head: bytes) -> int:
    method, _, _ = head.partition(b" ")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    if method == b"GET":
        return 0
    raise ValueError("a request without Content-Length")


def _choice(target: bytes) -> bytes:
    path = target.partition(b"?")[0]
    return path if path == b"/picture.png" else path.split(b"/")[3]


def _reply(content: bytes, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def _replies(base: str) -> dict[bytes, bytes]:
    return {
        b"whisper": _reply(answers.recording()),
        b"whisper-verbose": _reply(answers.verbose()),
        b"dall-e-3": _reply(answers.picture_url(base)),
        b"dall-e-3-base64": _reply(answers.picture_base64()),
        b"/picture.png": _reply(answers.picture(), "image/png"),
    }


async def main(certificate: str | None = None) -> None:
    """Serve until standard input ends."""
    allow_many_files()
    loop = asyncio.get_running_loop()
    service = Service()
    context: Any = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await loop.create_server(lambda: Sink(service), "127.0.0.1", 0, backlog=1024, ssl=context)
    port = server.sockets[0].getsockname()[1]
    service.replies.update(_replies(f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"))
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
