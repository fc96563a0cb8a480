"""Large JSON answers, read in steps of about a millisecond, between which others get on.

To read them in a thread would help nobody: it would hold Python's lock all the while, and an event loop needs that
again after everything it sends or receives.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from attrs import has
from msgspec import Raw, Struct, ValidationError, defstruct
from msgspec.json import Decoder, encode

from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import put, read_json
from aoai_async.wire.straight import NOT_JSON, names_of

if TYPE_CHECKING:
    from aoai_async.wire.steps import Steps

__all__ = ["reading"]

T = TypeVar("T")
_Items: TypeAlias = list[Raw] | None

_OBJECTS_A_STEP = 100
_BASE64 = re.compile(rb'"b64_json"\s*:\s*"')
_KEYS = Decoder(dict[str, Raw])
_ITEMS = Decoder(_Items)


def reading(body: bytes | bytearray, kind: type[T]) -> Steps[T]:
    """Read JSON bytes in steps; what comes of the last one is what `read_json` returns or raises.

    Only base64 is not looked at: what is wrong in it is found when it is decoded.
    """
    read = _reading_pictures if kind is GenerateImagesResponse else _reading_lists
    try:
        answer: T = yield from read(body, kind)
    except (KeyError, ValueError, *NOT_JSON):
        return read_json(body, kind)
    return answer


def _reading_pictures(body: bytes | bytearray, kind: Any) -> Steps[Any]:
    """Read an answer with a short name in the place of each base64 text, which is put back afterwards."""
    texts: dict[str, str] = {}
    rest, end = bytearray(), 0
    while opening := _BASE64.search(body, end):
        start, name = opening.end(), f"text {len(texts)}"
        rest += body[end:start] + name.encode()
        end = body.index(b'"', start)
        texts[name] = _plain_text(body, start, end)
        yield
    answer = read_json(bytes(rest + body[end:]), kind)
    for picture in answer.data:
        if picture.b64_json is not None:
            put(picture, "b64_json", texts.pop(picture.b64_json))
    if texts:
        raise ValueError("a text that is no picture's")
    return answer


def _plain_text(body: bytes | bytearray, start: int, end: int) -> str:
    if body.find(b"\\", start, end) >= 0:
        raise ValueError("a text with escapes")
    return str(memoryview(body)[start:end], "ascii")


def _reading_lists(body: bytes | bytearray, kind: Any) -> Steps[Any]:
    """Read an answer without the objects in its lists, and then these, some at a time."""
    rest, lists = _taken_apart(body, kind)
    yield
    answer = read_json(rest, kind)
    for name, items in lists.items():
        put(answer, name, (yield from _reading_items(items, _lists_of(kind)[name])))
    return answer


def _taken_apart(body: bytes | bytearray, kind: Any) -> tuple[bytes, dict[str, _Items]]:
    """Return an answer without its lists, as JSON, and these."""
    try:
        known: Any = _outliner(kind).decode(body)
    except ValidationError:
        # Keys that no class names have to be kept, for which the lists are looked through twice.
        values = _KEYS.decode(body)
        lists = {name: _ITEMS.decode(values.pop(name)) for name in _lists_of(kind) if name in values}
        return encode(values), lists
    lists = {name: getattr(known, name) for name in _lists_of(kind)}
    for name in lists:
        setattr(known, name, None)
    return encode(known), lists


def _reading_items(items: _Items, form: Any) -> Steps[list[Any] | None]:
    if items is None:
        return None
    made: list[Any] = []
    for start in range(0, len(items), _OBJECTS_A_STEP):
        step: Any = items[start : start + _OBJECTS_A_STEP]
        made += read_json(b"[%b]" % b",".join(step), form)
        yield
    return made


@cache
def _outliner(kind: Any) -> Decoder[Struct]:
    forms: dict[str, Any] = dict.fromkeys(names_of(kind), Raw) | dict.fromkeys(_lists_of(kind), _Items)
    keys = [(name, form, None) for name, form in forms.items()]
    return Decoder(defstruct(kind.__name__, keys, forbid_unknown_fields=True, omit_defaults=True, gc=False))


@cache
def _lists_of(kind: Any) -> dict[str, Any]:
    """Return the lists of objects in an answer, with their forms."""
    hints = get_type_hints(kind)
    forms = {name: _list_form(hints[name]) for name in names_of(kind)}
    return {name: form for name, form in forms.items() if form is not None}


def _list_form(hint: Any) -> Any:
    choices = (hint, *get_args(hint))
    return next((form for form in choices if get_origin(form) is list and has(get_args(form)[0])), None)
