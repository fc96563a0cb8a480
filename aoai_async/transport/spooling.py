"""Streams of unknown length go through a temporary file, because a request needs an exact Content-Length."""

from __future__ import annotations

import tempfile
from contextlib import aclosing, asynccontextmanager
from typing import IO, TYPE_CHECKING

from aoai_async.errors import InvalidInputError, UploadSourceError
from aoai_async.transport.reading import FileStamp, Pieces
from aoai_async.transport.threads import close_quietly, finish, in_thread, open_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["spooled"]


@asynccontextmanager
async def spooled(pieces: Pieces, limit: int) -> AsyncIterator[tuple[int, FileStamp]]:
    """Copy a stream to a temporary file without a name, and lend its descriptor and stamp.

    Raises:
        InvalidInputError: The stream has more than `limit` bytes.
        UploadSourceError: The stream cannot be read, or the temporary file not be written.
    """
    file = await _temporary_file()
    try:
        stamp = await _filled(file, pieces, limit)
        yield file.fileno(), stamp
    finally:
        await finish(in_thread(close_quietly, file))


async def _temporary_file() -> IO[bytes]:
    try:
        return await open_in_thread(tempfile.TemporaryFile, close_quietly)
    except OSError as error:
        raise _no_room(error) from error


async def _filled(file: IO[bytes], pieces: Pieces, limit: int) -> FileStamp:
    size = 0
    async with aclosing(pieces):
        async for piece in pieces:
            size += len(piece)
            if size > limit:
                raise InvalidInputError(
                    f"The stream has more than {limit:,} bytes, the limit of an upload", field="file"
                )
            await _write(file, piece)
    return await _flushed_stamp(file)


async def _write(file: IO[bytes], piece: bytes | memoryview) -> None:
    try:
        await in_thread(file.write, piece)
    except OSError as error:
        raise _no_room(error) from error


async def _flushed_stamp(file: IO[bytes]) -> FileStamp:
    try:
        await in_thread(file.flush)
        return await in_thread(FileStamp.of, file.fileno())
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> UploadSourceError:
    return UploadSourceError(
        f"The stream has no known length and cannot be kept in a temporary file ({error.strerror or error}); "
        "make room, set TMPDIR, or tell its length with AudioFile(..., size=...)"
    )
