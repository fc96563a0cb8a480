"""A file is read in pieces that share memory, as long as nobody keeps one."""

import errno
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aoai_async.transport import reading
from aoai_async.transport.reading import Buffers, FileStamp, OpenFile, open_file
from aoai_async.transport.sources import FileSource
from aoai_async.transport.threads import in_thread

PIECES = [bytes([number]) * 128 * 1024 for number in range(4)]

pytestmark = pytest.mark.skipif(not reading.can_tell_cached_pages(), reason="this system reads in threads")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"".join(PIECES))
    return path


@pytest.fixture
async def file(path: Path) -> AsyncIterator[OpenFile]:
    opened = await open_file(path, Buffers())
    yield opened
    await opened.close()


async def test_a_piece_that_is_kept_stays_what_it_was(file: OpenFile) -> None:
    """A socket may keep a piece, or a part of one, that it could not send at once: nothing is read over it."""
    kept = []
    while piece := await file.read():
        kept.append(memoryview(piece)[1:])
    assert [bytes(part) for part in kept] == [piece[1:] for piece in PIECES]


async def test_a_piece_that_nobody_keeps_is_read_over(file: OpenFile) -> None:
    """One buffer serves for a whole file, so that an upload needs no more memory than that."""
    buffers = set()
    while piece := await file.read():
        assert isinstance(piece, memoryview)
        buffers.add(id(piece.obj))
        del piece
    assert len(buffers) == 1


async def test_a_piece_that_was_let_go_of_is_read_over_before_the_next_one_is_asked_for(path: Path) -> None:
    """Of many uploads that wait for their turn, none keeps a buffer from the others meanwhile."""
    buffers = Buffers()
    async with aclosing(FileSource(path, "talk", await in_thread(_stamp, path), buffers).pieces()) as pieces:
        piece = await anext(pieces)
        assert isinstance(piece, memoryview)
        buffer = piece.obj
        del piece
        assert buffers.take(len(PIECES[0])).obj is buffer


def _stamp(path: Path) -> FileStamp:
    with path.open("rb") as file:
        return FileStamp.of(file.fileno())


@pytest.mark.parametrize("in_threads", [False, True])
async def test_a_file_that_tells_nothing_is_closed(
    path: Path, monkeypatch: pytest.MonkeyPatch, in_threads: bool
) -> None:
    """On a network disk a file may be gone the moment it is open: the error is told, and no descriptor is left."""
    looked_at: list[int] = []

    def is_gone(descriptor: int) -> NoReturn:
        looked_at.append(descriptor)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(FileStamp, "of", is_gone)
    if in_threads:
        monkeypatch.setattr(reading, "can_tell_cached_pages", lambda: False)
    with pytest.raises(OSError, match="Stale"):
        await open_file(path, Buffers())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(*looked_at)


async def test_a_file_that_is_not_in_memory_is_left_to_threads(file: OpenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first piece that would have to be waited for, the loop asks no more whether one is there."""
    asked: list[tuple[int, bool]] = []
    read = os.preadv

    def second_is_missing(descriptor: int, buffers: Any, offset: int, flags: int = 0) -> int:
        asked.append((offset, bool(flags & os.RWF_NOWAIT)))
        if flags and offset:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return read(descriptor, buffers, offset, flags)

    monkeypatch.setattr(os, "preadv", second_is_missing)
    sent = b""
    while piece := await file.read():
        sent += piece
    assert sent == b"".join(PIECES)
    first, size = len(PIECES[0]), sum(map(len, PIECES))
    assert asked[:3] == [(0, True), (first, True), (first, False)]
    assert [is_asked for _, is_asked in asked[3:]] == [False] * len(asked[3:])
    assert asked[-1] == (size, False)
