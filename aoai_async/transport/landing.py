"""Files that appear whole or not at all: a temporary name beside the place, then a rename."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attrs import define, field

from aoai_async.errors import InvalidInputError, PictureError
from aoai_async.transport.threads import close_quietly, finish, in_thread, open_in_thread
from aoai_async.wire.pictures import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Landing", "landing_beside"]


@define
class Landing:
    """A file under its temporary name.

    Attributes:
        beginning: Its first bytes, at least 12 of them once they are written.
    """

    _file: IO[bytes]
    _temporary: Path
    beginning: bytes = field(default=b"", init=False)
    _is_settled: bool = field(default=False, init=False)

    async def write(self, piece: bytes) -> None:
        """Append to the file, in a thread; raises `PictureError`, for example when the disk is full."""
        try:
            await in_thread(self._file.write, piece)
        except OSError as error:
            raise PictureError(f"The picture cannot be written: {error.strerror}") from error
        if len(self.beginning) < SIGNATURE:
            self.beginning += piece[:SIGNATURE]

    async def settle(self, path: Path) -> Path:
        """Give the file its name, in place of any file that had it; raises `PictureError`."""
        try:
            await in_thread(_close_and_rename, self._file, self._temporary, path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PictureError(f"The picture cannot be saved as {str(path)!r}: {reason}") from error
        self._is_settled = True
        return path

    def discard(self) -> None:
        """Remove the file, unless it was given its name."""
        if not self._is_settled:
            _remove(self._file, self._temporary)


@asynccontextmanager
async def landing_beside(path: Path) -> AsyncIterator[Landing]:
    """Open a file under a temporary name in the folder of `path`, and remove it unless it is settled.

    Raises:
        InvalidInputError: The folder does not exist, or does not take files, or `path` is a folder itself.
    """
    try:
        temporary = path.with_name(f".{secrets.token_hex(8)}.part")
        file = await open_in_thread(lambda: _open_new(path, temporary), lambda file: _remove(file, temporary))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{str(path)!r} cannot be written: {reason}", field="path") from None
    landing = Landing(file, temporary)
    try:
        yield landing
    finally:
        await finish(in_thread(landing.discard))


def _open_new(path: Path, temporary: Path) -> IO[bytes]:
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder; add a file name")
    return temporary.open("xb")


def _close_and_rename(file: IO[bytes], temporary: Path, path: Path) -> None:
    file.close()
    os.replace(temporary, path)


def _remove(file: IO[bytes], temporary: Path) -> None:
    close_quietly(file)
    with suppress(OSError):
        temporary.unlink()
