"""The one process of many that listens on a path."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

import anyio
from attrs import define, field

from aoai_async.transport.threads import finish, in_thread, open_in_thread

__all__ = ["LONGEST_PATH", "Listener"]

LONGEST_PATH = 100
"""Bytes in the path of a socket; systems allow 103 or a little more."""

_OWNER_ONLY = 0o600


@define(eq=False)
class Listener:
    """A socket on a path, where one process at a time listens, however the last one ended.

    Who has the lock of a file beside it listens. The system takes the lock from a process that ends in any way, and
    only who has it touches the socket's file, so a dead one is replaced and no two can want to do it at once. The
    file of the lock stays.

    Attributes:
        path: Where it listens.
    """

    path: Path
    _lock: int = field(repr=False)
    _socket: socket.socket = field(repr=False)

    @classmethod
    async def claimed(cls, path: Path) -> Self | None:
        """Listen on a path, or return None when another one has the lock; raises `OSError`."""
        return await open_in_thread(lambda: cls._claimed(path), lambda late: None if late is None else late.release())

    @classmethod
    def _claimed(cls, path: Path) -> Self | None:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cls(path, lock, _listening(path))
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise

    async def accept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Wait for the next process that comes, as long as it takes; raises `OSError`."""
        return await asyncio.open_unix_connection(sock=await self._accepted())

    async def _accepted(self) -> socket.socket:
        # Not `sock_accept` of the loop: cancelled in the turn in which someone comes, it loses the connection.
        while True:
            with suppress(BlockingIOError):
                connection, _ = self._socket.accept()
                connection.setblocking(False)
                return connection
            await anyio.wait_readable(self._socket)

    async def close(self) -> None:
        """Let another process listen; also when cancelled."""
        await finish(in_thread(self.release))

    def release(self) -> None:
        """Let another process listen, from a thread."""
        self._socket.close()
        self.path.unlink(missing_ok=True)
        os.close(self._lock)


def _listening(path: Path) -> socket.socket:
    if path.is_socket():
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        # Nobody can connect before it listens.
        path.chmod(_OWNER_ONLY)
        listening.listen()
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
