"""The forms in which what was heard is written, and what to ask of the service for them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aoai_async.errors import AzureOpenAIError, BadRequestError, InvalidInputError
from aoai_async.wire.convert import as_dict
from aoai_async.wire.subtitles import cues_of, srt, tsv, vtt

__all__ = ["Writer", "asked_format", "format_instead", "writers_for"]

Writer = Callable[[Any, Path, Path], str]
"""Makes a file's text of an answer; it is told where the recording and the file lie."""


def asked_format(formats: Collection[str]) -> str:
    """Return what to ask for: the one answer from which all formats can be made, or the text where it is enough."""
    return "text" if set(formats) == {"text"} else "verbose_json"


def format_instead(error: AzureOpenAIError | None, formats: Collection[str]) -> str | None:
    """Return what else to ask for after an error that says the deployment refuses the format asked for.

    Raises:
        InvalidInputError: It refuses the format, and what it gives is not enough.
    """
    if not (isinstance(error, BadRequestError) and "response_format" in f"{error.param} {error.message}"):
        return None
    if set(formats) <= {"text", "json"}:
        return "json"
    raise InvalidInputError(
        f"{error.message} Without verbose_json there are no times: take --format text,json, or a deployment of whisper",
        field="response_format",
    )


def writers_for(formats: Collection[str], *, is_page_wanted: bool) -> dict[str, Writer]:
    """Return what writes each of the formats, by the endings of the files."""
    writers = {_ending(name, formats): _WRITERS[name] for name in formats}
    return {**writers, ".html": _page} if is_page_wanted else writers


def _ending(name: str, formats: Collection[str]) -> str:
    return ".verbose.json" if name == "verbose_json" and "json" in formats else _ENDINGS[name]


def _said(answer: Any) -> str:
    return (answer if isinstance(answer, str) else answer.text).strip()


def _indented(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _page(answer: Any, recording: Path, place: Path) -> str:
    # Loaded when a page is asked for; nothing else needs it.
    pages = import_module("aoai_async.cli.pages.transcript")
    page: str = pages.transcript_page(title=recording.name, recording=_address(recording, place.parent), answer=answer)
    return page


def _address(recording: Path, folder: Path) -> str:
    return quote(os.fsencode(os.path.relpath(recording, folder)))


_ENDINGS = {
    "text": ".txt",
    "srt": ".srt",
    "vtt": ".vtt",
    "tsv": ".tsv",
    "json": ".json",
    "verbose_json": ".json",
}
_WRITERS: dict[str, Writer] = {
    "text": lambda answer, *_: _said(answer) + "\n",
    "srt": lambda answer, *_: srt(cues_of(answer)),
    "vtt": lambda answer, *_: vtt(cues_of(answer)),
    "tsv": lambda answer, *_: tsv(cues_of(answer)),
    "json": lambda answer, *_: _indented({"text": _said(answer)}),
    "verbose_json": lambda answer, *_: _indented(as_dict(answer)),
}
