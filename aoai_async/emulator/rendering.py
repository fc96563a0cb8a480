"""What was heard, in the five formats of the service, byte for byte."""

import json
import struct
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from aoai_async.emulator.answers import Answer, text_answer
from aoai_async.emulator.heard import Heard, HeardSegment, HeardWord
from aoai_async.wire.subtitles import srt, vtt

__all__ = ["FORMATS", "GRANULARITIES", "render"]

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
GRANULARITIES = ("word", "segment")


def render(heard: Heard, response_format: str, task: str, granularities: Collection[str]) -> Answer:
    """Write what was heard.

    Args:
        heard: What was heard.
        response_format: One of `FORMATS`.
        task: `transcribe` or `translate`; only `verbose_json` tells it.
        granularities: Which timestamps `verbose_json` carries; none asked for means segments.
    """
    match response_format:
        case "text":
            return text_answer(heard.text + "\n")
        case "srt":
            return text_answer(srt(heard.segments))
        case "vtt":
            return text_answer(vtt(heard.segments))
        case "verbose_json":
            return _indented(_verbose(heard, task, granularities))
        case _:
            return _indented({"text": heard.text})


def _indented(document: Mapping[str, object]) -> Answer:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text_answer(text, content_type="application/json")


def _verbose(heard: Heard, task: str, granularities: Collection[str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "task": task,
        "language": "english" if task == "translate" else heard.language,
        "duration": _widened(heard.duration),
        "text": heard.text,
    }
    if "segment" in granularities or not granularities:
        document["segments"] = list(_segments(heard.segments))
    if "word" in granularities:
        document["words"] = [_word(word) for word in heard.words]
    return document


def _segments(segments: Collection[HeardSegment]) -> Iterator[dict[str, Any]]:
    for number, segment in enumerate(segments):
        yield {
            "id": number,
            "seek": segment.seek,
            "start": _widened(segment.start),
            "end": _widened(segment.end),
            "text": f" {segment.text}",
            "tokens": list(segment.tokens),
            "temperature": _widened(segment.temperature),
            "avg_logprob": _widened(segment.avg_logprob),
            "compression_ratio": _widened(segment.compression_ratio),
            "no_speech_prob": _widened(segment.no_speech_prob),
        }


def _word(word: HeardWord) -> dict[str, Any]:
    return {"word": word.word, "start": _widened(word.start), "end": _widened(word.end)}


def _widened(number: float) -> float:
    """The service computes in 32 bits and writes with 64: 3.07 becomes 3.069999933242798."""
    return float(struct.unpack("f", struct.pack("f", number))[0])
