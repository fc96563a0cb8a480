"""What arrived and what was answered, for tests to look at."""

from collections.abc import Mapping
from typing import Any

import attrs
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

__all__ = ["Journal", "RecordedPart", "RecordedRequest"]

_CREDENTIALS = ("api-key", "Authorization", "Cookie", "Ocp-Apim-Subscription-Key", "Proxy-Authorization")


@attrs.frozen
class RecordedPart:
    """One part of a multipart body, as far as it arrived.

    Attributes:
        name: The field's name.
        filename: The file's name; None for a plain field.
        content_type: The part's Content-Type; empty when it has none.
        size: Bytes of content.
        sha256: Their SHA-256, in hexadecimal.
        text: The content of a plain field, its first 64 KiB; None for a file.
    """

    name: str
    filename: str | None
    content_type: str
    size: int
    sha256: str
    text: str | None


@attrs.frozen
class RecordedRequest:
    """One request that arrived.

    Attributes:
        method: The HTTP method.
        path: The path as it stood in the request, percent signs included.
        query: The parameters of the query, decoded.
        headers: The headers, case-insensitive; the values of credentials are `***`.
        size: Bytes of the body that arrived, framing of its parts included, framing of HTTP not.
        parts: The parts of a multipart body, in order.
        json: The content of a JSON body; None when there was none.
        status: The status that was sent; None while there is none, and when the connection was cut before one.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]
    size: int = 0
    parts: tuple[RecordedPart, ...] = ()
    json: object = None
    status: int | None = None

    def part(self, name: str) -> RecordedPart:
        """The first part of that name.

        Raises:
            KeyError: There is none.
        """
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)

    def as_json(self) -> dict[str, Any]:
        """The same facts as plain data; a header sent twice is joined by a comma."""
        facts = attrs.asdict(self, recurse=True, filter=lambda field, _: field.name != "headers")
        headers = {name: ", ".join(self.headers.getall(name)) for name in self.headers}
        return {**facts, "query": dict(self.query), "headers": headers}


class Journal:
    """The requests in order of arrival.

    It may be read and cleared from any thread: every step is a single operation on a dictionary.
    """

    def __init__(self) -> None:
        self._records: dict[int, RecordedRequest] = {}
        self._count = 0

    def open(self, request: web.Request) -> int:
        """Record an arrival; the number it gives is for `amend`."""
        self._count += 1
        path = request.raw_path.partition("?")[0]
        self._records[self._count] = RecordedRequest(
            request.method, path, dict(request.query), _without_credentials(request)
        )
        return self._count

    def amend(self, number: int, **facts: Any) -> None:
        """Record what became known since; a record that was cleared stays so."""
        records = self._records
        if number in records:
            records[number] = attrs.evolve(records[number], **facts)

    def snapshot(self) -> list[RecordedRequest]:
        """All records now."""
        return list(self._records.values())

    def clear(self) -> None:
        """Forget all records."""
        self._records = {}


def _without_credentials(request: web.Request) -> CIMultiDictProxy[str]:
    headers = CIMultiDict(request.headers)
    for name in _CREDENTIALS:
        if name in headers:
            headers[name] = "***"
    return CIMultiDictProxy(headers)
