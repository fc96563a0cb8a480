"""From rows of prompts to jobs: values checked, numbered, named."""

from __future__ import annotations

import unicodedata
from argparse import ArgumentTypeError
from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.batch.jobs import Job, content_id
from aoai_async.cli.parsers.images import size
from aoai_async.errors import InvalidInputError
from aoai_async.schema.images import ImageGenerationsRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aoai_async.cli.prompts import Row

__all__ = ["Order", "orders_of"]

_COLUMNS = ("prompt", "model", "n", "size", "quality", "style", "user", "id")
_LEAST_DIGITS = 4
_LONGEST_NAME = 60
_LONGEST_NAME_IN_BYTES = 180


@frozen
class Order:
    """What is to be drawn, and what its pictures are called.

    Attributes:
        number: Its place among the prompts, from 1.
        id: The id of its job, which follows from what is asked.
        request: What is asked.
        digits: How many digits all numbers have, so that the files sort as the prompts do.
    """

    number: int
    id: str
    request: ImageGenerationsRequest
    digits: int

    @property
    def job(self) -> Job:
        """The job for a batch."""
        return Job(self.request, self.id)

    @property
    def label(self) -> str:
        """What it is called in front of people."""
        prompt = " ".join(self.request.prompt.split())
        return f"#{self.number} {prompt if len(prompt) <= _LONGEST_NAME else f'{prompt[:_LONGEST_NAME]}…'}"

    def stem(self, picture: int) -> str:
        """Return the name, without its ending, of the first picture, the second and so on."""
        parts = [f"{self.number:0{self.digits}}", str(picture) if picture > 1 else "", _slug(self.request.prompt)]
        return "-".join(part for part in parts if part)


def orders_of(rows: Sequence[Row], defaults: Mapping[str, Any]) -> list[Order]:
    """Return what rows of prompts ask for; what a row leaves out is as `defaults` say.

    Raises:
        InvalidInputError: A row has an unknown column, a value that cannot be, no prompt, or the id of another row.
    """
    _check_ids(rows)
    digits = max(_LEAST_DIGITS, len(str(len(rows))))
    seen: Counter[str] = Counter()
    return [Order(number, *_asked(row, defaults, seen), digits) for number, row in enumerate(rows, start=1)]


def _check_ids(rows: Sequence[Row]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        own = row.values.get("id")
        if own is not None and seen.setdefault(str(own), row.where) != row.where:
            raise _wrong(row, "id", f"{own!r} is the id of {seen[str(own)]}, too")


def _asked(row: Row, defaults: Mapping[str, Any], seen: Counter[str]) -> tuple[str, ImageGenerationsRequest]:
    given = {name: _checked(row, name, value) for name, value in row.values.items()}
    if not str(given.get("prompt", "")).strip():
        raise _wrong(row, "prompt", "there is none")
    own = given.pop("id", None)
    request = ImageGenerationsRequest(**{**defaults, **given})
    asked = content_id(request) + (f".{own}" if own else "")
    seen[asked] += 1
    return asked if seen[asked] == 1 else f"{asked}-{seen[asked]}", request


def _checked(row: Row, name: str, value: Any) -> Any:
    if name not in _COLUMNS:
        raise _wrong(row, name, f"there is no such column; there are {', '.join(_COLUMNS)}")
    if name == "n":
        return _whole(row, value)
    if not isinstance(value, str) or value.encode(errors="replace").decode() != value:
        raise _wrong(row, name, f"{value!r} is no text")
    if name == "size":
        return _size(row, value)
    return value


def _whole(row: Row, value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    number = value if is_whole else int(value) if isinstance(value, str) and value.isdecimal() else 0
    if number < 1:
        raise _wrong(row, "n", f"{value!r} is no whole number of 1 or more")
    return number


def _size(row: Row, value: str) -> str:
    try:
        return size(value)
    except ArgumentTypeError as error:
        raise _wrong(row, "size", str(error)) from None


def _wrong(row: Row, column: str, what: str) -> InvalidInputError:
    return InvalidInputError(f"{row.where}, column {column}: {what}", field=column)


def _slug(prompt: str) -> str:
    # Marks belong to the letters of many scripts, and are no letters by themselves.
    kept = (c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in prompt.lower())
    whole = "-".join("".join(kept).split())
    cut = whole[:_LONGEST_NAME].encode()[:_LONGEST_NAME_IN_BYTES].decode(errors="ignore")
    is_within_word = len(cut) < len(whole) and whole[len(cut)] != "-"
    return (cut.rpartition("-")[0] or cut).rstrip("-") if is_within_word else cut.rstrip("-")
