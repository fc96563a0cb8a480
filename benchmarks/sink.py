"""A server that takes everything and looks at nothing, so that it is never the bottleneck.

Run as ``python -m benchmarks.sink``: it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

__all__ = ["ANSWER"]

ANSWER = b'{"text":"heard"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)
_BUFFER = 1024 * 1024


class Sink(asyncio.BufferedProtocol):
    """Counts the bytes of each request by its Content-Length and answers when all are there."""

    def __init__(self) -> None:
        self._buffer = bytearray(_BUFFER)
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - as asyncio calls it
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left:
            self._count(nbytes)
            return
        self._head += self._buffer[:nbytes]
        head, found, body = self._head.partition(b"\r\n\r\n")
        if found:
            self._head = b""
            self._left = _content_length(head)
            self._count(len(body))

    def _count(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left == 0:
            self._transport.write(_HEAD + ANSWER)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("a request without Content-Length")


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
