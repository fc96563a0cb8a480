"""The rules of the one converter between plain values and the schema.

Its rules, where they differ from plain cattrs:

- a str must be a str, a bool a bool, a number a number: null or 5 never becomes ``'None'`` or ``'5'``;
- a list must be a list: an object or a text is not taken apart into one;
- ``created`` may be a number written as text;
- keys the schema does not name are kept in ``extra``, and written back beside the others;
- a filter verdict of unknown form is kept in ``extra`` too, rather than making a paid answer unreadable;
- what is None, and what only this client knows, is not written.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_origin

from attrs import fields, has
from cattrs import Converter, transform_error
from cattrs.cols import list_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter, make_converter
from cattrs.v import format_exception

from aoai_async.schema.base import OpenEnum, SchemaObject
from aoai_async.schema.filters import DalleContentFilterResults
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.straight import OWN_FIELDS, names_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MISFITS", "converter", "explanation"]

MISFITS = (BaseValidationError, KeyError, TypeError, ValueError, OverflowError)
"""What a converter raises for a value that does not fit."""


def explanation(error: Exception, kind: type[Any]) -> str:
    """Return what is wrong with a value, with each place, from what the detailed converter raised for it."""
    if isinstance(error, BaseValidationError):
        return "; ".join(transform_error(error, path=kind.__name__, format_exception=_explained))
    return str(error)


def _explained(error: BaseException, kind: type[Any] | None) -> str:
    return str(error) if isinstance(error, TypeError) else format_exception(error, kind)


@cache
def converter(*, detailed: bool) -> MsgspecJsonConverter:
    """Return the converter; the detailed one is slower, and its errors tell each place."""
    made = make_converter(detailed_validation=detailed)
    made.register_structure_hook(str, _strict_str)
    made.register_structure_hook(OpenEnum, _open_enum)
    made.register_structure_hook(bool, _strict_bool)
    made.register_structure_hook(int, _strict_int)
    made.register_structure_hook(float, _strict_float)
    made.register_structure_hook_factory(_is_list, _list_structurer)
    made.register_structure_hook_factory(_is_schema, _structurer)
    made.register_structure_hook_factory(_is_verdicts, _verdict_structurer)
    made.register_unstructure_hook_factory(_is_schema, _unstructurer)
    return made


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def _list_structurer(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    build = list_structure_factory(kind, converter)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"expected a list, got {_kind_of(value)}")
        return build(value, kind)

    return structure


def _is_schema(kind: Any) -> bool:
    return has(kind) and issubclass(kind, SchemaObject)


def _is_verdicts(kind: Any) -> bool:
    return _is_schema(kind) and issubclass(kind, DalleContentFilterResults)


def _structurer(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    overrides: Any = {name: override(omit=True) for name in OWN_FIELDS - {"extra"}}
    if kind is GenerateImagesResponse:
        overrides["created"] = override(struct_hook=_lenient_int)
    build: Any = make_dict_structure_fn(kind, converter, **overrides)
    known = names_of(kind)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {_kind_of(value)}")
        return build(value if value.keys() <= known else _with_extra(value, known), kind)

    return structure


def _with_extra(value: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    extra = {key: item for key, item in value.items() if key not in known}
    return {key: item for key, item in value.items() if key in known} | {"extra": extra}


def _verdict_structurer(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    structure = _structurer(kind, converter)
    kinds = {attribute.name: attribute.type for attribute in fields(kind) if attribute.name not in OWN_FIELDS}

    def structure_verdicts(value: Any, _: Any) -> Any:
        try:
            return structure(value, kind)
        except MISFITS:
            return _fitting_verdicts(value, kind, kinds, converter)

    return structure_verdicts


def _fitting_verdicts(value: Any, kind: Any, kinds: dict[str, Any], converter: Converter) -> Any:
    if not isinstance(value, dict):
        return kind(extra={"content_filter": value})
    fitting: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, verdict in value.items():
        try:
            fitting[name] = converter.structure(verdict, kinds[name])
        except MISFITS:
            extra[name] = verdict
    return kind(**fitting, extra=extra)


def _unstructurer(kind: Any, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    names = [attribute.name for attribute in fields(kind) if attribute.name not in OWN_FIELDS]

    def unstructure(answer: Any) -> dict[str, Any]:
        values = ((name, getattr(answer, name)) for name in names)
        return {**{n: converter.unstructure(v) for n, v in values if v is not None}, **answer.extra}

    return unstructure


def _strict_str(value: Any, _: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"expected text, got {_kind_of(value)}")


def _open_enum(value: Any, kind: type[OpenEnum]) -> OpenEnum:
    return kind(_strict_str(value, kind))


def _strict_bool(value: Any, _: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"expected true or false, got {_kind_of(value)}")


def _strict_float(value: Any, _: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise TypeError(f"expected a number, got {_kind_of(value)}")


def _strict_int(value: Any, _: Any) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise TypeError(f"expected a whole number, got {_kind_of(value)}")


def _lenient_int(value: Any, kind: Any) -> int:
    return int(value) if isinstance(value, str) else _strict_int(value, kind)


def _kind_of(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "a truth value",
        type(None): "null",
    }
    return names.get(type(value), "a number")
