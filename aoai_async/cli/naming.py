"""Which files a recording becomes: never those of another one."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from aoai_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aoai_async.cli.recordings import Recording

__all__ = ["outputs_of"]


def outputs_of(
    recordings: Sequence[Recording], endings: Sequence[str], output_dir: Path | None
) -> list[dict[str, Path]]:
    """Return for each recording its outputs, by their endings.

    Only a name's last suffix is cut. Recordings that would have the same outputs keep their whole names, and those
    that still would, from several folders, keep the tree below the folder they share. The order of the recordings
    does not matter. Names that differ in case alone are the same, as they are on many disks.

    Raises:
        ConfigurationError: Even so two recordings would be written to the same file.
    """
    homes = [_home(recording, output_dir) for recording in recordings]
    named = list(zip(homes, recordings, strict=True))
    places = _apart(
        [home / recording.path.stem for home, recording in named], [home / r.path.name for home, r in named]
    )
    if output_dir is not None:
        places = _apart(places, [output_dir / inside for inside in _below_shared([r.path for r in recordings])])
    outputs = [{ending: place.with_name(place.name + ending) for ending in endings} for place in places]
    _check_apart(recordings, outputs)
    return outputs


def _home(recording: Recording, output_dir: Path | None) -> Path:
    return recording.path.parent if output_dir is None else output_dir / recording.inside.parent


def _apart(places: list[Path], others: list[Path]) -> list[Path]:
    """Move every place that is not alone to its other one, until none has to move."""
    while True:
        counts = Counter(map(_key, places))
        moved = [other if counts[_key(place)] > 1 else place for place, other in zip(places, others, strict=True)]
        if moved == places:
            return places
        places = moved


def _below_shared(paths: Sequence[Path]) -> list[Path]:
    absolute = [os.path.abspath(path) for path in paths]
    shared = os.path.commonpath([os.path.dirname(path) for path in absolute]) if absolute else ""
    return [Path(os.path.relpath(path, shared)) for path in absolute]


def _check_apart(recordings: Sequence[Recording], outputs: Sequence[dict[str, Path]]) -> None:
    makers: dict[str, Path] = {}
    for recording, places in zip(recordings, outputs, strict=True):
        for place in places.values():
            maker = makers.setdefault(_key(place), recording.path)
            if maker is not recording.path:
                raise ConfigurationError(
                    f"{str(maker)!r} and {str(recording.path)!r} would both be written to {str(place)!r}; "
                    "give them one after the other, with another --output-dir"
                )


def _key(place: Path) -> str:
    return unicodedata.normalize("NFC", os.path.abspath(place)).casefold()
