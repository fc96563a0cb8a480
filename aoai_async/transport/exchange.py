"""One attempt: send a request, read the answer within its limits, and speak only our own errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiohttp
from attrs import field, frozen
from multidict import CIMultiDict
from yarl import URL

from aoai_async.errors import APIConnectionError, APITimeoutError, UnexpectedAnswerError, UntrustedHostError
from aoai_async.transport.upload import UploadBody
from aoai_async.wire.decipher import unexpected
from aoai_async.wire.reply import Reply

if TYPE_CHECKING:
    from aoai_async.transport.timeouts import Timeout
    from aoai_async.transport.turns import Turns
    from aoai_async.wire.limits import Limits

__all__ = ["Attempt", "attempt_timeout", "connection_error", "exchange", "harmless"]

# What is larger is read in its turn.
_SMALL = 128 * 1024
# Memory for pieces of this size is at hand. To get that for megabytes at once, or to move to where there is more, takes
# milliseconds.
_PIECE = 64 * 1024
# Twice as much lies there at the most, and what came with it, before the answer has its turn.
_UNREAD = 16 * 1024


@frozen
class Attempt:
    """One request as it goes out.

    Attributes:
        url: The address with its query.
        headers: All headers, credentials included.
        body: Bytes, or a streamed upload made for this attempt only.
        proxy: The proxy to go through.
    """

    url: URL
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | UploadBody = field(repr=False)
    proxy: str | None = field(default=None, repr=False)


async def exchange(
    session: aiohttp.ClientSession, turns: Turns, attempt: Attempt, timeout: Timeout, limits: Limits
) -> Reply:
    """Send one request and return the answer, whatever its status.

    Raises:
        APIConnectionError: The host cannot be reached, or the connection broke.
        APITimeoutError: It took longer than `timeout` allows for one attempt.
        UnexpectedAnswerError: The answer is larger than `limits`, or no HTTP.
        UploadSourceError: The source changed, or could not be read.
    """
    upload = attempt.body if isinstance(attempt.body, UploadBody) else None
    try:
        reply = await _answer(session, turns, attempt, timeout, limits)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        if upload is not None and upload.failure is not None:
            raise upload.failure from upload.failure.__cause__
        raise connection_error(error, attempt.url) from harmless(error)
    finally:
        if upload is not None:
            await upload.let_go()
    if upload is not None and reply.status < 300 and not upload.is_complete:
        raise unexpected(reply, "A good answer came before the recording was wholly sent")
    return reply


async def _answer(
    session: aiohttp.ClientSession, turns: Turns, attempt: Attempt, timeout: Timeout, limits: Limits
) -> Reply:
    async with session.post(
        attempt.url,
        headers=attempt.headers,
        data=attempt.body,
        proxy=attempt.proxy,
        allow_redirects=False,
        raise_for_status=False,
        timeout=attempt_timeout(timeout),
        read_bufsize=_UNREAD,
    ) as response:
        headers = CIMultiDict(response.headers)
        if response.status >= 300:
            return Reply(response.status, headers, [await _beginning(response.content, limits.error)])
        body = await _whole(response, limits.answer, turns)
        if body is None:
            message = f"The answer has more than {limits.answer:,} bytes, the limit for one"
            raise unexpected(Reply(response.status, headers, []), message)
        return Reply(response.status, headers, body)


@lru_cache(maxsize=128)
def attempt_timeout(timeout: Timeout) -> aiohttp.ClientTimeout:
    """Return the bounds of one attempt as aiohttp takes them."""
    return aiohttp.ClientTimeout(total=timeout.attempt, sock_connect=timeout.connect, sock_read=timeout.read)


async def _whole(response: aiohttp.ClientResponse, limit: int, turns: Turns) -> list[bytes] | None:
    """Return a whole body, or None once it turns out to be longer than `limit` bytes; a large one in its turn."""
    content, pieces = response.content, list[bytes]()
    if (response.content_length or 0) <= _SMALL:
        await _collect(content, pieces, min(_SMALL, limit))
    if not content.at_eof():
        async with turns.turn():
            await _collect(content, pieces, limit)
            # The loop turns before what came is taken apart.
            await asyncio.sleep(0)
    return pieces if _size(pieces) <= limit else None


async def _collect(content: aiohttp.StreamReader, pieces: list[bytes], limit: int) -> None:
    """Add what comes to a body, until its end or until it is longer than `limit` bytes."""
    left = limit - _size(pieces)
    while left >= 0 and not content.at_eof():
        pieces.append(piece := await content.read(_PIECE))
        left -= len(piece)


def _size(pieces: list[bytes]) -> int:
    return sum(map(len, pieces))


async def _beginning(content: aiohttp.StreamReader, limit: int) -> bytes:
    pieces: list[bytes] = []
    # The status stands, even if the body breaks off: it must not look like an answer that was lost.
    with suppress(aiohttp.ClientPayloadError):
        await _collect(content, pieces, limit)
    return b"".join(pieces)[:limit]


def connection_error(error: Exception, url: URL) -> APIConnectionError | UnexpectedAnswerError:
    """Return what an error of the connection means, without any of the request's headers."""
    host = url.host
    if isinstance(error, asyncio.TimeoutError):
        return APITimeoutError(f"{host} did not answer in time ({_kind(error)})")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return APIConnectionError(f"The proxy does not open the way to {host}: {error.status} {error.message}")
    if isinstance(error, aiohttp.ClientResponseError):
        return UnexpectedAnswerError(f"{host} answered with something that is no HTTP: {error.message}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return UntrustedHostError(f"The certificate of {host} is not trusted: {_reason(error)}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return APIConnectionError(f"There is no host {host}: {_reason(error)}; is the endpoint's name right?")
    if isinstance(error, aiohttp.ClientConnectorError):
        return APIConnectionError(f"{host} cannot be reached: {_reason(error)}")
    return APIConnectionError(f"The connection to {host} broke: {_reason(error)}")


def _reason(error: Any) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _kind(error: Exception) -> str:
    return "no connection" if isinstance(error, aiohttp.ConnectionTimeoutError) else "no answer"


def harmless(error: Exception) -> Exception | None:
    """Return an error as a cause to be shown, or None for one that carries the request's headers, and so the key."""
    return None if isinstance(error, aiohttp.ClientResponseError) else error
