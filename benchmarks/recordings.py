"""The recordings that are uploaded, in the page cache or not."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.model import Load

__all__ = ["NotEvictedError", "evict", "make", "recordings", "warm_up_recording"]

_BLOCK = 4_000_000
_WARM_UP_BYTES = 100_000


class NotEvictedError(Exception):
    """The file system keeps files in memory."""


def recordings(folder: Path, load: Load) -> list[Path]:
    """Return the file of each call: one for all of them, or one for each when none may be in memory."""
    if load.disk == "evicted":
        return [folder / f"{load.kilobytes}-{number}.mp3" for number in range(load.count)]
    return [folder / f"{load.kilobytes}.mp3"] * load.count


def warm_up_recording(folder: Path) -> Path:
    """Return the file of the calls that do not count."""
    return folder / "warm-up.mp3"


def make(folder: Path, load: Load) -> None:
    """Write the files that are not there yet, to the disk itself."""
    _write(warm_up_recording(folder), _WARM_UP_BYTES)
    for file in set(recordings(folder, load)):
        _write(file, load.kilobytes * 1000)


def _write(file: Path, size: int) -> None:
    if file.exists():
        return
    with file.open("wb") as target:
        for block in _blocks(size):
            target.write(block)
        target.flush()
        os.fsync(target.fileno())


def _blocks(size: int) -> Iterator[bytes]:
    block = os.urandom(min(size, _BLOCK))
    for start in range(0, size, _BLOCK):
        yield block[: size - start]


def evict(file: Path) -> None:
    """Take a file out of the page cache; raises `NotEvictedError` if any of it stays."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY) as pages:
            kept = _pages_in_memory(pages)
    finally:
        os.close(descriptor)
    if kept:
        raise NotEvictedError(f"{kept} pages of {file.name} stay in memory: this file system cannot evict")


def _pages_in_memory(pages: mmap.mmap) -> int:
    # Only mincore looks without touching: a read that may not wait starts a read-ahead all the same.
    found = (ctypes.c_ubyte * (len(pages) // mmap.PAGESIZE + 1))()
    view = ctypes.c_char.from_buffer(pages)
    try:
        if ctypes.CDLL(None).mincore(ctypes.byref(view), ctypes.c_size_t(len(pages)), found) != 0:
            raise NotEvictedError("mincore is not there to tell")
    finally:
        del view
    return sum(page & 1 for page in found)
