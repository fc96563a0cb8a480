"""The body of an upload: exactly as long as declared, counted while sent, opened anew for each attempt."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from aiohttp import Payload
from anyio import move_on_after

from aoai_async.errors import UploadSourceError
from aoai_async.transport.threads import LONGEST_LAST_CALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import StreamWriter

    from aoai_async.transport.gate import Gate
    from aoai_async.transport.reading import Pieces
    from aoai_async.transport.sources import Source
    from aoai_async.wire.multipart import Frame

__all__ = ["UploadBody"]

# Two pieces of a file: a turn of the loop costs half as much as to read and send one.
_A_TURN = 256 * 1024


class UploadBody(Payload):
    """A multipart body for one attempt.

    aiohttp does not guard a declared length: too few bytes hang, too many are cut without a word. So the bytes
    are counted here, and the last ones are sent only when the source kept to its size.

    Args:
        frame: What stands around the recording.
        source: The recording.
        gate: Through which it goes on after each 256 KiB.
        on_progress: Is told how many bytes of how many were sent.

    Attributes:
        is_complete: Whether everything was sent.
        failure: What the source or the caller's progress function raised.
    """

    # Nothing is held between attempts, so aiohttp has nothing to close.
    _autoclose = True

    def __init__(
        self, frame: Frame, source: Source, gate: Gate, on_progress: Callable[[int, int], object] | None
    ) -> None:
        super().__init__(source, content_type=frame.content_type)
        self._frame = frame
        self._source = source
        self._gate = gate
        self._on_progress = on_progress
        self._size = frame.size_with(source.size)
        self._sent = 0
        self._is_let_go = asyncio.Event()
        self._is_let_go.set()
        self.is_complete = False
        self.failure: Exception | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as in aiohttp
        """Refuse: the bytes are never all in memory."""
        raise TypeError("A streamed upload cannot be turned into text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send head, recording and tail."""
        self._is_let_go.clear()
        try:
            await self._send(writer)
        finally:
            self._is_let_go.set()

    async def let_go(self) -> None:
        """Wait, though not for long, until nobody reads the source: aiohttp does not when an attempt ends early."""
        if not self._is_let_go.is_set():
            with move_on_after(LONGEST_LAST_CALL, shield=True):
                await self._is_let_go.wait()

    async def _send(self, writer: AbstractStreamWriter) -> None:
        await writer.write(self._frame.head)
        async with aclosing(self._source.pieces()) as pieces:
            while await self._send_some(cast("StreamWriter", writer), pieces):
                await self._gate.enter()
        await writer.write(self._frame.tail)
        self.is_complete = True

    async def _send_some(self, writer: StreamWriter, pieces: Pieces) -> bool:
        enough = self._sent + _A_TURN
        while self._sent < enough:
            piece = await self._next(pieces)
            if not piece:
                return False
            await writer.write(piece, drain=False)
            # Not held while the socket is busy, nor until the next turn: see `Buffers`.
            del piece
            await writer.drain()
        return True

    async def _next(self, pieces: Pieces) -> bytes | memoryview:
        try:
            self._report()
            piece = await anext(pieces, b"")
            self._count(piece)
        except Exception as error:
            self.failure = error
            raise
        return piece

    def _report(self) -> None:
        if self._on_progress is not None and self._sent:
            self._on_progress(self._sent, self._source.size)

    def _count(self, piece: bytes | memoryview) -> None:
        self._sent += len(piece)
        declared = self._source.size
        if self._sent > declared:
            raise UploadSourceError(f"The source has more bytes than the {declared:,} it was said to have")
        if not piece and self._sent < declared:
            raise UploadSourceError(f"The source ended after {self._sent:,} of {declared:,} bytes")
