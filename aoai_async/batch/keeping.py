"""What a run remembers of earlier ones, and leaves for later ones."""

from __future__ import annotations

import os
from asyncio import Lock
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from attrs import define, field

from aoai_async.batch.index import IdSet
from aoai_async.batch.jobs import Job, Outcome, content_id, memory_of, path_of
from aoai_async.batch.journal import Journal, Kept
from aoai_async.batch.records import record_of
from aoai_async.errors import APITimeoutError, InvalidInputError
from aoai_async.transport.clock import Clock
from aoai_async.transport.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aoai_async.wire.plan import Request

__all__ = ["Keeper", "NoKeeper", "kept_in"]

# Bytes that are digested sooner than a thread is told to.
_QUICK = 64 * 1024


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
    than the first. A recording whose size or time of change is not what it was is a new job too. Of a job that is done
    with, eight bytes are left; more only of those whose equals came as well.
    """

    journal: Journal
    clock: Clock
    retry_failed: bool
    _new: IdSet = field(factory=IdSet, init=False)
    _repeats: dict[str, int] = field(factory=dict, init=False)
    _turns: WeakValueDictionary[str, Lock] = field(factory=WeakValueDictionary, init=False)
    _stamps: dict[str, dict[str, int]] = field(factory=dict, init=False)

    async def recall(self, index: int, job: Job) -> Outcome | str:
        """Return the outcome an earlier run had of a job, or the id under which to do it.

        Raises:
            InvalidInputError: Two jobs have the same id, or the request cannot be known again.
            JournalError: The journal was changed by somebody else.
        """
        job_id, kept = await self._known(job, await _id_of(job))
        stamp = await _stamp_of(job.request)
        if kept is None or (self.retry_failed and not kept.is_done) or _is_changed(kept, stamp):
            if stamp is not None:
                self._stamps[job_id] = stamp
            return job_id
        return Outcome(
            id=job_id,
            index=index,
            request=job.request,
            result=kept.result,
            error=kept.error,
            attempts=kept.record.attempts,
            deployment=kept.record.deployment,
            seconds=kept.record.seconds,
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

    async def _known(self, job: Job, first_id: str) -> tuple[str, Kept | None]:
        # Equal jobs by turns: otherwise the journal's answers might come in another order than the jobs.
        async with self._turns.setdefault(first_id, Lock()):
            if first_id not in self._repeats:
                kept = await self.journal.read(first_id)
                if self._new.add(first_id) if kept is None else self.journal.mark(kept):
                    return first_id, kept
            job_id = self._told_apart(job, first_id)
        return job_id, await self.journal.read(job_id)

    def _told_apart(self, job: Job, first_id: str) -> str:
        if job.id is not None:
            raise InvalidInputError(f"Two jobs have the id {first_id!r}; a journal needs them apart", field="id")
        count = self._repeats[first_id] = self._repeats.get(first_id, 1) + 1
        return f"{first_id}-{count}"


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
    content = memory_of(job.request)
    if content is not None and len(content) > _QUICK:
        return await in_thread(content_id, job.request)
    return content_id(job.request)


def _is_changed(kept: Kept, stamp: dict[str, int] | None) -> bool:
    # A recording that was moved away after it was done stays done.
    return stamp is not None and stamp != kept.record.input


async def _stamp_of(request: Request) -> dict[str, int] | None:
    path = path_of(request)
    return None if path is None else await in_thread(_stamp, path)


def _stamp(path: str) -> dict[str, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return {"size": status.st_size, "modified": status.st_mtime_ns}
