"""Reading a file from disk in pieces without ever blocking the event loop."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Protocol

from aiofiles.threadpool import wrap
from attrs import frozen

from aoai_async.transport.threads import LONGEST_LAST_CALL, close_quietly, finish, in_thread, open_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

__all__ = ["Buffers", "FileStamp", "OpenFile", "Pieces", "Readable", "can_tell_cached_pages", "open_file"]

_CACHED_PIECE = 128 * 1024
_THREAD_PIECE = 256 * 1024
_READ_AHEAD = 8 * 2**20
_MOST_KEPT = 8

Readable = str | os.PathLike[str] | int


class Pieces(Protocol):
    """The bytes of a recording, one after another; an asynchronous generator is one."""

    def __aiter__(self) -> AsyncIterator[bytes | memoryview]: ...

    def __anext__(self) -> Awaitable[bytes | memoryview]: ...

    def aclose(self) -> Awaitable[None]:
        """Give back what is held; also when not all was asked for."""
        ...


@frozen
class FileStamp:
    """What tells one state of a file from another.

    Attributes:
        size: In bytes.
        modified: The time of the last change in nanoseconds.
    """

    size: int
    modified: int

    @classmethod
    def of(cls, descriptor: int) -> FileStamp:
        """Return the present stamp of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns)


class OpenFile(Protocol):
    """A file that is open for one upload."""

    @property
    def opened_as(self) -> FileStamp:
        """The file's stamp when it was opened."""
        ...

    async def read(self) -> bytes | memoryview:
        """Return the next piece of the file; nothing at its end."""
        ...

    async def stamp(self) -> FileStamp:
        """Return the file's stamp of this moment."""
        ...

    async def close(self) -> None:
        """Give back what the file holds."""
        ...


def can_tell_cached_pages() -> bool:
    """Tell whether this system says "not in memory" rather than waiting for the disk."""
    return hasattr(os, "preadv") and hasattr(os, "RWF_NOWAIT")


class Buffers:
    """Memory for what is on its way from a file to a socket, used again and again.

    Uploads of one loop may share them, and then need little more than one: a piece is with the socket, or with those
    who wait for it, before the next one is read. To fill each new buffer with zeros, as Python does, would take a tenth
    of an upload's time.
    """

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def take(self, size: int) -> memoryview:
        """Return the whole of a buffer that nobody else looks into; it is free again when nobody holds a view of it."""
        for buffer in self._kept:
            if len(buffer) == size and _is_free(buffer):
                return memoryview(buffer)
        return memoryview(self._new(size))

    def _new(self, size: int) -> bytearray:
        buffer = bytearray(size)
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(buffer)
        return buffer


def _is_free(buffer: bytearray) -> bool:
    # What others look into cannot be resized.
    try:
        buffer.append(0)
    except BufferError:
        return False
    buffer.pop()
    return True


async def open_file(readable: Readable, buffers: Buffers) -> OpenFile:
    """Open a path, or a descriptor, which stays the caller's, to be read into these buffers; raises `OSError`."""
    if can_tell_cached_pages():
        return await _PageCacheFile.open(readable, buffers)
    return await _ThreadedFile.open(readable)


class _PageCacheFile:
    """Reads pages that are in memory at once, and from the first one on that is not, all in a thread.

    To hand over to a thread costs more than to copy a piece, and a recording that was just written or looked at is
    nearly always in memory. One that is not gets there piece by piece as it is read; but a read that may not wait
    for a page still asks the disk for those that follow, and waits when a busy disk takes no more requests.
    """

    def __init__(self, descriptor: int, opened_as: FileStamp, buffers: Buffers) -> None:
        self._descriptor = descriptor
        self.opened_as = opened_as
        self._buffers = buffers
        self._offset = 0
        self._is_in_memory = True
        self._in_thread: asyncio.Future[int] | None = None

    @classmethod
    async def open(cls, readable: Readable, buffers: Buffers) -> _PageCacheFile:
        descriptor, opened_as = await open_in_thread(
            lambda: _open_with_read_ahead(readable), lambda opened: os.close(opened[0])
        )
        return cls(descriptor, opened_as, buffers)

    async def read(self) -> memoryview:
        piece = self._from_memory() if self._is_in_memory else None
        if piece is None:
            piece = await self._from_disk()
        self._offset += len(piece)
        return piece

    def _from_memory(self) -> memoryview | None:
        buffer = self._buffers.take(_CACHED_PIECE)
        try:
            return buffer[: os.preadv(self._descriptor, [buffer], self._offset, os.RWF_NOWAIT)]
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EOPNOTSUPP):
                raise
        self._is_in_memory = False
        return None

    async def _from_disk(self) -> memoryview:
        buffer = self._buffers.take(_THREAD_PIECE)
        loop = asyncio.get_running_loop()
        self._in_thread = loop.run_in_executor(None, os.preadv, self._descriptor, [buffer], self._offset)
        return buffer[: await asyncio.shield(self._in_thread)]

    async def stamp(self) -> FileStamp:
        return await in_thread(FileStamp.of, self._descriptor)

    async def close(self) -> None:
        if self._in_thread is None or self._in_thread.done():
            os.close(self._descriptor)
        else:
            # A thread still reads: the descriptor's number must not be given to another file under it.
            self._in_thread.add_done_callback(self._close_late)

    def _close_late(self, read: asyncio.Future[int]) -> None:
        if not read.cancelled():
            read.exception()
        os.close(self._descriptor)


class _ThreadedFile:
    """Reads every piece in a thread, the next one while the present one is sent."""

    def __init__(self, file: Any, opened_as: FileStamp) -> None:
        self._file = file
        self.opened_as = opened_as
        self._ahead: asyncio.Task[bytes] | None = None

    @classmethod
    async def open(cls, readable: Readable) -> _ThreadedFile:
        file, opened_as = await open_in_thread(
            lambda: _open_unbuffered(readable), lambda opened: close_quietly(opened[0])
        )
        return cls(wrap(file), opened_as)

    async def read(self) -> bytes:
        # Shielded: to cancel it would not stop the thread, but hide that it still reads.
        piece = await asyncio.shield(self._ahead or self._begun())
        if piece:
            self._ahead = self._begun()
        return piece

    def _begun(self) -> asyncio.Task[bytes]:
        self._ahead = asyncio.create_task(self._file.read(_THREAD_PIECE))
        return self._ahead

    async def stamp(self) -> FileStamp:
        return await in_thread(FileStamp.of, self._file.fileno())

    async def close(self) -> None:
        await finish(self._close_after_last_read(), within=LONGEST_LAST_CALL)

    async def _close_after_last_read(self) -> None:
        if self._ahead is not None:
            # A thread cannot be stopped, and a file must not be closed under it.
            await finish(self._ahead)
        await self._file.close()


def _open_unbuffered(readable: Readable) -> tuple[IO[bytes], FileStamp]:
    source = os.dup(readable) if isinstance(readable, int) else readable
    file = open(source, "rb", buffering=0)  # noqa: SIM115 - closed by whom it is returned to
    try:
        file.seek(0)
        return file, FileStamp.of(file.fileno())
    except OSError:
        file.close()
        raise


def _open_with_read_ahead(readable: Readable) -> tuple[int, FileStamp]:
    descriptor = os.dup(readable) if isinstance(readable, int) else os.open(readable, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _read_ahead(descriptor)
        return descriptor, FileStamp.of(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _read_ahead(descriptor: int) -> None:
    # Advice only: some file systems take none.
    with suppress(OSError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        os.posix_fadvise(descriptor, 0, _READ_AHEAD, os.POSIX_FADV_WILLNEED)
