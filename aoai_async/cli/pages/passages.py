"""A transcript as passages to read: its segments, with the words that carry times found in their text.

The service writes words without the punctuation of the text, and not always in the text's spelling. A word that is
not found near the one before it is left out: its text is shown all the same, without a time of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aoai_async.schema.audio import AudioSegment, AudioVerboseResponse, AudioWord

__all__ = ["Part", "Passage", "passages_of"]

_REACH = 40
_LONGEST_PAUSE = 1.0
# Latin, Chinese and Japanese ends, and what may close a quotation after them.
_SENTENCE_END = re.compile("[.?!\u2026\u3002\uff1f\uff01]+[\"'\u201d\u2019\xbb)]*\\s*")

Part = str | tuple[str, float, float]
"""A piece of text, or one with the seconds at which it begins and ends."""


@frozen
class Passage:
    """A stretch of a transcript.

    Attributes:
        start: The second it begins; None where nothing says so.
        end: The second it ends, or None.
        parts: Its text in pieces.
    """

    start: float | None
    end: float | None
    parts: list[Part]


def passages_of(answer: AudioVerboseResponse) -> list[Passage]:
    """Return the passages of a transcript: its segments, else its sentences where words have times, else its text."""
    words = [word for word in answer.words or () if word.word and word.start is not None and word.end is not None]
    if answer.segments:
        return list(_segments(answer.segments, words))
    if words:
        return list(_sentences(_aligned(answer.text.strip(), words)))
    return [Passage(None, None, [text]) for text in answer.text.strip().splitlines() if text.strip()]


def _segments(segments: Sequence[AudioSegment], words: Sequence[AudioWord]) -> Iterator[Passage]:
    begun = 0
    for segment in segments:
        ended = begun
        while ended < len(words) and _is_within(words[ended], segment):
            ended += 1
        parts = list(_aligned((segment.text or "").strip(), words[begun:ended]))
        yield Passage(segment.start, segment.end, parts)
        begun = ended


def _is_within(word: AudioWord, segment: AudioSegment) -> bool:
    middle = ((word.start or 0.0) + (word.end or 0.0)) / 2
    return segment.end is not None and middle <= segment.end


def _aligned(text: str, words: Iterable[AudioWord]) -> Iterator[Part]:
    reached = 0
    for word in words:
        spelling = (word.word or "").strip()
        found = re.compile(re.escape(spelling), re.IGNORECASE).search(text, reached, reached + len(spelling) + _REACH)
        if not found or not spelling:
            continue
        if found.start() > reached:
            yield text[reached : found.start()]
        yield found[0], word.start or 0.0, word.end or 0.0
        reached = found.end()
    if reached < len(text):
        yield text[reached:]


def _sentences(parts: Iterable[Part]) -> Iterator[Passage]:
    sentence: list[Part] = []
    for part in parts:
        if isinstance(part, tuple) and _begins_anew(sentence, part[1]):
            yield _sentence(sentence)
            sentence = []
        sentence.append(part)
    if sentence:
        yield _sentence(sentence)


def _begins_anew(sentence: Sequence[Part], start: float) -> bool:
    before = sentence[-1] if sentence else ""
    if isinstance(before, str) and _SENTENCE_END.fullmatch(before):
        return True
    ends = [part[2] for part in sentence if isinstance(part, tuple)]
    return bool(ends) and start - ends[-1] > _LONGEST_PAUSE


def _sentence(parts: list[Part]) -> Passage:
    times = [second for part in parts if isinstance(part, tuple) for second in part[1:]]
    return Passage(min(times, default=None), max(times, default=None), parts)
