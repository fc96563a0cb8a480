"""What may be given as a recording."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import field, frozen
from attrs.validators import ge, optional

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Awaitable, Callable

__all__ = ["AsyncReader", "AudioFile", "FileContent", "FileTypes"]


class AsyncReader(Protocol):
    """Anything with an ``async def read(size)``: an aiofiles handle, a stream reader, an upload of a framework."""

    async def read(self, size: int = ..., /) -> bytes:
        """Return up to `size` bytes, and none at the end."""
        ...


Stream: TypeAlias = "IO[bytes] | AsyncReader | AsyncIterable[bytes]"
Opener: TypeAlias = "Callable[[], Stream | Awaitable[Stream]]"
FileContent: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | Stream | Opener"


@frozen
class AudioFile:
    """A recording with a name, for content that has none of its own.

    Attributes:
        content: A path, bytes, an open binary file, an async reader or async iterable of bytes, or a function
            that opens a new stream at each call (which makes a stream repeatable).
        filename: Its name; the service judges the format by its ending.
        size: The length of a stream in bytes, if it is known. A stream of unknown length is first written to
            a temporary file.
        content_type: The part's Content-Type; the service does not look at it.
    """

    content: Any = field(repr=False)
    filename: str | None = None
    size: int | None = field(default=None, validator=optional(ge(0)))
    content_type: str = "application/octet-stream"


FileTypes: TypeAlias = (
    "FileContent | AudioFile | tuple[str | None, FileContent] | tuple[str | None, FileContent, str | None]"
)
