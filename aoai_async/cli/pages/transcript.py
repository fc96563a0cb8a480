"""The page of one recording: its player, and what was said in it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from attrs import astuple

from aoai_async.cli.pages.assembling import assembled
from aoai_async.cli.pages.languages import language_code
from aoai_async.cli.pages.passages import passages_of
from aoai_async.wire.subtitles import cues_of, srt, vtt

if TYPE_CHECKING:
    from aoai_async.schema.audio import AudioVerboseResponse

__all__ = ["transcript_page"]


def transcript_page(*, title: str, recording: str, answer: AudioVerboseResponse) -> str:
    """Return the page of a recording as one HTML file.

    Args:
        title: The heading, as plain text; subtitles that are downloaded are named by it.
        recording: The recording's address, relative to the page, each part of its path percent-encoded.
        answer: What was heard; without segments or words with times the text alone is shown.
    """
    passages = [dict(zip(("start", "end", "parts"), astuple(passage), strict=True)) for passage in passages_of(answer)]
    data = {
        "recording": recording,
        "lang": "en" if answer.task == "translate" else language_code(answer.language),
        "facts": [fact for fact in _facts(answer) if fact],
        "passages": passages,
        "downloads": _downloads(PurePosixPath(title).stem, answer),
    }
    return assembled("transcript", title=title, data=data)


def _facts(answer: AudioVerboseResponse) -> list[str]:
    is_translated = answer.task == "translate"
    return [
        "translated into English" if is_translated else (answer.language or "").capitalize(),
        _length(answer.duration),
        f"{len(answer.text.split()):,} words",
    ]


def _length(duration: float | None) -> str:
    if duration is None:
        return ""
    minutes, seconds = divmod(round(duration), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _downloads(stem: str, answer: AudioVerboseResponse) -> list[dict[str, Any]]:
    cues = cues_of(answer)
    texts = [("srt", "application/x-subrip", srt(cues)), ("vtt", "text/vtt", vtt(cues))] if cues else []
    return [{"name": f"{stem}.{ending}", "type": kind, "text": text} for ending, kind, text in texts]
