"""Streams of unknown length go through a temporary file, because a request needs an exact Content-Length."""

from __future__ import annotations

import tempfile
from contextlib import aclosing, asynccontextmanager
from typing import IO, TYPE_CHECKING

from aoai_async.errors import InvalidInputError
from aoai_async.transport.reading import FileStamp, Pieces
from aoai_async.transport.threads import in_thread, open_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["spooled"]


@asynccontextmanager
async def spooled(pieces: Pieces, limit: int) -> AsyncIterator[tuple[int, FileStamp]]:
    """Copy a stream to a temporary file without a name, and lend its descriptor and stamp.

    Raises:
        InvalidInputError: The stream has more than `limit` bytes.
    """
    file = await open_in_thread(_temporary_file, IO.close)
    try:
        size = 0
        async with aclosing(pieces):
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise InvalidInputError(
                        f"The stream has more than {limit:,} bytes, the limit of an upload", field="file"
                    )
                await in_thread(file.write, piece)
        yield file.fileno(), await in_thread(FileStamp.of, file.fileno())
    finally:
        file.close()


def _temporary_file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)
