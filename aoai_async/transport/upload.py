"""The body of an upload: exactly as long as declared, counted while sent, opened anew for each attempt."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from aiohttp import Payload

from aoai_async.errors import UploadSourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import StreamWriter

    from aoai_async.transport.reading import Pieces
    from aoai_async.transport.sources import Source
    from aoai_async.wire.multipart import Frame

__all__ = ["UploadBody"]

_LARGEST_WRITE = 256 * 1024


class UploadBody(Payload):
    """A multipart body for one attempt.

    aiohttp does not guard a declared length: too few bytes hang, too many are cut without a word. So the bytes
    are counted here, and the last ones are sent only when the source kept to its size.

    Attributes:
        is_complete: Whether everything was sent.
        failure: What the source or the caller's progress function raised.
    """

    # Nothing is held between attempts, so aiohttp has nothing to close.
    _autoclose = True

    def __init__(self, frame: Frame, source: Source, on_progress: Callable[[int, int], object] | None) -> None:
        super().__init__(source, content_type=frame.content_type)
        self._frame = frame
        self._source = source
        self._on_progress = on_progress
        self._size = frame.size_with(source.size)
        self.is_complete = False
        self.failure: Exception | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as in aiohttp
        """Refuse: the bytes are never all in memory."""
        raise TypeError("A streamed upload cannot be turned into text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send head, recording and tail."""
        await writer.write(self._frame.head)
        async with aclosing(self._counted()) as pieces:
            async for piece in pieces:
                # Not held while the socket is busy: see `Buffers`.
                await cast("StreamWriter", writer).write(piece, drain=False)
                del piece
                await writer.drain()
        await writer.write(self._frame.tail)
        self.is_complete = True

    async def _counted(self) -> Pieces:
        declared, sent = self._source.size, 0
        try:
            async with aclosing(self._source.pieces()) as pieces:
                async for piece in pieces:
                    sent += len(piece)
                    _check_is_not_over(sent, declared)
                    for part in _parts(piece):
                        yield part
                        del part
                    del piece
                    self._report(sent, declared)
            _check_is_whole(sent, declared)
        except Exception as error:
            self.failure = error
            raise

    def _report(self, sent: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(sent, total)


def _check_is_not_over(sent: int, declared: int) -> None:
    if sent > declared:
        raise UploadSourceError(f"The source has more bytes than the {declared:,} it was said to have")


def _check_is_whole(sent: int, declared: int) -> None:
    if sent < declared:
        raise UploadSourceError(f"The source ended after {sent:,} of {declared:,} bytes")


def _parts(piece: Any) -> Iterator[Any]:
    if len(piece) <= _LARGEST_WRITE:
        yield piece
        return
    view = memoryview(piece)
    for start in range(0, len(view), _LARGEST_WRITE):
        yield view[start : start + _LARGEST_WRITE]
