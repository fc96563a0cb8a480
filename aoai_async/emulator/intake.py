"""The way in: bodies are read to their end whatever the answer will be, counted, and never held as a whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
from aiohttp import web

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer
from aoai_async.emulator.bodies import Body, FormBody, JsonBody, Part
from aoai_async.emulator.operations import Kind
from aoai_async.emulator.spool import Spool

__all__ = ["Intake", "Upload"]

_MOST_BYTES_PAST_THE_LIMIT = 268_435_456


@attrs.frozen
class Upload:
    """A request's body as it arrived.

    Attributes:
        size: Bytes of the whole body.
        parts: The parts of a multipart body, in order.
        document: The content of a JSON body.
        flaw: The answer that the body deserves for its size or form; None for a sound one.
    """

    size: int
    parts: Sequence[Part]
    document: object
    flaw: Answer | None


class Intake:
    """Receives bodies.

    Args:
        limit: Bytes a whole body may have. Of a longer one the next 256 MiB are still read, and thrown away,
            so that the answer reaches a client that looks for it only after its last byte.
        spool: Where files go.
        patience: Seconds without a byte after which a body is given up.
    """

    def __init__(self, limit: int, spool: Spool, patience: float = 60.0) -> None:
        self._limit = limit
        self._spool = spool
        self._patience = patience

    @asynccontextmanager
    async def receive(self, request: web.Request, kind: Kind, stop_after: int | None) -> AsyncIterator[Upload]:
        """Read a body to its end, or only its first `stop_after` bytes; its files live as long as the context."""
        body: Body = FormBody(request, self._spool) if kind == "audio" else JsonBody(request)
        try:
            yield await self._read(request, body, stop_after)
        finally:
            await self._spool.remove([part.path for part in body.parts if part.path is not None])

    async def _read(self, request: web.Request, body: Body, stop_after: int | None) -> Upload:
        size = 0
        trouble = None
        most = self._limit + _MOST_BYTES_PAST_THE_LIMIT if stop_after is None else stop_after
        try:
            while size < most and (piece := await self._piece(request)):
                wanted = piece[: most - size]
                size += len(wanted)
                if size <= self._limit:
                    await body.feed(wanted)
        except TimeoutError:
            trouble = refusals.stalled(self._patience)
        except web.RequestPayloadError as error:
            # Only aiohttp's parser in Python tells of broken chunks here; the one in C answers them itself.
            trouble = refusals.malformed_body(str(error))
        body.finish()
        if size > self._limit:
            trouble = refusals.too_large(self._limit, size)
        return Upload(size, body.parts, body.document, trouble or body.flaw)

    async def _piece(self, request: web.Request) -> bytes:
        async with asyncio.timeout(self._patience):
            return await request.content.readany()
