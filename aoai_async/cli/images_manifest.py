"""The manifest: a line of JSON for each picture in a folder.

A line is added as soon as its picture is saved, so that a run that is killed leaves a true account; at the end of a
run the whole is written anew, in the order of the prompts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import asdict

from aoai_async.cli.images_records import Picture
from aoai_async.cli.whole import write_whole
from aoai_async.wire.convert import MalformedJSONError, UnfitError, decode_json, fit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["MANIFEST", "add_to_manifest", "read_manifest", "write_manifest"]

MANIFEST = "manifest.jsonl"


def read_manifest(folder: Path) -> dict[str, list[Picture]]:
    """Return the pictures a manifest tells of whose files are still there, by the ids of their jobs.

    Raises:
        OSError: It cannot be read.
    """
    try:
        lines = (folder / MANIFEST).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    latest = {(told.id, told.picture): told for told in map(_picture, lines) if told is not None}
    pictures: dict[str, list[Picture]] = {}
    for _, told in sorted(latest.items()):
        if (folder / told.file).is_file():
            pictures.setdefault(told.id, []).append(told)
    return pictures


def add_to_manifest(folder: Path, pictures: Iterable[Picture]) -> None:
    """Add pictures at the end; raises `OSError`."""
    with (folder / MANIFEST).open("ab+") as file:
        file.seek(max(0, file.tell() - 1))
        # After a run that was killed while it wrote, the last line may be half a line.
        is_torn = file.read() not in (b"", b"\n")
        file.write(b"\n" * is_torn + _lines(pictures))


def write_manifest(folder: Path, pictures: Iterable[Picture]) -> None:
    """Write the manifest anew, whole or not at all; raises `OSError`."""
    write_whole(folder / MANIFEST, _lines(pictures))


def _lines(pictures: Iterable[Picture]) -> bytes:
    return b"".join(json.dumps(asdict(picture)).encode() + b"\n" for picture in pictures)


def _picture(line: bytes) -> Picture | None:
    try:
        return fit(decode_json(line), Picture)
    except (MalformedJSONError, UnfitError):
        return None
