"""Between JSON and the schema: what can be read straight into its classes is, the converter takes the rest."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import json

from aoai_async.wire.rules import MISFITS, converter, explanation
from aoai_async.wire.straight import NOT_JSON, read_straight

__all__ = ["MalformedJSONError", "UnfitError", "as_dict", "decode_json", "encode_json", "fit", "put", "read_json"]

T = TypeVar("T")


class MalformedJSONError(ValueError):
    """Bytes that are no JSON."""


class UnfitError(ValueError):
    """JSON that does not fit the schema; the message names each place."""


def read_json(body: bytes, kind: type[T]) -> T:
    """Return JSON bytes as an object of the schema.

    Raises:
        MalformedJSONError: As `decode_json`.
        UnfitError: As `fit`.
    """
    answer = read_straight(body, kind)
    return fit(decode_json(body), kind) if answer is None else answer


def decode_json(body: bytes) -> Any:
    """Return the plain value of JSON bytes.

    Raises:
        MalformedJSONError: They are no JSON, no UTF-8, or nested too deeply.
    """
    try:
        return json.decode(body)
    except NOT_JSON as error:
        raise MalformedJSONError(str(error)) from None


def encode_json(value: Any) -> bytes:
    """Return the JSON bytes of a plain value; `TypeError` or `ValueError` where it has none."""
    return json.encode(value, enc_hook=_plain_str)


def fit(value: object, kind: type[T]) -> T:
    """Return a plain value as an object of the schema.

    Raises:
        UnfitError: A required key is missing, or a value is of the wrong type.
    """
    try:
        return converter(detailed=False).structure(value, kind)
    except MISFITS:
        pass
    try:
        return converter(detailed=True).structure(value, kind)
    except MISFITS as error:
        raise UnfitError(explanation(error, kind)) from None


def put(answer: object, name: str, value: object) -> None:
    """Set an attribute of a frozen answer that nobody has seen yet; a copy would cost as much as reading it."""
    object.__setattr__(answer, name, value)


def as_dict(answer: object) -> Any:
    """Return an answer, or any object of the schema, as the plain value that was its JSON."""
    return converter(detailed=False).unstructure(answer)


def _plain_str(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"a {type(value).__name__} has no place in JSON")
