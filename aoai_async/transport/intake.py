"""From what a caller gives as a file to a source that is ready to be sent, or to a clear refusal."""

from __future__ import annotations

import io
import os
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from attrs import evolve

from aoai_async.errors import InvalidInputError
from aoai_async.schema.files import AudioFile
from aoai_async.transport.reading import FileStamp, Readable
from aoai_async.transport.sources import BytesSource, FileSource, Readings, Source, StreamSource
from aoai_async.transport.spooling import spooled
from aoai_async.transport.streams import Stream, examine, opened_by, refuse_unreadable
from aoai_async.transport.threads import in_thread
from aoai_async.wire.filenames import checked_recording_name, sniffed_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Recording", "recording_of"]

T = TypeVar("T")
Stamp = TypeVar("Stamp")

_IN_MEMORY = (bytes, bytearray, memoryview, io.BytesIO)
_TUPLE_FORMS = "(filename, content) or (filename, content, content_type)"


class Recording(NamedTuple):
    """A source with what the multipart part says of it."""

    source: Source
    filename: str
    content_type: str


@asynccontextmanager
async def recording_of(file: object, readings: Readings, limit: int) -> AsyncIterator[Recording]:
    """Make a recording of what a caller gave, and tidy up behind it.

    Args:
        file: Any of the forms that `FileTypes` names.
        readings: What it shares with other uploads.
        limit: How many bytes a stream of unknown length may have.

    Raises:
        InvalidInputError: It is missing, empty, a folder, opened as text, or of a name the service refuses.
        UploadSourceError: It cannot be read, or another upload is reading it.
    """
    given = _unpacked(file)
    _check_texts(given)
    name = checked_recording_name(given.filename or _name_of(given.content))
    given = evolve(given, filename=name)
    async with _source(given, readings, limit) as source:
        if source.size == 0:
            raise InvalidInputError(f"{name} is empty: there is nothing to hear in it", field="file")
        yield Recording(source, name, given.content_type)


def _unpacked(file: object) -> AudioFile:
    if isinstance(file, AudioFile):
        return file
    if not isinstance(file, tuple):
        return AudioFile(file)
    if len(file) not in (2, 3):
        raise InvalidInputError(f"file= takes a tuple only as {_TUPLE_FORMS}", field="file")
    name, content, content_type = (*file, None)[:3]
    return AudioFile(content, filename=name, content_type=content_type or "application/octet-stream")


def _check_texts(given: AudioFile) -> None:
    texts: dict[str, object] = {"filename": given.filename or "", "content type": given.content_type}
    for meaning, text in texts.items():
        if not isinstance(text, str):
            raise InvalidInputError(f"The {meaning} {text!r} is a {type(text).__name__}; give a str", field="file")


def _name_of(content: Any) -> str:
    if isinstance(content, str | os.PathLike):
        return os.path.basename(os.fsdecode(content))
    if isinstance(content, _IN_MEMORY):
        return sniffed_name(bytes(_view(content)[:12]))
    for name in (getattr(content, "filename", None), getattr(content, "name", None)):
        if isinstance(name, str | bytes | os.PathLike) and name:
            return os.path.basename(os.fsdecode(name))
    raise InvalidInputError(
        f"This {type(content).__name__} has no name, by whose ending the service judges it; pass {_TUPLE_FORMS}, "
        "or AudioFile(content, filename='talk.mp3')",
        field="file",
    )


@asynccontextmanager
async def _source(given: AudioFile, readings: Readings, limit: int) -> AsyncIterator[Source]:
    content = given.content
    if isinstance(content, str | os.PathLike):
        yield await _of_path(content, readings)
    elif isinstance(content, _IN_MEMORY):
        yield BytesSource(_view(content))
    elif callable(content) and not hasattr(content, "read"):
        async with _of_stream(opened_by(content, given.size), readings, limit) as source:
            yield source
    else:
        refuse_unreadable(content)
        with readings.claim(content):
            async with _of_open(given, readings, limit) as source:
                yield source


@asynccontextmanager
async def _of_open(given: AudioFile, readings: Readings, limit: int) -> AsyncIterator[Source]:
    descriptor = _plain_descriptor(given.content)
    if descriptor is not None and (stamp := await _looked_at(_regular_stamp, descriptor, readings)):
        yield FileSource(descriptor, f"{given.filename}", stamp, readings.buffers)
    else:
        async with _of_stream(await examine(given), readings, limit) as source:
            yield source


@asynccontextmanager
async def _of_stream(stream: Stream, readings: Readings, limit: int) -> AsyncIterator[Source]:
    if stream.size is not None:
        yield StreamSource(stream.start, stream.size, stream.is_repeatable)
    else:
        async with spooled(stream.start(), limit) as (descriptor, stamp):
            yield FileSource(descriptor, "The temporary copy of the stream", stamp, readings.buffers)


async def _of_path(path: str | os.PathLike[str], readings: Readings) -> FileSource:
    try:
        return FileSource(path, os.fspath(path), await _looked_at(_path_stamp, path, readings), readings.buffers)
    except FileNotFoundError:
        raise InvalidInputError(
            f"There is no file {os.fspath(path)!r}; the path is looked up from {await in_thread(os.getcwd)!r}",
            field="file",
        ) from None
    except IsADirectoryError:
        raise InvalidInputError(
            f"{os.fspath(path)!r} is a folder; send the recordings in it one by one", field="file"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{os.fspath(path)!r} cannot be read: {reason}", field="file") from None


async def _looked_at(look: Callable[[T], Stamp], file: T, readings: Readings) -> Stamp:
    stamp = await in_thread(look, file)
    # Threads may be done with many files in the same turn of the loop.
    await readings.starts.enter()
    return stamp


def _path_stamp(path: Readable) -> FileStamp:
    if stat.S_ISFIFO(os.stat(path).st_mode):
        raise ValueError("it is a pipe; open it and pass the handle with a name")
    with open(path, "rb", buffering=0) as file:
        return FileStamp.of(file.fileno())


def _regular_stamp(descriptor: int) -> FileStamp | None:
    return FileStamp.of(descriptor) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _plain_descriptor(content: object) -> int | None:
    # Only these two read exactly what lies on disk; a gzip or zip member also has a descriptor.
    raw = content.raw if type(content) is io.BufferedReader else content
    if type(raw) is not io.FileIO:
        return None
    if raw.closed:
        raise InvalidInputError("The file is closed; keep it open until the call is over", field="file")
    return raw.fileno()


def _view(content: bytes | bytearray | memoryview | io.BytesIO) -> memoryview:
    try:
        plain = content.getvalue() if isinstance(content, io.BytesIO) else content
        return memoryview(plain).cast("B")
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The bytes of this {type(content).__name__} cannot be read: {error}", field="file"
        ) from None
