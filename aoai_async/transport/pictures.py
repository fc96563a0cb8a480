"""Pictures: fetched from where they lie, or decoded from base64, and saved."""

from __future__ import annotations

from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from anyio import move_on_after
from attrs import frozen
from yarl import URL

from aoai_async.errors import APIConnectionError, APITimeoutError, AzureOpenAIError, PictureError, PictureExpiredError
from aoai_async.transport.exchange import attempt_timeout, connection_error, harmless
from aoai_async.transport.landing import landing_beside
from aoai_async.transport.settings import Settings
from aoai_async.transport.threads import in_thread
from aoai_async.wire.address import is_safe_transport
from aoai_async.wire.pictures import SIGNATURE, decode_base64, expiry, named_by_content, picture_ending
from aoai_async.wire.retry import PASSING_STATUSES, wait_before

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from aoai_async.schema.images import ImageResult

__all__ = ["Pictures"]

T = TypeVar("T")

_BASE64_PIECE = 1024 * 1024  # a multiple of four, so that each piece can be decoded by itself
_PIECE = 256 * 1024
_REFUSALS = (401, 403, 404, 410)


@frozen
class Pictures:
    """Gets the bytes of pictures for the results of one client."""

    settings: Settings

    async def read(self, result: ImageResult) -> bytes:
        """Return a picture's bytes; errors as `ImageResult.read`."""
        return await self._patiently(lambda: self._read(result))

    async def save(self, result: ImageResult, path: str | os.PathLike[str]) -> Path:
        """Write a picture to a file and return where it lies; errors as `ImageResult.save`."""
        return await self._patiently(lambda: self._save(result, Path(path)))

    async def _read(self, result: ImageResult) -> bytes:
        # To join megabytes, Python lets go of its lock.
        content = await in_thread(b"".join, [piece async for piece in self._pieces(result)])
        _ending(content)
        return content

    async def _save(self, result: ImageResult, path: Path) -> Path:
        if not result.b64_json:
            return await self._landed(result, path)
        # No other large answer is read meanwhile, so that one picture after the other is out of memory.
        with self.settings.connections.turns.work():
            return await self._landed(result, path)

    async def _landed(self, result: ImageResult, path: Path) -> Path:
        async with landing_beside(path) as landing, aclosing(self._pieces(result)) as pieces:
            async for piece in pieces:
                await landing.write(piece)
            return await landing.settle(named_by_content(path, _ending(landing.beginning)))

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        total = self.settings.timeout.total
        with move_on_after(total):
            return await self._attempts(attempt)
        raise APITimeoutError(f"The picture did not come within {total:g} s; timeout= gives more")

    async def _attempts(self, attempt: Callable[[], Awaitable[T]]) -> T:
        number = 0
        while True:
            number += 1
            try:
                return await attempt()
            except (APIConnectionError, PictureError) as error:
                error.attempts = number
                if number > self.settings.retry.max_retries or not _may_pass(error):
                    raise
                await self.settings.clock.sleep(wait_before(number, error, self.settings.retry))

    async def _pieces(self, result: ImageResult) -> AsyncGenerator[bytes, None]:
        size, text = 0, result.b64_json
        async with aclosing(self._decoded(text) if text else self._downloaded(_address(result.url))) as pieces:
            async for piece in pieces:
                size += len(piece)
                self._check_size(size)
                yield piece

    async def _decoded(self, text: str) -> AsyncGenerator[bytes, None]:
        # In a thread it would hold Python's lock, for which the loop would wait again and again.
        for start in range(0, len(text), _BASE64_PIECE):
            await self.settings.connections.decoding.enter()
            yield _stretch(text, start)

    async def _downloaded(self, url: URL) -> AsyncGenerator[bytes, None]:
        if not self.settings.endpoint.allow_http and not is_safe_transport(url.scheme, url.host):
            raise PictureError(f"The picture lies at an address that is not https, on {url.host}: it is not fetched")
        limits = attempt_timeout(self.settings.timeout)
        connections = self.settings.connections
        try:
            async with (
                connections.anonymous_session() as session,
                session.get(
                    url, allow_redirects=False, timeout=limits, proxy=connections.proxy_for(str(url))
                ) as answer,
            ):
                if answer.status != 200:
                    raise _refusal(answer.status, str(url), self.settings.clock.unix())
                self._check_size(answer.content_length or 0)
                async for piece in answer.content.iter_chunked(_PIECE):
                    yield piece
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise connection_error(error, url) from harmless(error)

    def _check_size(self, size: int) -> None:
        if size > self.settings.limits.picture:
            raise PictureError(
                f"The picture has more than {self.settings.limits.picture:,} bytes; Limits(picture=...) allows more"
            )


def _address(text: str | None) -> URL:
    if not text:
        raise PictureError("The service sent neither an address nor base64 for this picture")
    with suppress(ValueError):
        url = URL(text, encoded=True)
        if url.scheme in ("http", "https") and url.host:
            return url
    raise PictureError("The service sent something that is no address for this picture")


def _stretch(text: str, start: int) -> bytes:
    end = start + _BASE64_PIECE
    try:
        return decode_base64(text[start:end], is_last=end >= len(text))
    except ValueError as error:
        raise PictureError(f"The picture's base64 is damaged: {error}") from None


def _ending(content: bytes) -> str:
    ending = picture_ending(content[:SIGNATURE])
    if ending is None:
        raise PictureError(f"What came is no picture: it begins with {content[:SIGNATURE]!r}")
    return ending


def _refusal(status: int, url: str, now: float) -> PictureError:
    moment = expiry(url)
    if status in _REFUSALS and moment is not None and moment <= datetime.fromtimestamp(now, UTC):
        return PictureExpiredError(
            f"The picture's address worked until {moment:%Y-%m-%d %H:%M} UTC, 24 hours after it was made; "
            "save pictures at once, or ask for response_format='b64_json'",
            status_code=status,
        )
    return PictureError(f"The storage host answered {status} instead of the picture", status_code=status)


def _may_pass(error: AzureOpenAIError) -> bool:
    return isinstance(error, APIConnectionError) or getattr(error, "status_code", None) in PASSING_STATUSES
