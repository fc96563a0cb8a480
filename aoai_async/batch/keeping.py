"""What a run remembers of earlier ones, and leaves for later ones."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import define, field

from aoai_async.batch.jobs import Job, Outcome, content_id, path_of
from aoai_async.batch.journal import Entry, Journal
from aoai_async.batch.records import record_of
from aoai_async.errors import APITimeoutError, InvalidInputError
from aoai_async.schema.audio import AudioRequest
from aoai_async.transport.clock import Clock
from aoai_async.transport.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aoai_async.wire.plan import Request

__all__ = ["Keeper", "NoKeeper", "kept_in"]


class NoKeeper:
    """Remembers nothing: a job without an id is called by its number."""

    async def recall(self, index: int, job: Job) -> str:
        """Return the id of a job."""
        return str(index) if job.id is None else job.id

    async def keep(self, outcome: Outcome) -> None:
        """Do nothing."""


@define
class Keeper:
    """Remembers outcomes in a journal.

    A job is known again by its id, or by what its request asks; the second of two equal requests is another job
    than the first. A recording whose size or time of change is not what it was is a new job too.
    """

    journal: Journal
    clock: Clock
    retry_failed: bool
    _seen: dict[str, int] = field(factory=dict, init=False)
    _stamps: dict[str, dict[str, int]] = field(factory=dict, init=False)

    async def recall(self, index: int, job: Job) -> Outcome | str:
        """Return the outcome an earlier run had of a job, or the id under which to do it.

        Raises:
            InvalidInputError: Two jobs have the same id, or the request cannot be known again.
            JournalError: The journal was changed by somebody else.
        """
        job_id = self._told_apart(job, await _id_of(job))
        stamp = await _stamp_of(job.request)
        if stamp is not None:
            self._stamps[job_id] = stamp
        entry = self.journal.entries.get(job_id)
        if entry is None or (self.retry_failed and not entry.is_done) or _is_changed(entry, stamp):
            return job_id
        record, result, error = await self.journal.read(job_id)
        return Outcome(
            id=job_id,
            index=index,
            request=job.request,
            result=result,
            error=error,
            attempts=record.attempts,
            deployment=record.deployment,
            seconds=record.seconds,
            is_from_journal=True,
        )

    async def keep(self, outcome: Outcome) -> None:
        """Write an outcome down; raises `JournalError`.

        A job that nobody was asked about before the deadline has none yet: the next run does it.
        """
        stamp = self._stamps.pop(outcome.id, None)
        if outcome.attempts == 0 and isinstance(outcome.error, APITimeoutError):
            return
        await self.journal.write(record_of(outcome, stamp, self.clock.unix()))

    def _told_apart(self, job: Job, job_id: str) -> str:
        count = self._seen[job_id] = self._seen.get(job_id, 0) + 1
        if job.id is not None and count > 1:
            raise InvalidInputError(f"Two jobs have the id {job_id!r}; a journal needs them apart", field="id")
        return job_id if count == 1 else f"{job_id}-{count}"


@asynccontextmanager
async def kept_in(
    journal: str | os.PathLike[str] | None, clock: Clock, *, retry_failed: bool
) -> AsyncIterator[Keeper | NoKeeper]:
    """Lend what keeps outcomes in a journal, or nothing where there is none; raises `JournalError`."""
    if journal is None:
        yield NoKeeper()
        return
    opened = await Journal.open(journal)
    try:
        yield Keeper(opened, clock, retry_failed)
    finally:
        await opened.close()


async def _id_of(job: Job) -> str:
    if job.id is not None:
        return job.id
    # A recording in memory takes milliseconds to digest.
    is_quick = path_of(job.request) is not None or not isinstance(job.request, AudioRequest)
    return content_id(job.request) if is_quick else await in_thread(content_id, job.request)


def _is_changed(entry: Entry, stamp: dict[str, int] | None) -> bool:
    # A recording that was moved away after it was done stays done.
    return stamp is not None and stamp != entry.input


async def _stamp_of(request: Request) -> dict[str, int] | None:
    path = path_of(request)
    return None if path is None else await in_thread(_stamp, path)


def _stamp(path: str) -> dict[str, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return {"size": status.st_size, "modified": status.st_mtime_ns}
