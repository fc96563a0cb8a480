"""A server that takes everything and looks at nothing but lengths, so that it is never the bottleneck.

Run as ``python -m benchmarks.sink``: it prints its port and serves until its standard input ends. What it answers
depends on the deployment in the path.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, cast

from benchmarks.measuring import allow_many_files
from benchmarks.serving import read_head, service

if TYPE_CHECKING:
    from benchmarks.serving import Service

__all__: list[str] = []

# Nobody reads what lies in it, so that one serves all connections.
_BUFFER = bytearray(256 * 1024)


class Sink(asyncio.BufferedProtocol):
    """Counts the bytes of each request by its Content-Length and answers when all are there."""

    def __init__(self, served: Service) -> None:
        self._service = served
        self._head = b""
        self._target = b""
        self._size = 0
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - as asyncio calls it
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self._left:
            self._count(nbytes)
            return
        self._head += _BUFFER[:nbytes]
        head, found, body = self._head.partition(b"\r\n\r\n")
        if found:
            self._head = b""
            self._target, self._size = read_head(head)
            self._left = self._size
            self._count(len(body))

    def _count(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            raise ValueError("more bytes than declared")
        if self._left == 0:
            self._transport.write(self._service.reply(self._target, self._size))


async def main() -> None:
    """Serve until standard input ends."""
    allow_many_files()
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listener.getsockname()[1]
    served = service(f"http://127.0.0.1:{port}")
    server = await loop.create_server(lambda: Sink(served), sock=listener, backlog=1024)
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
