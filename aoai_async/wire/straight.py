"""JSON straight into its classes, where these name all its keys.

What has a key that its class does not name, or a value of another form, is left to the converter, which knows what to
do with it and takes longer.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from types import GenericAlias, NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from attrs import fields, has
from msgspec import DecodeError, Raw, Struct, defstruct
from msgspec.json import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOT_JSON", "OWN_FIELDS", "names_of", "read_straight"]

T = TypeVar("T")

_NUMBER = frozenset({int, float, bool, NoneType})
"""What msgspec makes sooner than a piece of raw JSON, which it does of all else."""

OWN_FIELDS = frozenset({"extra", "info", "fetcher"})
"""What only this client knows of an answer."""

NOT_JSON = (DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON, no UTF-8, or nested too deeply."""

_BY_TURNS = Lock()
"""Callers have threads, and msgspec 0.22 crashes where two of them first look at a class at once."""


def read_straight(body: bytes, kind: Callable[..., T]) -> T | None:
    """Return JSON bytes as an object of the schema, or a list of them; None where that is not so simple."""
    check, read = _readers(kind)
    try:
        # Into attrs classes msgspec reads past unknown keys, into structs it need not. To read twice, the first time
        # without making anything of the values, takes half as long as to look at each key in Python.
        check(body)
        answer: T = read(body)
    except NOT_JSON:
        return None
    return answer


def names_of(kind: type[Any]) -> frozenset[str]:
    """Return the keys of the JSON object that a class of the schema stands for."""
    return frozenset(attribute.name for attribute in fields(kind)) - OWN_FIELDS


@cache
def _readers(form: Any) -> tuple[Callable[[bytes], object], Callable[[bytes], Any]]:
    with _BY_TURNS:
        return Decoder(_outline_of(form)).decode, Decoder(form).decode


@cache
def _outline(kind: Any) -> type[Struct]:
    """Return a struct that takes the keys of a class of the schema, and no others."""
    hints = get_type_hints(kind)
    keys = [(name, _outline_of(hints[name]), None) for name in sorted(names_of(kind))]
    return defstruct(kind.__name__, keys, forbid_unknown_fields=True, gc=False)


def _outline_of(hint: Any) -> Any:
    """Return the form of a value: in what holds classes of the schema they count, all else is taken as it comes."""
    if isinstance(hint, type) and has(hint):
        return _outline(hint)
    if _NUMBER.issuperset(get_args(hint) or {hint}):
        return Any
    forms = [form for form in map(_outline_of, get_args(hint)) if form not in (Any, Raw)]
    if not forms:
        return Raw
    return GenericAlias(list, forms[0]) if get_origin(hint) is list else forms[0] | None
