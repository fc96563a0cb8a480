"""Framing of multipart/form-data bodies whose file is streamed (API reference: Request Body)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from aoai_async.wire.filenames import harmless_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Frame", "frame_upload"]

_PRINTABLE = re.compile(r"[ -~]+")
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@frozen
class Frame:
    """What stands before and after the file's bytes.

    Attributes:
        content_type: The value of the Content-Type header.
        head: The bytes before the file.
        tail: The bytes after it.
    """

    content_type: str
    head: bytes
    tail: bytes

    def size_with(self, file_size: int) -> int:
        """Return the exact Content-Length for a file of `file_size` bytes."""
        return len(self.head) + file_size + len(self.tail)


def frame_upload(fields: Iterable[tuple[str, str]], *, filename: str, content_type: str, boundary: str) -> Frame:
    """Frame text fields and one file, the file last; `boundary` must not occur in the file's bytes."""
    parts = [_text_part(name, value, boundary) for name, value in fields]
    opening = (
        f'--{boundary}\r\n{_disposition("file")}; filename="{harmless_name(filename)}"\r\n'
        f"Content-Type: {_harmless_type(content_type)}\r\n\r\n"
    )
    return Frame(
        content_type=f"multipart/form-data; boundary={boundary}",
        head=("".join(parts) + opening).encode(),
        tail=f"\r\n--{boundary}--\r\n".encode(),
    )


def _text_part(name: str, value: str, boundary: str) -> str:
    return f"--{boundary}\r\n{_disposition(name)}\r\n\r\n{value}\r\n"


def _harmless_type(content_type: str) -> str:
    # The service does not look at it, so one that would break the framing is not worth an error.
    return content_type if _PRINTABLE.fullmatch(content_type) else "application/octet-stream"


def _disposition(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name.translate(_ESCAPES)}"'
