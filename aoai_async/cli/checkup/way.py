"""The way to the service: its name, a connection, and TLS."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from base64 import b64encode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self
from urllib.parse import SplitResult, unquote, urlsplit

from attrs import frozen

from aoai_async.cli.checkup.findings import Finding, failed, fine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Streams", "TunnelError", "Way", "connects", "has_a_name"]

_PORTS = {"http": 80, "https": 443}
_MOST_ADDRESSES = 4

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TunnelError(OSError):
    """A proxy did not open the way."""


@frozen
class Way:
    """Where connections go.

    Attributes:
        service: The service's address.
        proxy: The address of the proxy in front of it.
    """

    service: SplitResult
    proxy: SplitResult | None

    @classmethod
    def to(cls, endpoint: str, proxy: str | None) -> Self:
        """Return the way to an endpoint."""
        return cls(urlsplit(endpoint), None if proxy is None else urlsplit(proxy))

    @property
    def host(self) -> str:
        """The service's name."""
        return self.service.hostname or ""

    @property
    def port(self) -> int:
        """The service's port."""
        return _port(self.service)

    @property
    def first(self) -> tuple[str, int]:
        """Host and port to which this machine connects: the proxy's, or the service's."""
        return (self.proxy.hostname or "", _port(self.proxy)) if self.proxy else (self.host, self.port)

    @property
    def whose(self) -> str:
        """A word for whom this machine connects to."""
        return " of the proxy" if self.proxy else ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Streams]:
        """Lend a connection to the service's port, through the proxy if there is one.

        Raises:
            OSError: There is no connection.
            TunnelError: The proxy refuses.
        """
        reader, writer = await asyncio.open_connection(*self.first)
        try:
            if self.proxy is not None:
                await self._pass(self.proxy, reader, writer)
            yield reader, writer
        finally:
            writer.transport.abort()

    async def _pass(self, proxy: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = f"{self.host}:{self.port}"
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{_authorization(proxy)}\r\n".encode("latin-1"))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise TunnelError("it gave no answer of a proxy") from None
        _, _, status = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        if not status.startswith("200"):
            raise TunnelError(f"it answered {status}")


async def has_a_name(way: Way) -> Finding:
    """Look up the host's addresses."""
    host, port = way.first
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return failed("name", f"{host}{way.whose} is not known: {_reason(error)}", _name_advice(error))
    addresses = [str(address[0]) for *_, address in found]
    shown = ", ".join(addresses[:_MOST_ADDRESSES])
    return fine("name", f"{host}{way.whose} is {shown}{' …' if addresses[_MOST_ADDRESSES:] else ''}")


async def connects(way: Way) -> Finding:
    """Open a connection to the host, and take the time."""
    host, port = way.first
    begun = time.perf_counter()
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        advice = "does a firewall stop it, or is the port another one? behind a firewall, HTTPS_PROXY names a proxy"
        return failed("connection", f"none to port {port} of {host}{way.whose}: {_reason(error)}", advice)
    seconds = time.perf_counter() - begun
    writer.transport.abort()
    return fine("connection", f"to port {port} of {host}{way.whose} in {seconds * 1000:.0f} ms")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 80)


def _authorization(proxy: SplitResult) -> str:
    if proxy.username is None:
        return ""
    name_and_password = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {b64encode(name_and_password.encode()).decode()}\r\n"


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    # A name that is not known has a negative number and good words; a connection the reverse.
    return (
        os.strerror(number) if isinstance(number, int) and number > 0 else getattr(error, "strerror", "") or str(error)
    )


def _name_advice(error: Exception) -> str:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return "no name server answers: is this machine connected, and its DNS set?"
    return "is it spelt right? The name of a resource with a private endpoint may be known in its own network only"
