"""A folder of its own on disk, for uploads and pictures; nothing in it outlives the emulator."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from anyio import to_thread

__all__ = ["Spool"]


class Spool:
    """Owns a temporary folder, removed with all that is in it by `aclose`.

    Args:
        folder: The temporary folder; make it with `Spool.open`.
    """

    def __init__(self, folder: "tempfile.TemporaryDirectory[str]") -> None:
        self._folder = folder

    @classmethod
    async def open(cls, parent: str | Path | None) -> "Spool":
        """Make the folder, inside `parent` or where the system keeps temporary files.

        Raises:
            OSError: It cannot be made there.
        """
        return cls(await to_thread.run_sync(lambda: tempfile.TemporaryDirectory(prefix="aoai-emulator-", dir=parent)))

    async def aclose(self) -> None:
        """Remove the folder."""
        await to_thread.run_sync(self._folder.cleanup)

    def new_path(self, suffix: str) -> Path:
        """The path of a file that does not exist yet."""
        return Path(self._folder.name, uuid4().hex + suffix)

    async def write(self, path: Path, data: bytes) -> None:
        """Write a whole file."""
        await to_thread.run_sync(path.write_bytes, data)

    async def remove(self, paths: Iterable[Path]) -> None:
        """Remove files, if they are there."""
        await to_thread.run_sync(_unlink, list(paths))


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
