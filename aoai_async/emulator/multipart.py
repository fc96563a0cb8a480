"""A multipart/form-data body taken apart as it arrives (RFC 7578): bytes in, events out, no I/O.

Nothing is kept but the few bytes that may be the beginning of a boundary, or the headers of one part.
"""

import re
from collections.abc import Callable, Iterator

import attrs

__all__ = ["Event", "MultipartError", "MultipartSplitter", "PartEnd", "PartHead", "parameters"]

_MOST_HEADER_BYTES = 16_384
_MOST_PARTS = 256
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;]*))')


class MultipartError(ValueError):
    """The bytes are no multipart body, or not the whole of one."""


@attrs.frozen
class PartHead:
    """A part begins.

    Attributes:
        name: The field's name.
        filename: The file's name; None for a plain field.
        content_type: The part's Content-Type; empty when it has none.
    """

    name: str
    filename: str | None
    content_type: str


@attrs.frozen
class PartEnd:
    """The part that began last is complete."""


Event = PartHead | bytes | PartEnd

_GO_ON = b""
"""An event that tells nothing: the next step can be taken at once."""


def parameters(header: str) -> dict[str, str]:
    """The parameters of a header such as Content-Disposition, with lower-case names."""
    return {name.lower(): _unquoted(quoted) or bare.strip() for name, quoted, bare in _PARAMETER.findall(header)}


class MultipartSplitter:
    """Takes one multipart body apart.

    Args:
        boundary: The `boundary` parameter of the request's Content-Type, 1 to 70 characters.

    Raises:
        MultipartError: The boundary is missing or too long.
    """

    def __init__(self, boundary: str) -> None:
        if not 1 <= len(boundary) <= 70:
            raise MultipartError("The Content-Type must name a boundary of 1 to 70 characters.")
        self._delimiter = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
        # The first boundary may stand at the very beginning, without the line end that the others have.
        self._buffer = b"\r\n"
        self._step: Callable[[], Event | None] = self._preamble
        self._parts = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take the next bytes and give the events they complete; bytes of content are events themselves.

        Raises:
            MultipartError: The bytes break the format.
        """
        self._buffer += data
        while (event := self._step()) is not None:
            if event != _GO_ON:
                yield event

    def close(self) -> None:
        """Say that no more bytes come.

        Raises:
            MultipartError: The closing boundary has not been seen.
        """
        if self._step != self._epilogue:
            raise MultipartError("The multipart body ends before its closing boundary.")

    def _preamble(self) -> Event | None:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            self._take(self._certain())
            return None
        self._take(at + len(self._delimiter))
        self._step = self._boundary_line
        return _GO_ON

    def _boundary_line(self) -> Event | None:
        rest = self._buffer.lstrip(b" \t")
        if len(rest) < 2 and len(self._buffer) < _MOST_HEADER_BYTES:
            return None
        self._buffer = rest
        if rest.startswith(b"--"):
            self._step = self._epilogue
        elif rest.startswith(b"\r\n"):
            self._step = self._headers
        else:
            raise MultipartError("A boundary is followed by neither a new line nor two dashes.")
        return _GO_ON

    def _headers(self) -> Event | None:
        end = self._buffer.find(b"\r\n\r\n")
        if max(end, 0 if end >= 0 else len(self._buffer)) > _MOST_HEADER_BYTES:
            raise MultipartError(f"The headers of a part are longer than {_MOST_HEADER_BYTES} bytes.")
        if end < 0:
            return None
        self._count_part()
        self._step = self._content
        return _part_head(self._take(end + 4)[:-4])

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise MultipartError(f"The body has more than {_MOST_PARTS} parts.")

    def _content(self) -> Event | None:
        at = self._buffer.find(self._delimiter)
        if at == 0:
            self._take(len(self._delimiter))
            self._step = self._boundary_line
            return PartEnd()
        return self._take(at if at > 0 else self._certain()) or None

    def _epilogue(self) -> Event | None:
        self._buffer = b""
        return None

    def _certain(self) -> int:
        """How many bytes cannot belong to a boundary that is still to come."""
        return max(0, len(self._buffer) - len(self._delimiter) + 1)

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


def _part_head(block: bytes) -> PartHead:
    headers = dict(_header_lines(block.decode("utf-8", "replace")))
    disposition = headers.get("content-disposition", "")
    facts = parameters(disposition)
    if not disposition.lower().startswith("form-data") or "name" not in facts:
        raise MultipartError("A part lacks its Content-Disposition: form-data with a name.")
    return PartHead(facts["name"], facts.get("filename"), headers.get("content-type", ""))


def _header_lines(block: str) -> Iterator[tuple[str, str]]:
    for line in block.split("\r\n"):
        name, _, value = line.partition(":")
        yield name.strip().lower(), value.strip()


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)
