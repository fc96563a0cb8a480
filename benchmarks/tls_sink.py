"""The sink over TLS: a thread for each connection, for OpenSSL deciphers outside of Python's lock.

It needs about half of the processor time of one on asyncio's transports, which would be the bottleneck. Run as
``python -m benchmarks.tls_sink CERTIFICATE`` with a file of a private key and its certificate; otherwise as
`benchmarks.sink`.
"""

from __future__ import annotations

import socket
import ssl
import sys
from contextlib import suppress
from threading import Lock, Thread

from attrs import field, frozen

from benchmarks.serving import Service, read_head, service

__all__: list[str] = []

_BUFFER = 256 * 1024


@frozen
class TlsSink:
    """Counts and answers as the plain sink does."""

    service: Service
    context: ssl.SSLContext
    _lock: Lock = field(factory=Lock, init=False)

    def accept(self, listener: socket.socket) -> None:
        """Serve each connection that comes, in a thread of its own, for ever."""
        while True:
            connection, _ = listener.accept()
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), self.context.wrap_socket(connection, server_side=True) as wire:
            buffer = bytearray(_BUFFER)
            while self._answer(wire, buffer):
                pass

    def _answer(self, wire: ssl.SSLSocket, buffer: bytearray) -> bool:
        begun = b""
        while b"\r\n\r\n" not in begun:
            count = wire.recv_into(buffer)
            if count == 0:
                return False
            begun += buffer[:count]
        head, _, body = begun.partition(b"\r\n\r\n")
        target, size = read_head(head)
        _discard(wire, buffer, size - len(body))
        with self._lock:
            reply = self.service.reply(target, size)
        wire.sendall(reply)
        return True


def _discard(wire: ssl.SSLSocket, buffer: bytearray, left: int) -> None:
    while left > 0:
        count = wire.recv_into(buffer)
        if count == 0:
            raise ConnectionError("the body broke off")
        left -= count
    if left < 0:
        raise ConnectionError("more bytes than declared")


def main(certificate: str) -> None:
    """Serve until standard input ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listener.getsockname()[1]
    sink = TlsSink(service(f"https://127.0.0.1:{port}"), context)
    Thread(target=sink.accept, args=(listener,), daemon=True).start()
    print(port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
