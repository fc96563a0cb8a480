"""From what stands on the command line to the recordings it means."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from aoai_async.errors import ConfigurationError
from aoai_async.wire.filenames import RECORDING_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Found", "Recording", "recordings_in"]


@frozen
class Recording:
    """A recording that was found.

    Attributes:
        path: Where it lies, as it was named.
        inside: Its place below the folder in which it was found; its name when it was named itself.
    """

    path: Path
    inside: Path


@frozen
class Found:
    """What the paths of a command line mean.

    Attributes:
        recordings: Each recording once, in the order of the paths, those of a folder sorted.
        empty: Folders without any.
        closed: Why folders could not be looked into.
    """

    recordings: list[Recording] = field(factory=list)
    empty: list[Path] = field(factory=list)
    closed: list[OSError] = field(factory=list)


def recordings_in(paths: Sequence[str], *, is_recursive: bool) -> Found:
    """Return the recordings that paths mean: files as they are, those in folders by their endings, globs.

    Hidden files of a folder are left alone, and links to folders in it are not followed.

    Raises:
        ConfigurationError: A path does not exist, or a glob matches nothing.
    """
    found = Found()
    seen: set[str] = set()
    for path in paths:
        for recording in _meant_by(path, found, is_recursive=is_recursive):
            # The same file, also where a glob went round a loop of links.
            real = os.path.join(os.path.realpath(recording.path.parent), recording.path.name)
            if real not in seen:
                seen.add(real)
                found.recordings.append(recording)
    return found


def _meant_by(path: str, found: Found, *, is_recursive: bool) -> list[Recording]:
    if os.path.isdir(path):
        return _within(Path(path), found, is_recursive=is_recursive)
    if os.path.lexists(path):
        return [Recording(Path(path), Path(os.path.basename(path)))]
    if glob.has_magic(path):
        return _matching(path)
    raise ConfigurationError(f"There is no {path!r}")


def _within(folder: Path, found: Found, *, is_recursive: bool) -> list[Recording]:
    listing = _tree(folder, found) if is_recursive else _names(folder, found)
    recordings = [Recording(folder / inside, inside) for inside in sorted(_recordings(listing))]
    if not recordings:
        found.empty.append(folder)
    return recordings


def _recordings(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if not path.name.startswith(".") and path.suffix[1:].lower() in RECORDING_ENDINGS)


def _names(folder: Path, found: Found) -> list[Path]:
    try:
        return [Path(name) for name in os.listdir(folder)]
    except OSError as error:
        found.closed.append(error)
        return []


def _tree(folder: Path, found: Found) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=found.closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(os.path.relpath(place, folder))
        yield from (inside / name for name in names)


def _matching(pattern: str) -> list[Recording]:
    matches = (Path(match) for match in glob.glob(pattern, recursive=True) if not os.path.isdir(match))
    fixed = _fixed_part(Path(pattern))
    recordings = [Recording(path, path.relative_to(fixed)) for path in sorted(_recordings(matches))]
    if not recordings:
        raise ConfigurationError(f"No recording matches {pattern!r}")
    return recordings


def _fixed_part(pattern: Path) -> Path:
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
