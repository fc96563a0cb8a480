"""Prompts as they are given: arguments, text files, tables, lines of JSON, standard input."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Row", "rows_of"]


@frozen
class Row:
    """A prompt with what was given beside it, not checked yet.

    Attributes:
        where: Where it was given, for a person.
        values: What was given, by the names of the columns; what was left empty is not there.
    """

    where: str
    values: dict[str, Any]


def rows_of(sources: Sequence[str]) -> list[Row]:
    """Return the prompts of some arguments, in their order.

    Args:
        sources: Each is ``-`` for standard input, the path of a file that ends in .txt, .csv or .jsonl, or a prompt.

    Raises:
        InvalidInputError: There is no such file, it cannot be read, or it is not of the form its ending says.
    """
    rows = [row for source in sources for row in _rows(source)]
    if not rows:
        raise InvalidInputError(f"There is no prompt in {', '.join(sources)}", field="prompts")
    return rows


def _rows(source: str) -> Iterator[Row]:
    if source == "-":
        return _lines("standard input", _decoded("standard input", sys.stdin.buffer.read()))
    read = _READERS.get(Path(source).suffix.lower())
    # A name with such an ending is never drawn: whoever mistypes it does not want to pay for a picture of it.
    return iter([Row("the command line", {"prompt": source})]) if read is None else read(source, _text(source))


def _text(path: str) -> str:
    try:
        return _decoded(path, Path(path).read_bytes())
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}", field="prompts") from None


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(f"{name}, line {line}: it is no UTF-8; save it as such", field="prompts") from None


def _lines(name: str, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        prompt = line.strip()
        if prompt and not prompt.startswith("#"):
            yield Row(f"{name}, line {number}", {"prompt": prompt})


def _csv(name: str, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begun = 1
    try:
        columns = next(reader, [])
        while cells := _next_cells(reader):
            begun, where = reader.line_num, f"{name}, line {reader.line_num}"
            if len(cells) > len(columns):
                raise InvalidInputError(
                    f"{where}: it has {len(cells)} cells for {len(columns)} columns", field="prompts"
                )
            yield Row(where, {column: cell for column, cell in zip(columns, cells, strict=False) if cell})
    except csv.Error as error:
        raise InvalidInputError(f"{name}, after line {begun}: {error}", field="prompts") from None


def _next_cells(reader: Iterator[list[str]]) -> list[str] | None:
    return next((cells for cells in reader if any(cells)), None)


def _jsonl(name: str, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{name}, line {number}"
        if line.strip():
            yield Row(where, {key: value for key, value in _object(where, line).items() if value not in (None, "")})


def _object(where: str, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{where}: it is no JSON ({error})", field="prompts") from None
    if not isinstance(value, dict):
        raise InvalidInputError(f"{where}: it is no JSON object", field="prompts")
    return value


_READERS: dict[str, Callable[[str, str], Iterator[Row]]] = {".txt": _lines, ".csv": _csv, ".jsonl": _jsonl}
