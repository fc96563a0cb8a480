"""Names of recordings: the service judges a recording's format by the ending of its name."""

from __future__ import annotations

import re
import unicodedata

from aoai_async.errors import InvalidInputError

__all__ = ["RECORDING_ENDINGS", "checked_recording_name", "harmless_name", "sniffed_name"]

RECORDING_ENDINGS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")

_LONGEST_NAME = 100
_LONGEST_ENDING = 10
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]+")
_SIGNATURES = (
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"....ftypM4A", re.DOTALL), "m4a"),
    (re.compile(rb"....ftyp", re.DOTALL), "mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "webm"),
    (re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfd]"), "mp3"),
    (re.compile(rb"\x00\x00\x01[\xba\xb3]"), "mpeg"),
)


def checked_recording_name(name: str) -> str:
    """Return `name` if its ending is one the service takes.

    Raises:
        InvalidInputError: It is not; the message says which ones are.
    """
    stem, _, ending = _base(name).rpartition(".")
    if stem and ending.lower() in RECORDING_ENDINGS:
        return name
    if ending.lower() == "opus":
        hint = f"the same bytes pass under another name: file=({stem + '.ogg'!r}, ...)"
    else:
        hint = f"name it as what it is, one of {', '.join(RECORDING_ENDINGS)}: file=('talk.mp3', ...)"
    raise InvalidInputError(
        f"The service judges a recording by the ending of its name, and does not take {_base(name)!r}; {hint}",
        field="file",
    )


def sniffed_name(beginning: bytes) -> str:
    """Return a name for a recording that has none, by its first bytes (12 are enough).

    Raises:
        InvalidInputError: They are of no known kind.
    """
    for signature, ending in _SIGNATURES:
        if signature.match(beginning):
            return f"audio.{ending}"
    raise InvalidInputError(
        "These bytes have no name and begin like no recording the service takes; name them: file=('talk.mp3', data)",
        field="file",
    )


def harmless_name(name: str) -> str:
    """Return a name that means the same in every parser: plain ASCII, no quotes, at most 100 characters."""
    plain = unicodedata.normalize("NFKD", _base(name)).encode("ascii", "ignore").decode()
    stem, _, ending = _UNSAFE.sub("_", plain).rpartition(".")
    ending = ending[:_LONGEST_ENDING]
    safe = stem.strip(" .")[: _LONGEST_NAME - len(ending) - 1].rstrip(" .")
    return f"{safe or 'audio'}.{ending}"


def _base(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]
