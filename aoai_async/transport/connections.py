"""The connections of a client: opened when first needed, shared by its copies, closed by their owner."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from aoai_async._version import __version__
from aoai_async.errors import ConfigurationError
from aoai_async.transport.gate import Gate
from aoai_async.transport.sources import Readings
from aoai_async.transport.turns import Turns

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__all__ = ["Connections"]

_MOST_CONNECTIONS = 1000
_PYTHON = ".".join(map(str, sys.version_info[:3]))
_USER_AGENT = f"aoai-async/{__version__} Python/{_PYTHON} aiohttp/{aiohttp.__version__}"


class Connections:
    """Sessions over one pool of connections.

    Args:
        session: A caller's session, which is used as it is and never closed.

    Attributes:
        readings: What uploads share.
        turns: The order in which large answers are read.
        gate: Through which calls begin.
        decoding: Through which goes what decodes a piece of a picture.
    """

    def __init__(self, session: aiohttp.ClientSession | None = None) -> None:
        self._given = session
        self._own: aiohttp.ClientSession | None = None
        self._loop: AbstractEventLoop | None = None
        self._is_closed = False
        self._proxies: dict[str, str | None] = {}
        self.readings = Readings()
        self.turns = Turns()
        self.gate = Gate()
        self.decoding = Gate(1)

    def session(self) -> aiohttp.ClientSession:
        """Return the session for requests to the service; to be called in a running loop.

        Raises:
            ConfigurationError: The client, or the caller's session, is closed, or was opened in another loop.
        """
        if self._is_closed:
            raise ConfigurationError("The client is closed; make a new one")
        if self._given is None:
            return self._own_session()
        if self._given.closed:
            raise ConfigurationError("The session given to the client is closed; keep it open as long as the client")
        return self._given

    def anonymous_session(self) -> aiohttp.ClientSession:
        """Return a new session over the same connections that carries no header, cookie or proxy of a caller's.

        The one who asks for it closes it, which leaves the connections open.
        """
        return aiohttp.ClientSession(
            connector=self.session().connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _USER_AGENT},
        )

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy that the environment names for an address; a caller's session has its own settings."""
        if self._given is not None:
            return None
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if origin not in self._proxies:
            self._proxies[origin] = _environment_proxy(origin)
        return self._proxies[origin]

    async def close(self) -> None:
        """Close what was opened here; a caller's session stays open. The client cannot be used any more."""
        self._is_closed = True
        if self._own is not None:
            await self._own.close()

    def _own_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._own is not None and self._loop is not loop:
            raise ConfigurationError("The client was used in another event loop; make one for each loop")
        if self._own is None:
            self._loop = loop
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _USER_AGENT},
            )
        return self._own


def _environment_proxy(url: str) -> str | None:
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy and not proxy_bypass(parts.netloc) else None
