"""Files that this command made, and the ledger by which it knows them from those of others."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from attrs import astuple, define, field, frozen

from aoai_async.cli.whole import write_whole

__all__ = ["Ledger"]


@frozen
class _Mark:
    """That a file was written: of which recording, with what in it, and how it looked then."""

    recording: str
    digest: str
    size: int
    modified: int

    def fits(self, status: os.stat_result) -> bool:
        return (self.size, self.modified) == (status.st_size, status.st_mtime_ns)


@define(eq=False)
class Ledger:
    """Which files were made of which recordings: JSON lines, only ever appended to.

    Attributes:
        path: Where it lies. Paths in it are relative to the folder `base`, so that all of it can be moved together.
        base: The folder of the outputs.
    """

    path: Path
    base: Path
    _marks: dict[str, list[_Mark]] = field(factory=dict, init=False, repr=False)

    @classmethod
    def opened(cls, path: Path, base: Path) -> Self:
        """Return the ledger of earlier runs; what a killed run had no time to finish is ignored. Raises `OSError`."""
        ledger = cls(path, base)
        with suppress(FileNotFoundError):
            for line in path.read_bytes().splitlines():
                ledger._read(line)
        return ledger

    def was_written(self, place: Path, content: bytes) -> bool:
        """Tell whether this is what was last written to a file that is there, even if somebody changed it since.

        A file that still is as it was written before that does not count: the run was killed before it was replaced.
        """
        marks = self._marks.get(self._name(place), [])
        if not marks or marks[-1].digest != _digest(content) or not os.path.lexists(place):
            return False
        status = os.lstat(place)
        return marks[-1].fits(status) or not any(mark.fits(status) for mark in marks)

    def is_known(self, place: Path, recording: Path) -> bool:
        """Tell whether a file was ever made of a recording, even if somebody changed it since."""
        return any(mark.recording == self._name(recording) for mark in self._marks.get(self._name(place), ()))

    def is_untouched(self, place: Path, recording: Path) -> bool:
        """Tell whether a file is as it was made of a recording. Raises `OSError`."""
        status, maker = os.lstat(place), self._name(recording)
        return any(mark.recording == maker and mark.fits(status) for mark in self._marks.get(self._name(place), ()))

    def write(self, place: Path, content: bytes, recording: Path) -> None:
        """Write a file, whole or not at all, and know it from then on. Raises `OSError`.

        It is known before it appears under its name, so that a killed run leaves no file that nobody made.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, content, lambda status: self._note(place, content, recording, status))

    def _note(self, place: Path, content: bytes, recording: Path, status: os.stat_result) -> None:
        mark = _Mark(self._name(recording), _digest(content), status.st_size, status.st_mtime_ns)
        line = json.dumps([self._name(place), *astuple(mark)])
        with self.path.open("ab") as file:
            # The newline comes first, so that half a line of a killed run spoils no other.
            file.write(f"\n{line}".encode())
        self._marks.setdefault(self._name(place), []).append(mark)

    def _read(self, line: bytes) -> None:
        with suppress(ValueError, TypeError):
            name, *mark = json.loads(line)
            self._marks.setdefault(name, []).append(_Mark(*mark))

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self.base)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
