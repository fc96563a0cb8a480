"""The journal of a batch: a file of JSON lines that is only ever appended to."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from attrs import define, evolve, field, frozen

from aoai_async.batch.index import LineIndex
from aoai_async.batch.records import Record, error_of, id_in, result_of
from aoai_async.errors import AzureOpenAIError, JournalError
from aoai_async.transport.threads import in_thread, open_in_thread
from aoai_async.wire.convert import MalformedJSONError, UnfitError, decode_json, encode_json

__all__ = ["Journal", "Kept"]

_LONGEST_LINE = 64 * 1024
_PIECE = 8 * 1024


@frozen
class Kept:
    """A job's last outcome in a journal, and where its line begins.

    A result that lay in a file that is gone, or is damaged, is a `JournalError`: its job is done and was billed.
    """

    offset: int
    record: Record
    result: Any
    error: AzureOpenAIError | None

    @property
    def is_done(self) -> bool:
        """Whether the job had a result."""
        return self.record.status == "done"


@define(eq=False)
class Journal:
    """The journal of a batch: one line an outcome, in the order of the outcomes.

    It belongs to one process at a time. An outcome stands in it before anybody is told of it, so a process that is
    killed loses none; a line that it had no time to finish is ignored by the next one. Results too large for a line
    lie as files in a folder beside it, each written under a temporary name and then renamed.

    Attributes:
        path: Where it lies.
        descriptor: Its open file; -1 once it is closed.
    """

    path: Path
    descriptor: int = field(repr=False)
    _index: LineIndex = field(repr=False)
    _waiting: list[bytes] = field(factory=list, init=False, repr=False)
    _block: asyncio.Task[None] | None = field(default=None, init=False, repr=False)
    _next_block: asyncio.Task[None] | None = field(default=None, init=False, repr=False)

    @classmethod
    async def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a journal, or begin one.

        Raises:
            JournalError: Another batch writes it, or it cannot be read or written.
        """
        place = Path(path)
        try:
            return await open_in_thread(lambda: cls._opened(place), lambda journal: os.close(journal.descriptor))
        except BlockingIOError:
            raise JournalError(
                f"{place} is being written by another batch; wait for its end, or give this one another journal"
            ) from None
        except OSError as error:
            raise JournalError(f"The journal {place} cannot be opened: {error.strerror}") from error

    @classmethod
    def _opened(cls, place: Path) -> Self:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(descriptor)
            journal = cls(place, descriptor, _index_of(descriptor))
            _remove_parts(journal._folder)
        except BaseException:
            os.close(descriptor)
            raise
        return journal

    async def write(self, record: Record) -> None:
        """Append an outcome; returns when the system has it. Many callers at once share a write.

        A caller that is cancelled meanwhile does not keep the outcome from being written.

        Raises:
            JournalError: It cannot be written, for example because the disk is full.
        """
        try:
            await self._append((await self._slim(record)).line())
        except OSError as error:
            raise JournalError(f"The journal {self.path} cannot be written: {error.strerror}") from error

    async def read(self, job_id: str) -> Kept | None:
        """Return a job's last outcome of those that stood here when the journal was opened, or None.

        Raises:
            JournalError: The journal was changed since.
        """
        offsets = self._index.offsets(job_id)
        return await in_thread(self._kept, job_id, offsets) if offsets else None

    def mark(self, kept: Kept) -> bool:
        """Note that a job was met, and return whether it was not met before."""
        return self._index.mark(kept.record.id, kept.offset)

    async def close(self) -> None:
        """Write what waits to be written, and close the journal; also when cancelled."""
        await asyncio.shield(asyncio.create_task(self._close()))

    async def _close(self) -> None:
        blocks = [block for block in (self._block, self._next_block) if block is not None]
        if blocks:
            await asyncio.wait(blocks)
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)

    async def _slim(self, record: Record) -> Record:
        value = encode_json(record.value)
        if len(value) <= _LONGEST_LINE or record.status == "failed":
            return record
        name = f"{hashlib.sha256(record.id.encode()).hexdigest()[:16]}.json"
        await in_thread(_write_whole, self._folder / name, value)
        return evolve(record, value=None, file=name)

    async def _append(self, line: bytes) -> None:
        self._waiting.append(line)
        if self._next_block is None:
            self._next_block = asyncio.create_task(self._write_block(self._block))
        await asyncio.shield(self._next_block)

    async def _write_block(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        lines, self._waiting = self._waiting, []
        self._block, self._next_block = self._next_block, None
        await in_thread(_write_all, self.descriptor, b"".join(lines))

    @property
    def _folder(self) -> Path:
        return self.path.with_name(f"{self.path.name}.results")

    def _kept(self, job_id: str, offsets: list[int]) -> Kept | None:
        for offset in offsets:
            record = self._record_at(offset, job_id)
            if record is not None:
                return Kept(offset, record, *self._outcome_of(record))
        return None

    def _record_at(self, offset: int, job_id: str) -> Record | None:
        line = _line_at(self.descriptor, offset)
        name = id_in(line)
        if name is None or offset not in self._index.offsets(name):
            raise JournalError(f"The journal {self.path} was changed by somebody else while it was in use")
        return Record.of_line(line) if name == job_id else None

    def _outcome_of(self, record: Record) -> tuple[Any, AzureOpenAIError | None]:
        try:
            return (None, error_of(record)) if record.status == "failed" else (self._result(record), None)
        except (OSError, MalformedJSONError, UnfitError, TypeError) as error:
            return None, JournalError(f"What {self.path} says of the job {record.id} cannot be read: {error}")

    def _result(self, record: Record) -> Any:
        if record.file is None:
            return result_of(record, record.value)
        return result_of(record, decode_json((self._folder / record.file).read_bytes()))


def _lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _index_of(descriptor: int) -> LineIndex:
    # Whether a line that names a job is whole in all else is seen when the job is asked for.
    index = LineIndex()
    offset, line = 0, b"\n"
    with os.fdopen(os.dup(descriptor), "rb") as lines:
        lines.seek(0)
        for line in lines:
            name = id_in(line)
            if name is not None:
                index.add(name, offset)
            offset += len(line)
    if not line.endswith(b"\n"):
        _write_all(descriptor, b"\n")
    return index


def _line_at(descriptor: int, offset: int) -> bytes:
    pieces, newline = [], b""
    while not newline and (piece := os.pread(descriptor, _PIECE, offset)):
        offset += len(piece)
        piece, newline, _ = piece.partition(b"\n")
        pieces.append(piece)
    return b"".join(pieces)


def _write_all(descriptor: int, block: bytes) -> None:
    size = os.fstat(descriptor).st_size
    view = memoryview(block)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        # Half a line would spoil the next one.
        os.ftruncate(descriptor, size)
        raise


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _remove_parts(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            part.unlink()
