"""Large JSON answers, read in steps of less than a millisecond, between which others get on.

To read them in a thread would help nobody: it would hold Python's lock all the while, and an event loop needs that
again after everything it sends or receives.
"""

from __future__ import annotations

import re
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from attrs import has
from msgspec import Raw
from msgspec.json import Decoder, encode

from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import put, read_json
from aoai_async.wire.straight import NOT_JSON, names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aoai_async.wire.reply import Reply
    from aoai_async.wire.steps import Steps

__all__ = ["reading"]

T = TypeVar("T")

_BYTES_A_STEP = 20_000
_OBJECTS_FOLLOW = re.compile(rb"\s*:\s*(?=\[\s*\{)")
_NEXT_OBJECT = re.compile(rb"\}(\s*,\s*)\{")
_HOLE = b'["a list was here"]'
_KEYS = Decoder(dict[str, Raw])
# Nothing but a text has so much without a quote.
_LONG = 1024
# Stands for pieces of a text; no answer can guess it.
_GAP = f"<{token_hex(8)}>".encode()


def reading(reply: Reply, kind: type[T]) -> Steps[T]:
    """Read JSON in steps; what comes of the last one is what `read_json` returns or raises.

    Only base64 is not looked at: what is wrong in it is found when it is decoded.
    """
    read = _reading_pictures if kind is GenerateImagesResponse else _reading_lists
    try:
        answer: T = yield from read(reply, kind)
    except (KeyError, ValueError, *NOT_JSON):
        return read_json(reply.body, kind)
    return answer


def _reading_pictures(reply: Reply, kind: Any) -> Steps[Any]:
    """Read an answer without the pieces in which no text begins or ends, and put these back into their texts."""
    kept = [_GAP if _is_middle(piece) else piece for piece in reply.pieces]
    middles = (piece for piece, stands in zip(reply.pieces, kept, strict=True) if stands is _GAP)
    answer = read_json(b"".join(kept), kind)
    for picture in answer.data:
        known = (picture.b64_json or "").split(_GAP.decode())
        if len(known) > 1:
            put(picture, "b64_json", (yield from _filled(known, middles)))
    if any(middles):
        raise ValueError("a long text that is no picture's")
    return answer


def _is_middle(piece: bytes) -> bool:
    return len(piece) >= _LONG and b'"' not in piece


def _filled(known: Sequence[str], middles: Iterator[bytes]) -> Steps[str]:
    text = known[0]
    for following in known[1:]:
        # With no other name for it, a text grows in its place.
        text += _plain(next(middles)) + following
        yield
    return text


def _plain(piece: bytes) -> str:
    if b"\\" in piece:
        raise ValueError("a text with escapes")
    return str(piece, "ascii")


def _reading_lists(reply: Reply, kind: Any) -> Steps[Any]:
    """Read an answer without the objects in its lists, and then these, some at a time.

    Where a list lies is guessed from a few marks. If the guess was wrong, at a text that looks like JSON for example,
    what was cut out is no JSON or stands elsewhere in the answer.
    """
    body = reply.body
    lists = _places_of_lists(body, kind)
    if not lists:
        return read_json(body, kind)
    answer = read_json(_without(lists, body), kind)
    for name, (start, end) in lists.items():
        put(answer, name, (yield from _reading_objects(body, start, end, _lists_of(kind)[name])))
    return answer


def _places_of_lists(body: bytes, kind: Any) -> dict[str, tuple[int, int]]:
    """Return where the lists of objects begin and end, the last one first."""
    starts = [(start, name) for name in _lists_of(kind) if (start := _start_of_objects(body, name)) is not None]
    places, limit = {}, len(body)
    for start, name in sorted(starts, reverse=True):
        places[name] = start, body.rindex(b"]", start, limit) + 1
        limit = start
    return places


def _start_of_objects(body: bytes, name: str) -> int | None:
    key = f'"{name}"'.encode()
    # Backwards, Python steps over more bytes that cannot belong to it.
    start = body.rfind(key)
    found = _OBJECTS_FOLLOW.match(body, start + len(key)) if start >= 0 else None
    return found and found.end()


def _without(lists: dict[str, tuple[int, int]], body: bytes) -> bytes:
    """Return an answer without its lists, as JSON."""
    pieces: list[bytes] = []
    end = 0
    for start, following in reversed(lists.values()):
        pieces += body[end:start], _HOLE
        end = following
    rest = b"".join([*pieces, body[end:]])
    values = _KEYS.decode(rest)
    if rest.count(_HOLE) > len(lists) or any(bytes(values.pop(name)) != _HOLE for name in lists):
        raise ValueError("a list that stands elsewhere")
    return encode(values)


def _reading_objects(body: bytes, start: int, end: int, form: Any) -> Steps[list[Any]]:
    made: list[Any] = []
    view = memoryview(body)
    start, end = start + 1, end - 1
    while start < end:
        following = _NEXT_OBJECT.search(body, start + _BYTES_A_STEP, end)
        stop, after = following.span(1) if following else (end, end)
        made += read_json(b"".join((b"[", view[start:stop], b"]")), form)
        start = after
        yield
    return made


@cache
def _lists_of(kind: Any) -> dict[str, Any]:
    """Return the lists of objects in an answer, with their forms."""
    hints = get_type_hints(kind)
    forms = {name: _list_form(hints[name]) for name in names_of(kind)}
    return {name: form for name, form in forms.items() if form is not None}


def _list_form(hint: Any) -> Any:
    choices = (hint, *get_args(hint))
    return next((form for form in choices if get_origin(form) is list and has(get_args(form)[0])), None)
