"""The one converter between JSON and the schema.

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
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

from attrs import fields, has
from cattrs import Converter, transform_error
from cattrs.cols import list_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter, make_converter
from cattrs.v import format_exception
from msgspec import DecodeError, json

from aoai_async.schema.base import OpenEnum, SchemaObject
from aoai_async.schema.filters import DalleContentFilterResults
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.plain import OWN_FIELDS, names_of, straight

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MalformedJSONError", "UnfitError", "as_dict", "decode_json", "encode_json", "fit"]

T = TypeVar("T")

_MISFITS = (BaseValidationError, KeyError, TypeError, ValueError, OverflowError)


class MalformedJSONError(ValueError):
    """Bytes that are no JSON."""


class UnfitError(ValueError):
    """JSON that does not fit the schema; the message names each place."""


def decode_json(body: bytes) -> Any:
    """Return the plain value of JSON bytes.

    Raises:
        MalformedJSONError: They are no JSON, no UTF-8, or nested too deeply.
    """
    try:
        return json.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJSONError(str(error)) from None


def encode_json(value: Any) -> bytes:
    """Return the JSON bytes of a plain value; `TypeError` or `ValueError` where it has none."""
    return json.encode(value, enc_hook=_plain_str)


def fit(value: object, kind: type[T]) -> T:
    """Return a plain value as an object of the schema.

    Raises:
        UnfitError: A required key is missing, or a value is of the wrong type.
    """
    fitted: T | None = straight(value, kind) if _is_schema(kind) else None
    if fitted is not None:
        return fitted
    try:
        return _converter(detailed=False).structure(value, kind)
    except _MISFITS:
        return _fit_or_explain(value, kind)


def as_dict(answer: object) -> Any:
    """Return an answer, or any object of the schema, as the plain value that was its JSON."""
    return _converter(detailed=False).unstructure(answer)


def _fit_or_explain(value: object, kind: type[T]) -> T:
    try:
        return _converter(detailed=True).structure(value, kind)
    except BaseValidationError as error:
        raise UnfitError("; ".join(transform_error(error, path=kind.__name__, format_exception=_explained))) from None
    except _MISFITS as error:
        raise UnfitError(str(error)) from None


def _explained(error: BaseException, kind: type[Any] | None) -> str:
    return str(error) if isinstance(error, TypeError) else format_exception(error, kind)


def _plain_str(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


@cache
def _converter(*, detailed: bool) -> MsgspecJsonConverter:
    converter = make_converter(detailed_validation=detailed)
    converter.register_structure_hook(str, _strict_str)
    converter.register_structure_hook(OpenEnum, _open_enum)
    converter.register_structure_hook(bool, _strict_bool)
    converter.register_structure_hook(int, _strict_int)
    converter.register_structure_hook(float, _strict_float)
    converter.register_structure_hook_factory(_is_list, _list_structurer)
    converter.register_structure_hook_factory(_is_schema, _structurer)
    converter.register_structure_hook_factory(_is_verdicts, _verdict_structurer)
    converter.register_unstructure_hook_factory(_is_schema, _unstructurer)
    return converter


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
        except _MISFITS:
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
        except _MISFITS:
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
