"""What the sink answers, so that a run can check that it was told the truth."""

from __future__ import annotations

import base64
import json
import random
from functools import cache
from typing import Any

__all__ = [
    "EXPECTED",
    "PROMPT",
    "SEGMENTS",
    "image_url",
    "picture",
    "picture_base64",
    "picture_url",
    "recording",
    "verbose",
]

PROMPT = "a corgi in a field"
SEGMENTS = 5000
_HEARD = "heard"
_PICTURE_BYTES = 3_000_000
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_SAFE = {"filtered": False, "severity": "safe"}
_FILTERS = dict.fromkeys(("hate", "self_harm", "sexual", "violence"), _SAFE)
_PROMPT_FILTERS = {**_FILTERS, "jailbreak": {"filtered": False, "detected": False}}

# What each operation returns when it has read its answer as an object.
EXPECTED: dict[str, object] = {"upload": _HEARD, "image": PROMPT, "verbose": (SEGMENTS, f"segment {SEGMENTS - 1}")}


def recording() -> bytes:
    """Return the answer to a recording."""
    return _json({"text": _HEARD})


@cache
def verbose() -> bytes:
    """Return an answer in ``verbose_json`` of about 1.1 MB."""
    segments = [_segment(number) for number in range(SEGMENTS)]
    text = " ".join(segment["text"] for segment in segments)
    head = {"task": "transcribe", "language": "english", "duration": SEGMENTS * 2.5, "text": text}
    return _json({**head, "segments": segments})


@cache
def picture() -> bytes:
    """Return the bytes of a picture of 3 MB: the beginning of a PNG, and noise."""
    return _PNG + random.Random(1).randbytes(_PICTURE_BYTES - len(_PNG))  # noqa: S311 - noise


@cache
def picture_base64() -> bytes:
    """Return the answer that holds the picture, 4 MB of base64."""
    return _images({"b64_json": base64.b64encode(picture()).decode()})


def picture_url(base: str) -> bytes:
    """Return the answer that tells where the picture lies."""
    return _images({"url": image_url(base)})


def image_url(base: str) -> str:
    """Return where the picture lies."""
    return f"{base}/picture.png?se=2030-01-01T00%3A00%3A00Z&sp=r&sv=2021-08-06&sr=b&sig=c2lnbmF0dXJl"


def _images(result: dict[str, Any]) -> bytes:
    filters = {"content_filter_results": _FILTERS, "prompt_filter_results": _PROMPT_FILTERS}
    return _json({"created": 1_700_000_000, "data": [{"revised_prompt": PROMPT, **result, **filters}]})


def _segment(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "seek": number * 250,
        "start": number * 2.5,
        "end": number * 2.5 + 2.5,
        "text": f"segment {number}",
        "tokens": [50364 + number % 1000, 1057, 264, 661, 300, 50489, 11, 457],
        "temperature": 0.0,
        "avg_logprob": -0.2867868,
        "compression_ratio": 1.2363636,
        "no_speech_prob": 0.0097,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
