"""Sources of an upload: each knows its size, opens itself anew for each attempt, and notices changes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from aoai_async.errors import UploadSourceError
from aoai_async.transport.gate import Gate
from aoai_async.transport.reading import Buffers, FileStamp, OpenFile, Pieces, Readable, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BytesSource", "FileSource", "Readings", "Source", "StreamSource"]

_PIECE = 256 * 1024


class Readings:
    """What the uploads of a client share.

    Attributes:
        buffers: The memory into which files are read.
        starts: Through which they go on when a thread has looked at their file.
        turns: Through which they go on after each 256 KiB.
    """

    def __init__(self) -> None:
        self.buffers = Buffers()
        self.starts = Gate(1)
        self.turns = Gate(1)
        self._claimed: set[int] = set()

    @contextmanager
    def claim(self, stream: object) -> Iterator[None]:
        """Hold an open file or stream for one upload; raises `UploadSourceError` while another one holds it."""
        if id(stream) in self._claimed:
            raise UploadSourceError(
                "This open file or stream is already being uploaded by another call; open it once for each, "
                "or pass its path"
            )
        self._claimed.add(id(stream))
        try:
            yield
        finally:
            self._claimed.discard(id(stream))


class Source(Protocol):
    """A recording that is ready to be sent."""

    @property
    def size(self) -> int:
        """Its length in bytes."""
        ...

    @property
    def is_sendable(self) -> bool:
        """Whether its bytes can be had from the beginning, now or once more."""
        ...

    def pieces(self) -> Pieces:
        """Yield its bytes from the beginning, 256 KiB at the most; more or fewer than `size` if it changed."""
        ...


@define
class BytesSource:
    """A recording in memory."""

    content: memoryview

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.content.nbytes

    @property
    def is_sendable(self) -> bool:
        """Always true: bytes stay where they are."""
        return True

    async def pieces(self) -> AsyncGenerator[memoryview, None]:
        """Yield the bytes in slices."""
        for piece in _pieces(self.content):
            yield piece


@define
class FileSource:
    """A recording on disk, told by its path or by a descriptor that stays open meanwhile."""

    readable: Readable
    label: str
    stamp: FileStamp
    buffers: Buffers = field(repr=False)

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.stamp.size

    @property
    def is_sendable(self) -> bool:
        """Always true: a file can be read again."""
        return True

    def pieces(self) -> Pieces:
        """Yield the file's bytes; raises `UploadSourceError` if it changed since it was looked at."""
        return _FilePieces(self)

    def check(self, now: FileStamp) -> None:
        """Raise `UploadSourceError` if the file is not as it was when it was looked at."""
        if now != self.stamp:
            raise UploadSourceError(
                f"{self.label} was changed while it was sent (it had {self.stamp.size:,} bytes, now {now.size:,}); "
                "send it when nobody writes to it any more"
            )


class _FilePieces:
    """Not a generator: that would hold a piece, and so its buffer, until it is asked for the next one."""

    def __init__(self, source: FileSource) -> None:
        self._source = source
        self._file: OpenFile | None = None

    def __aiter__(self) -> _FilePieces:
        return self

    async def __anext__(self) -> bytes | memoryview:
        file = self._file or await self._opened()
        try:
            if piece := await file.read():
                return piece
            self._source.check(await file.stamp())
        except OSError as error:
            raise UploadSourceError(f"{self._source.label} cannot be read: {error.strerror or error}") from error
        raise StopAsyncIteration

    async def _opened(self) -> OpenFile:
        try:
            self._file = await open_file(self._source.readable, self._source.buffers)
        except OSError as error:
            raise UploadSourceError(
                f"{self._source.label} can no longer be opened: {error.strerror or error}"
            ) from error
        self._source.check(self._file.opened_as)
        return self._file

    async def aclose(self) -> None:
        if self._file is not None:
            await self._file.close()


@define
class StreamSource:
    """A handle, a stream, or a function that opens one.

    Attributes:
        start: Begins a reading from the first byte.
        size: The length in bytes, as told by the stream or its owner.
        is_repeatable: Whether `start` can be called more than once.
    """

    start: Callable[[], Pieces]
    size: int
    is_repeatable: bool
    _has_begun: bool = field(default=False, init=False)

    @property
    def is_sendable(self) -> bool:
        """Whether `start` gives all bytes: a one-shot stream does so until its first byte is taken."""
        return self.is_repeatable or not self._has_begun

    async def pieces(self) -> AsyncGenerator[memoryview, None]:
        """Yield the stream's bytes; raises `UploadSourceError` if they were taken before."""
        if not self.is_sendable:
            raise UploadSourceError("The stream is spent: its first bytes were taken by an earlier attempt")
        async with aclosing(self.start()) as pieces:
            async for piece in pieces:
                self._has_begun = True
                for part in _pieces(piece):
                    yield part


def _pieces(content: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(content)
    return (view[start : start + _PIECE] for start in range(0, len(view), _PIECE))
