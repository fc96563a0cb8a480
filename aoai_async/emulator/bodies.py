"""What a request's body becomes on its way: files on disk, fields and JSON in memory, every part hashed."""

import hashlib
from pathlib import Path, PurePath
from typing import Protocol

import attrs
import msgspec
from aiohttp import web
from anyio import to_thread

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer
from aoai_async.emulator.journal import RecordedPart
from aoai_async.emulator.multipart import Event, MultipartError, MultipartSplitter, PartHead, parameters
from aoai_async.emulator.spool import Spool

__all__ = ["Body", "FormBody", "JsonBody", "Part"]

_MOST_FIELD_BYTES = 65_536
_MOST_JSON_BYTES = 1_048_576


class Body(Protocol):
    """Takes a body piece by piece.

    Attributes:
        parts: The parts of a multipart body so far, in order.
        document: The content of a JSON body that is complete.
        flaw: The answer that the body deserves for its form; None while it is sound.
    """

    parts: "list[Part]"
    document: object
    flaw: Answer | None

    async def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        ...

    def finish(self) -> None:
        """Say that the body is complete."""
        ...


@attrs.define(eq=False)
class Part:
    """One part, as far as it has arrived.

    Attributes:
        head: What its headers say.
        path: The file that holds its content; None for a plain field.
        size: Bytes of content so far.
    """

    head: PartHead
    path: Path | None
    size: int = 0
    _digest: "hashlib._Hash" = attrs.field(factory=hashlib.sha256)
    _text: bytearray = attrs.field(factory=bytearray)

    async def take(self, data: bytes) -> None:
        """Add content."""
        self.size += len(data)
        if self.path is None:
            self._digest.update(data)
            self._text += data[: _MOST_FIELD_BYTES - len(self._text)]
        else:
            await to_thread.run_sync(self._append, self.path, data)

    def _append(self, path: Path, data: bytes) -> None:
        # A handle that is open only here needs no owner.
        with path.open("ab", buffering=0) as file:
            file.write(data)
        self._digest.update(data)

    @property
    def text(self) -> str:
        """The content of a plain field, its first 64 KiB."""
        return self._text.decode("utf-8", "replace")

    def record(self) -> RecordedPart:
        """The part as the journal shows it."""
        text = self.text if self.path is None else None
        name, filename, content_type = self.head.name, self.head.filename, self.head.content_type
        return RecordedPart(name, filename, content_type, self.size, self._digest.hexdigest(), text)


class FormBody:
    """A multipart body; its files go to `spool`."""

    def __init__(self, request: web.Request, spool: Spool) -> None:
        self.parts: list[Part] = []
        self.document: object = None
        self.flaw: Answer | None = None
        self._spool = spool
        self._splitter = self._split(request)

    def _split(self, request: web.Request) -> MultipartSplitter | None:
        if request.content_type != "multipart/form-data":
            self.flaw = refusals.malformed_body("The Content-Type must be multipart/form-data.")
            return None
        try:
            return MultipartSplitter(parameters(request.headers["Content-Type"]).get("boundary", ""))
        except MultipartError as error:
            self.flaw = refusals.malformed_body(str(error))
            return None

    async def feed(self, data: bytes) -> None:
        """Take the next bytes; what follows a flaw is ignored."""
        if self._splitter is None:
            return
        try:
            for event in self._splitter.feed(data):
                await self._take(event)
        except MultipartError as error:
            self._give_up(error)

    def finish(self) -> None:
        """Say that the body is complete."""
        if self._splitter is None:
            return
        try:
            self._splitter.close()
        except MultipartError as error:
            self._give_up(error)

    def _give_up(self, error: MultipartError) -> None:
        self.flaw = refusals.malformed_body(str(error))
        self._splitter = None

    async def _take(self, event: Event) -> None:
        if isinstance(event, PartHead):
            path = None if event.filename is None else self._spool.new_path(_extension(event.filename))
            self.parts.append(Part(event, path))
            # Even an empty upload is a file.
            await self.parts[-1].take(b"")
        elif isinstance(event, bytes):
            await self.parts[-1].take(event)


class JsonBody:
    """A JSON body, up to a size that no request for a picture reaches."""

    def __init__(self, request: web.Request) -> None:
        self.parts: list[Part] = []
        self.document: object = None
        self.flaw: Answer | None = None
        self._kept = bytearray()
        if request.content_type != "application/json":
            self.flaw = refusals.not_json("the Content-Type must be application/json.")

    async def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._kept += data[: _MOST_JSON_BYTES + 1 - len(self._kept)]

    def finish(self) -> None:
        """Say that the body is complete."""
        try:
            self.document = msgspec.json.decode(self._kept)
        except (ValueError, RecursionError) as error:
            self.flaw = self.flaw or refusals.not_json(str(error))


def _extension(filename: str) -> str:
    suffix = PurePath(filename).suffix.lower()
    harmless = suffix[1:].isalnum() and suffix.isascii() and len(suffix) < 16
    return suffix if harmless else ""
