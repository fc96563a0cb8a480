"""Replies as they could come, and strategies for the JSON in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from multidict import CIMultiDict

from aoai_async.schema.audio import AudioResponse, AudioVerboseResponse
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANSWERS", "FAILURES", "JSON", "NEARLY", "TEXT", "reply"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)

_WHOLE = st.integers(-(2**53), 2**53)
_NUMBER = st.floats(allow_nan=False, allow_infinity=False) | _WHOLE
_UNKNOWN = st.sampled_from(["extra", "info", "fetcher", "usage"]) | TEXT.map("x-{}".format)


def reply(
    body: object = b"",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Reply:
    """Return a reply whose body is bytes as they are, or anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, CIMultiDict({"Content-Type": content_type, **(headers or {})}), [content])


def _object(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda unknown, known: unknown | known, st.dictionaries(_UNKNOWN, JSON, max_size=2), known)


_SEVERITY = _object({"filtered": st.booleans()}, {"severity": TEXT})
_DETECTED = _object({"filtered": st.booleans()}, {"detected": st.booleans()})
_ON_PICTURE = dict.fromkeys(["sexual", "violence", "hate", "self_harm"], _SEVERITY | st.integers() | TEXT)
_ON_PROMPT = _ON_PICTURE | dict.fromkeys(["profanity", "jailbreak"], _DETECTED | st.booleans())
_WORD = _object({}, {"word": TEXT, "start": _NUMBER, "end": _NUMBER})
_SEGMENT = _object(
    {},
    {"id": _WHOLE, "text": TEXT, "tokens": st.lists(_WHOLE, max_size=3)}
    | dict.fromkeys(
        ["seek", "start", "end", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob"], _NUMBER
    ),
)
_IMAGE = _object(
    {},
    dict.fromkeys(["url", "b64_json", "revised_prompt"], TEXT)
    | {"content_filter_results": _object({}, _ON_PICTURE), "prompt_filter_results": _object({}, _ON_PROMPT)},
)
_VERBOSE = {
    "task": TEXT,
    "language": TEXT,
    "duration": _NUMBER,
    "segments": st.lists(_SEGMENT, max_size=2),
    "words": st.lists(_WORD, max_size=2),
}

ANSWERS: list[tuple[type[Any], st.SearchStrategy[dict[str, Any]]]] = [
    (AudioResponse, _object({"text": TEXT}, {})),
    (AudioVerboseResponse, _object({"text": TEXT}, _VERBOSE)),
    (GenerateImagesResponse, _object({"created": _WHOLE, "data": st.lists(_IMAGE, max_size=2)}, {})),
]
"""The classes of answers, each with JSON that fits it."""

NEARLY = JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["text", "created", "data", "language", "duration", "segments", "words"], JSON)
)
"""JSON with the keys of answers, but rarely with values that fit."""

_INNER = JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["code", "content_filter_results", "content_filter_result", "revised_prompt"], JSON)
)
_ERROR = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(["message", "type", "param", "statusCode"], JSON)
    | {"code": JSON | st.sampled_from(["content_policy_violation", "contentFilter"])}
    | dict.fromkeys(["inner_error", "innererror"], _INNER),
)

FAILURES = JSON | _ERROR | st.fixed_dictionaries({"error": JSON | _ERROR})
"""JSON with the keys of error answers, with values of any kind."""
