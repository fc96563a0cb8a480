"""Reading a file from disk in pieces without ever blocking the event loop."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Protocol

from aiofiles.threadpool import wrap
from attrs import frozen

from aoai_async.transport.threads import close_quietly, finish, in_thread, open_in_thread

if TYPE_CHECKING:
    from aoai_async.transport.gate import Gate

__all__ = ["Buffers", "FileStamp", "OpenFile", "Pieces", "Readable", "can_tell_cached_pages", "open_file"]

_CACHED_PIECE = 128 * 1024
_THREAD_PIECE = 256 * 1024
_READ_AHEAD = 8 * 2**20
_LONGEST_LAST_READ = 5.0
_MOST_KEPT = 8

Readable = str | os.PathLike[str] | int
Pieces = AsyncGenerator[bytes | memoryview, None]


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

    def pieces(self) -> Pieces:
        """Yield the file's bytes from its beginning to its end."""
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
        fitting = (buffer for buffer in self._kept if len(buffer) == size)
        return memoryview(next(filter(_is_free, fitting), None) or self._new(size))

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


async def open_file(readable: Readable, buffers: Buffers, gate: Gate) -> OpenFile:
    """Open a path, or a descriptor, which stays the caller's; raises `OSError`.

    Args:
        readable: What to open.
        buffers: The memory to read into.
        gate: Through which it goes on after each piece; one that is read in threads alone goes on without.
    """
    if can_tell_cached_pages():
        return await _PageCacheFile.open(readable, buffers, gate)
    return await _ThreadedFile.open(readable)


class _PageCacheFile:
    """Reads pages that are in memory at once, and from the first one on that is not, all in a thread.

    To hand over to a thread costs more than to copy a piece, and a recording that was just written or looked at is
    nearly always in memory. One that is not gets there piece by piece as it is read; but a read that may not wait
    for a page still asks the disk for those that follow, and waits when a busy disk takes no more requests.
    """

    def __init__(self, descriptor: int, opened_as: FileStamp, buffers: Buffers, gate: Gate) -> None:
        self._descriptor = descriptor
        self.opened_as = opened_as
        self._buffers = buffers
        self._gate = gate
        self._is_in_memory = True
        self._in_thread: asyncio.Future[int] | None = None

    @classmethod
    async def open(cls, readable: Readable, buffers: Buffers, gate: Gate) -> _PageCacheFile:
        descriptor, opened_as = await open_in_thread(
            lambda: _open_with_read_ahead(readable), lambda opened: os.close(opened[0])
        )
        return cls(descriptor, opened_as, buffers, gate)

    async def pieces(self) -> Pieces:
        offset = 0
        while piece := await self._piece_at(offset):
            offset += len(piece)
            yield piece
            # Each hand a piece goes through lets go of it, or its buffer could not be used again meanwhile.
            del piece
            await self._gate.enter()

    async def _piece_at(self, offset: int) -> memoryview:
        if self._is_in_memory:
            try:
                return self._from_memory(offset)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EOPNOTSUPP):
                    raise
            self._is_in_memory = False
        return await self._from_disk(offset)

    def _from_memory(self, offset: int) -> memoryview:
        buffer = self._buffers.take(_CACHED_PIECE)
        return buffer[: os.preadv(self._descriptor, [buffer], offset, os.RWF_NOWAIT)]

    async def _from_disk(self, offset: int) -> memoryview:
        buffer = self._buffers.take(_THREAD_PIECE)
        loop = asyncio.get_running_loop()
        self._in_thread = loop.run_in_executor(None, os.preadv, self._descriptor, [buffer], offset)
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

    async def pieces(self) -> Pieces:
        await self._file.seek(0)
        self._ahead = asyncio.create_task(self._file.read(_THREAD_PIECE))
        while piece := await self._ahead:
            self._ahead = asyncio.create_task(self._file.read(_THREAD_PIECE))
            yield piece

    async def stamp(self) -> FileStamp:
        return await in_thread(FileStamp.of, self._file.fileno())

    async def close(self) -> None:
        await finish(self._close_after_last_read(), within=_LONGEST_LAST_READ)

    async def _close_after_last_read(self) -> None:
        if self._ahead is not None:
            # A thread cannot be stopped, and a file must not be closed under it.
            await asyncio.wait([self._ahead])
        await self._file.close()


def _open_unbuffered(readable: Readable) -> tuple[IO[bytes], FileStamp]:
    source = os.dup(readable) if isinstance(readable, int) else readable
    file = open(source, "rb", buffering=0)  # noqa: SIM115 - closed by whom it is returned to
    return file, _stamp_or_close(file.fileno(), file.close)


def _open_with_read_ahead(readable: Readable) -> tuple[int, FileStamp]:
    descriptor = os.dup(readable) if isinstance(readable, int) else os.open(readable, os.O_RDONLY | os.O_CLOEXEC)
    # Advice only: some file systems take none.
    with suppress(OSError):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        os.posix_fadvise(descriptor, 0, _READ_AHEAD, os.POSIX_FADV_WILLNEED)
    return descriptor, _stamp_or_close(descriptor, lambda: os.close(descriptor))


def _stamp_or_close(descriptor: int, close: Callable[[], object]) -> FileStamp:
    try:
        return FileStamp.of(descriptor)
    except OSError:
        close()
        raise
