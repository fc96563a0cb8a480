"""Subtitles and tables of what was heard, in the forms that the service and whisper's own command give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aoai_async.schema.audio import AudioVerboseResponse

__all__ = ["Cue", "Timed", "cues_of", "srt", "tsv", "vtt"]

# 99:59:59,999: a recording that the service takes is shorter, and hours keep two digits.
_LATEST = 359_999.999
_ARROW = re.compile("-{2,}>")


class Timed(Protocol):
    """Words with their times, in seconds from the beginning of the recording."""

    @property
    def start(self) -> float:
        """When they begin."""
        ...

    @property
    def end(self) -> float:
        """When they end."""
        ...

    @property
    def text(self) -> str:
        """What was said."""
        ...


@frozen
class Cue:
    """One subtitle.

    Attributes:
        start: When it appears, in seconds from the beginning of the recording.
        end: When it goes.
        text: What it says.
    """

    start: float
    end: float
    text: str


def cues_of(answer: AudioVerboseResponse) -> list[Cue]:
    """Return the segments of an answer as cues; an answer without any is one cue as long as the recording.

    A segment without text or without times is left out: it cannot be shown.
    """
    if answer.segments is None:
        whole = Cue(0.0, answer.duration or 0.0, answer.text)
        return [whole] if answer.text.strip() else []
    return [
        Cue(segment.start, segment.end, segment.text)
        for segment in answer.segments
        if segment.start is not None and segment.end is not None and segment.text
    ]


def srt(cues: Iterable[Timed]) -> str:
    """Return SubRip subtitles, as the service's ``srt`` (API reference: audioResponseFormat).

    Hours have two digits, and times lie between 0 and 99:59:59,999. A cue is one line of text, and an arrow in it is
    shortened to ``->``, as whisper does; so no text can be taken for the beginning of another cue.
    """
    blocks = (
        f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{_line(cue.text)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "".join(blocks) + "\n"


def vtt(cues: Iterable[Timed]) -> str:
    """Return WebVTT subtitles, as the service's ``vtt`` (API reference: audioResponseFormat); see `srt`."""
    blocks = (f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{_line(cue.text)}\n\n" for cue in cues)
    return "WEBVTT\n\n" + "".join(blocks)


def tsv(cues: Iterable[Timed]) -> str:
    """Return whisper's table: start and end in whole milliseconds and the text, divided by tabs, below a heading."""
    rows = (f"{_milliseconds(cue.start)}\t{_milliseconds(cue.end)}\t{_cell(cue.text)}\n" for cue in cues)
    return "start\tend\ttext\n" + "".join(rows)


def _stamp(seconds: float, mark: str) -> str:
    whole, thousandths = divmod(_milliseconds(seconds), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{thousandths:03}"


def _milliseconds(seconds: float) -> int:
    return round(min(max(seconds, 0.0), _LATEST) * 1000)


def _cell(text: str) -> str:
    return _one_line(text).replace("\t", " ")


def _line(text: str) -> str:
    return _ARROW.sub("->", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(stripped for line in text.splitlines() if (stripped := line.strip()))
