"""Open files, async readers and async iterables, all read as one kind of stream."""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.errors import AzureOpenAIError, InvalidInputError, UploadSourceError
from aoai_async.transport.reading import Pieces
from aoai_async.transport.threads import LONGEST_LAST_CALL, finish, in_thread_to_its_end, open_in_thread

if TYPE_CHECKING:
    from aoai_async.schema.files import AudioFile

__all__ = ["Stream", "examine", "opened_by", "refuse_unreadable"]

_PIECE = 256 * 1024


@frozen
class Stream:
    """How a stream is read.

    Attributes:
        start: Begins a reading from the first byte.
        size: The length in bytes, if it is known.
        is_repeatable: Whether `start` can be called more than once.
    """

    start: Callable[[], Pieces]
    size: int | None
    is_repeatable: bool


def refuse_unreadable(content: Any) -> None:
    """Refuse what is opened as text, and what is no stream at all, with an `InvalidInputError`."""
    # Its mode does not tell: a zip member has "r" and gives bytes, a temporary file may have "w+" and give text.
    if hasattr(content, "encoding"):
        raise InvalidInputError(
            "The file is opened in text mode, which spoils a recording; open it with mode 'rb'", field="file"
        )
    if not hasattr(content, "read") and not hasattr(content, "__aiter__"):
        raise InvalidInputError(
            f"file= does not take a {type(content).__name__}; give a path, bytes, a binary file, an async iterable "
            f"of bytes, a function that opens one, or (filename, content)",
            field="file",
        )


async def examine(given: AudioFile) -> Stream:
    """Find out how long an open file or stream is, and whether it can be read from its beginning again.

    Raises:
        InvalidInputError: It cannot be used; it may have been closed.
    """
    try:
        return await _examined(given.content, _told_size(given))
    except Exception as error:
        raise InvalidInputError(f"The file cannot be read: {error}", field="file") from error


async def _examined(content: Any, size: int | None) -> Stream:
    if not await _is_seekable(content):
        return Stream(lambda: _guarded(_read_stream(content)), size, is_repeatable=False)
    if size is None:
        size = await _size_by_seeking(content)
    return Stream(lambda: _guarded(_from_start(content)), size, is_repeatable=True)


def _told_size(given: AudioFile) -> int | None:
    size = given.size if given.size is not None else getattr(given.content, "size", None)
    return size if isinstance(size, int) else None


async def _is_seekable(content: Any) -> bool:
    if not hasattr(content, "seek"):
        return False
    return bool(await _called(content.seekable)) if hasattr(content, "seekable") else True


async def _size_by_seeking(content: Any) -> int:
    await _called(content.seek, 0, os.SEEK_END)
    return int(await _called(content.tell))


async def _guarded(pieces: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes | memoryview, None]:
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield _checked_piece(piece)
    except AzureOpenAIError:
        raise
    except Exception as error:
        raise UploadSourceError(f"The stream cannot be read: {error}") from error


async def _from_start(content: Any) -> AsyncGenerator[Any, None]:
    await _called(content.seek, 0)
    async for piece in _read_stream(content):
        yield piece


def opened_by(opener: Callable[[], Any], size: int | None) -> Stream:
    """Describe what a function opens, which may be done again for each attempt."""

    async def pieces() -> AsyncGenerator[Any, None]:
        stream = await _opened(opener)
        try:
            async for piece in _read_stream(stream):
                yield piece
        finally:
            await _close(stream)

    return Stream(lambda: _guarded(pieces()), size, is_repeatable=True)


async def _opened(opener: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(opener):
        return await opener()
    stream = await open_in_thread(opener, _close_unread)
    return await stream if inspect.isawaitable(stream) else stream


def _close_unread(stream: Any) -> None:
    if hasattr(stream, "close"):
        stream.close()


async def _close(stream: Any) -> None:
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is not None:
        await finish(_called(close), within=LONGEST_LAST_CALL)


async def _called(function: Callable[..., Any], *args: Any) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    # The next attempt must not seek while this one still reads.
    result = await in_thread_to_its_end(function, *args)
    return await result if inspect.isawaitable(result) else result


async def _read_stream(stream: Any) -> AsyncGenerator[Any, None]:
    if not hasattr(stream, "read"):
        async for piece in stream:
            yield piece
        return
    while piece := await _read(stream):
        yield piece


async def _read(stream: Any) -> Any:
    piece = await _called(stream.read, _PIECE)
    if piece is None:
        raise UploadSourceError("The stream has no bytes yet and does not wait for them: make it blocking")
    return piece


def _checked_piece(piece: object) -> bytes | memoryview:
    if isinstance(piece, str):
        raise InvalidInputError(
            "The file is opened in text mode, which spoils a recording; open it with mode 'rb'", field="file"
        )
    return memoryview(piece).cast("B")  # type: ignore[arg-type]
