"""Plain values that are wholly of the known form, straight into their classes.

What has a key that its class does not name, or a value of another type, is left to the converter, which knows what to
do with it and takes longer.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from attrs import fields, has
from msgspec import ValidationError, convert

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[Any], bool]

__all__ = ["OWN_FIELDS", "names_of", "straight"]

OWN_FIELDS = frozenset({"extra", "info", "fetcher"})
"""What only this client knows of an answer."""


def straight(value: object, kind: Any) -> Any:
    """Return a plain value as an object of the schema, or None where that is not so simple."""
    try:
        return convert(value, kind) if _check_of(kind)(value) else None
    except (ValidationError, TypeError):
        return None


def names_of(kind: type[Any]) -> frozenset[str]:
    """Return the keys of the JSON object that a class of the schema stands for."""
    return frozenset(attribute.name for attribute in fields(kind)) - OWN_FIELDS


@cache
def _check_of(kind: Any) -> Check:
    """Return what tells whether a value, and all in it, has only keys that the classes name."""
    known, hints = names_of(kind), get_type_hints(kind)
    checks = {name: _check_within(hints[name]) for name in known}
    inner = {name: check for name, check in checks.items() if check is not None}

    def is_plain(value: Any) -> bool:
        return isinstance(value, dict) and known.issuperset(value) and all(map(is_plain_within, value.items()))

    def is_plain_within(item: tuple[str, Any]) -> bool:
        name, value = item
        return value is None or name not in inner or inner[name](value)

    return is_plain if inner else known.issuperset


def _check_within(hint: Any) -> Check | None:
    if isinstance(hint, type) and has(hint):
        return _check_of(hint)
    check = next((check for inner in get_args(hint) if (check := _check_within(inner))), None)
    if check is not None and get_origin(hint) is list:
        return partial(_is_each, check)
    return check


def _is_each(check: Check, items: Any) -> bool:
    return all(map(check, items))
