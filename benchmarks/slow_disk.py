"""A slow disk, simulated inside the measured process.

Every read of the recordings by way of `os.read`, `os.pread`, `os.preadv`, `os.sendfile` and files opened with `open`
sleeps in its thread, as a read from a slow disk does: 2 ms, and 10 ms a megabyte. A read that may not wait
(``RWF_NOWAIT``) is told that nothing is in memory. What is simulated is the waiting alone; the bytes come from the
page cache, no two reads disturb each other, and nothing is read ahead. Programs other than Python are not slowed, so
curl cannot take part. A run whose reads went past the simulation fails.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

__all__ = ["ReadPastSimulationError", "simulated"]

_SECONDS_A_READ = 0.002
_SECONDS_A_BYTE = 1e-8


class ReadPastSimulationError(Exception):
    """The recordings were read in a way that the simulation does not know."""


@define
class _Disk:
    """What is slow, and how many bytes were read slowly."""

    inodes: frozenset[int]
    count: int = 0

    def holds(self, descriptor: int) -> bool:
        return os.fstat(descriptor).st_ino in self.inodes

    def wait(self, count: int) -> None:
        self.count += count
        time.sleep(_SECONDS_A_READ + count * _SECONDS_A_BYTE)


@contextmanager
def simulated(files: Collection[Path]) -> Iterator[None]:
    """Read the files slowly; one entry for each time that a file is going to be read."""
    disk = _Disk(frozenset(file.stat().st_ino for file in files))
    with ExitStack() as stack:
        for module, name, slow in (
            (os, "read", _slowed(disk, os.read)),
            (os, "pread", _slowed(disk, os.pread)),
            (os, "preadv", _slowed_preadv(disk)),
            (os, "sendfile", _slowed(disk, os.sendfile, position=1)),
            (io, "open", _slowed_open(disk)),
            (builtins, "open", _slowed_open(disk)),
        ):
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, slow)
        yield
    least = sum(file.stat().st_size for file in files)
    if disk.count < least:
        raise ReadPastSimulationError(f"only {disk.count:,} of {least:,} bytes were read slowly")


def _slowed(disk: _Disk, read: Callable[..., Any], position: int = 0) -> Callable[..., Any]:
    def slow(*arguments: Any) -> Any:
        result = read(*arguments)
        if disk.holds(arguments[position]):
            disk.wait(result if isinstance(result, int) else len(result))
        return result

    return slow


def _slowed_preadv(disk: _Disk) -> Callable[..., int]:
    may_wait = _slowed(disk, os.preadv)

    def slow(descriptor: int, buffers: Any, offset: int, flags: int = 0) -> int:
        if flags & os.RWF_NOWAIT and disk.holds(descriptor):
            raise BlockingIOError(errno.EAGAIN, "not in memory")
        return int(may_wait(descriptor, buffers, offset, flags))

    return slow


def _slowed_open(disk: _Disk) -> Callable[..., Any]:
    fast = io.open

    class SlowFile(io.FileIO):
        def readinto(self, buffer: Any) -> int:
            count = super().readinto(buffer) or 0
            disk.wait(count)
            return count

        def readall(self) -> bytes:
            content = super().readall()
            disk.wait(len(content))
            return content

        def read(self, size: int | None = -1) -> bytes:
            if size is None or size < 0:
                return self.readall()
            content = super().read(size) or b""
            disk.wait(len(content))
            return content

    def slow(file: Any, mode: str = "r", buffering: int = -1, *arguments: Any, **options: Any) -> Any:
        opened = fast(file, mode, buffering, *arguments, **options)
        if mode != "rb" or not disk.holds(opened.fileno()):
            return opened
        opened.close()
        raw = SlowFile(file, "rb")
        return raw if buffering == 0 else io.BufferedReader(raw)

    return slow
