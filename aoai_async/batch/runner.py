"""The runner: many jobs, a bounded number at a time, at the speed of the quota."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sized
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from aoai_async.batch.crew import Crew
from aoai_async.batch.jobs import Job, Outcome, job_of
from aoai_async.batch.keeping import Keeper, NoKeeper, kept_in
from aoai_async.batch.pool import DeploymentPool
from aoai_async.batch.progress import Progress
from aoai_async.batch.routes import routes_of
from aoai_async.errors import AzureOpenAIError, ConfigurationError
from aoai_async.transport.sending import answer_of
from aoai_async.transport.settings import CallOptions
from aoai_async.wire.retry import RetryPolicy

if TYPE_CHECKING:
    import os

    from aoai_async.client import AsyncAzureOpenAI
    from aoai_async.wire.plan import Request

__all__ = ["USUAL_RETRY", "BatchRunner", "Jobs"]

Jobs: TypeAlias = "Iterable[Job | Request] | AsyncIterable[Job | Request]"

USUAL_RETRY = RetryPolicy(max_retries=4)
"""How often and how patiently a failed job is sent again, unless the caller says otherwise."""

_FOREVER = float("inf")
_WINDOW = 4
_NO_OPTIONS = CallOptions()


class BatchRunner:
    """Does many jobs, a bounded number at a time, at exactly the speed the quota allows, and loses none.

    ::

        runner = BatchRunner(client, max_concurrency=8, journal="night.jsonl")
        async for outcome in runner.run(CreateTranscriptionRequest(file=path, model="whisper") for path in paths):
            print(outcome.id, outcome.result or outcome.error)

    Jobs are drawn from their iterable one by one, when there is a place for them. A failure is a value, not an
    exception: every job has exactly one outcome. Retries and pacing are decided here alone; the client's own retries
    are off. With a journal, a run that was killed at any moment goes on where it stopped: at most the jobs that were
    in flight are done again.

    Args:
        client_or_pool: A client, or a pool of deployments; it stays the caller's, who closes it.
        max_concurrency: How many jobs are in flight at the most.
        requests_per_minute: The quota of each deployment of a client; None to learn it. A pool has its own.
        shared_quota: A path, the same for all processes of this machine that share deployments. They meet there, on a
            Unix socket that only their user can open, and take turns as if they were one; the smallest quota that any
            of them was told holds for all. When one ends or is killed, the others go on. An empty file, the path with
            ``.lock`` added, stays. None where nobody shares; a pool has its own.
        journal: The path of a journal, to skip what an earlier run has done.
        retry_failed: Whether jobs that failed in an earlier run are done again.
        deadline: Seconds for a whole run; a job that would have to wait longer fails and says when to come back.
        on_progress: Called with the `Progress` after each outcome.
        on_upload: Called with a job, the bytes of its recording sent so far, and all of them; each attempt begins anew.
        retry: How often and how patiently a failed job is sent again (4 times). A refusal for quota is no failure.
        jitter: Gives a number from 0 to 1, by which waits are spread.

    Raises:
        ConfigurationError: A number is out of its range, a quota was given twice, or the path of `shared_quota` is
            too long for a socket.
    """

    def __init__(
        self,
        client_or_pool: AsyncAzureOpenAI | DeploymentPool,
        *,
        max_concurrency: int = 16,
        requests_per_minute: float | None = None,
        shared_quota: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        retry_failed: bool = False,
        deadline: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_upload: Callable[[Job, int, int], object] | None = None,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if max_concurrency < 1:
            raise ConfigurationError(f"max_concurrency={max_concurrency} is none: 1 or more")
        if requests_per_minute is not None and requests_per_minute <= 0:
            raise ConfigurationError(f"requests_per_minute={requests_per_minute} is none: more than 0, or None")
        if isinstance(client_or_pool, DeploymentPool) and requests_per_minute is not None:
            raise ConfigurationError("A pool has the quota of each of its deployments; leave requests_per_minute out")
        if isinstance(client_or_pool, DeploymentPool) and shared_quota is not None:
            raise ConfigurationError("A pool shares the quotas of its deployments; give shared_quota to the pool")
        self.progress = Progress()
        self._routes = routes_of(client_or_pool, requests_per_minute, retry or USUAL_RETRY, jitter, shared_quota)
        self._clock = self._routes.clock
        self._max_concurrency = max_concurrency
        self._journal = journal
        self._retry_failed = retry_failed
        self._deadline = deadline
        self._on_progress = on_progress
        self._on_upload = on_upload
        self._crew: Crew | None = None

    async def run(
        self, jobs: Jobs, *, ordered: bool = False, stop_on: int | None = None
    ) -> AsyncGenerator[Outcome, None]:
        """Do the jobs and yield their outcomes as they come.

        To leave the loop early, or to cancel its task, cancels what is in flight; the journal stays consistent.
        Python closes a generator that was left early some time later; ``contextlib.aclosing`` does it at once.

        Args:
            jobs: `Job` or request objects, from any iterable or async iterable; taken lazily. An async generator is
                closed in the end.
            ordered: Yield outcomes in the order of their jobs; jobs run ahead of the oldest unfinished one by four
                times `max_concurrency` at the most.
            stop_on: After this many failures draw no more jobs; what is in flight still ends.

        Raises:
            JournalError: The journal is being written by another batch, or cannot be read or written.
            ConfigurationError: There can be no socket at the path of `shared_quota`.
            InvalidInputError: Something is no job, two jobs have the same id, or a journal cannot know a job again.
            Exception: Whatever `jobs` raises, once the jobs before it are done.
        """
        async with (
            self._routes.connected(),
            kept_in(self._journal, self._clock, retry_failed=self._retry_failed) as keeper,
            aclosing(_drawn_from(jobs)) as drawn,
        ):
            self.progress = progress = self._begun(jobs)
            deadline = _FOREVER if self._deadline is None else progress.begun + self._deadline

            async def do(index: int, job: Job) -> Outcome:
                progress.in_flight += 1
                try:
                    outcome = await self._see_through(index, job, keeper, deadline)
                finally:
                    progress.in_flight -= 1
                progress.note(outcome, self._clock.monotonic())
                if stop_on is not None and progress.failed >= stop_on:
                    crew.stop()
                if self._on_progress is not None:
                    self._on_progress(progress)
                return outcome

            window = asyncio.Semaphore(_WINDOW * self._max_concurrency) if ordered else None
            self._crew = crew = Crew(drawn, do, self._max_concurrency, window)
            async with aclosing(crew.outcomes() if window is None else _in_order(crew.outcomes(), window)) as outcomes:
                async for outcome in outcomes:
                    yield outcome

    async def gather(self, jobs: Jobs, *, stop_on: int | None = None) -> list[Outcome]:
        """Do the jobs and return their outcomes in the order of the jobs; errors as `run`."""
        async with aclosing(self.run(jobs, ordered=True, stop_on=stop_on)) as outcomes:
            return [outcome async for outcome in outcomes]

    def stop(self) -> None:
        """Draw no more jobs in the latest run; what is in flight still ends, and its outcomes still come."""
        if self._crew is not None:
            self._crew.stop()

    def _begun(self, jobs: Jobs) -> Progress:
        now = self._clock.monotonic()
        return Progress(total=len(jobs) if isinstance(jobs, Sized) else None, begun=now, now=now)

    async def _see_through(self, index: int, job: Job, keeper: Keeper | NoKeeper, deadline: float) -> Outcome:
        begun = self._clock.monotonic()
        kept = await keeper.recall(index, job)
        if isinstance(kept, Outcome):
            return self._routes.attached(kept)
        outcome = self._routes.attached(await self._done(index, kept, job, begun, deadline))
        await keeper.keep(outcome)
        return outcome

    async def _done(self, index: int, job_id: str, job: Job, begun: float, deadline: float) -> Outcome:
        request, options = job.request, self._options(job)
        journey = await self._routes.group_of(request).carry(request, options, deadline)
        result, error = None, None
        try:
            result = await answer_of(journey.unwrap())
        except AzureOpenAIError as failure:
            error = failure
        return Outcome(
            id=job_id,
            index=index,
            request=request,
            result=result,
            error=error,
            attempts=journey.attempts,
            deployment=journey.deployment,
            seconds=self._clock.monotonic() - begun,
        )

    def _options(self, job: Job) -> CallOptions:
        return _NO_OPTIONS if self._on_upload is None else CallOptions(on_progress=partial(self._on_upload, job))


async def _drawn_from(jobs: Jobs) -> AsyncGenerator[Job, None]:
    if isinstance(jobs, AsyncGenerator):
        async with aclosing(jobs):
            async for item in jobs:
                yield job_of(item)
    elif isinstance(jobs, AsyncIterable):
        async for item in jobs:
            yield job_of(item)
    else:
        for item in jobs:
            yield job_of(item)


async def _in_order(
    outcomes: AsyncGenerator[Outcome, None], window: asyncio.Semaphore
) -> AsyncGenerator[Outcome, None]:
    early: dict[int, Outcome] = {}
    following = 0
    async with aclosing(outcomes):
        async for outcome in outcomes:
            early[outcome.index] = outcome
            while following in early:
                window.release()
                yield early.pop(following)
                following += 1
