"""The workers of one run: each takes a job, sees it through, hands over the outcome, and takes the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from attrs import define, field

from aoai_async.batch.jobs import Job, Outcome

__all__ = ["Crew"]


@define(eq=False)
class Crew:
    """A bounded number of workers over a lazy stream of jobs.

    A worker is free before it draws a job, so no more jobs are drawn than are being done; and it finds room for its
    outcome before it draws another, so a slow consumer slows the work down rather than filling memory.

    Attributes:
        jobs: The jobs, drawn one at a time; what they raise is raised once the jobs that were drawn are done.
        do: Sees one job through; what it raises ends the run at once.
        size: How many workers.
        window: Permits to be ahead of the oldest unfinished job; None for any distance.
    """

    jobs: AsyncIterator[Job]
    do: Callable[[int, Job], Awaitable[Outcome]]
    size: int
    window: asyncio.Semaphore | None = None
    _outcomes: asyncio.Queue[Outcome | None] = field(factory=asyncio.Queue, init=False)
    _room: asyncio.Semaphore = field(init=False)
    _drawing: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _drawn: int = field(default=0, init=False)
    _drawer: asyncio.Task[object] | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)
    _failure: BaseException | None = field(default=None, init=False)
    _workers: set[asyncio.Task[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.size)

    async def outcomes(self) -> AsyncGenerator[Outcome, None]:
        """Start the workers and yield outcomes as they come; raise what a worker could not make an outcome of.

        When the generator is closed, what is in flight is cancelled.
        """
        self._start()
        try:
            while (outcome := await self._outcomes.get()) is not None:
                self._room.release()
                yield outcome
            if self._failure is not None:
                raise self._failure
        finally:
            await self._dismiss()

    def stop(self) -> None:
        """Draw no more jobs; those that were drawn are seen through."""
        self._is_over = True
        if self._drawer is not None:
            self._drawer.cancel()

    def _start(self) -> None:
        for _ in range(self.size):
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._note_end)

    async def _dismiss(self) -> None:
        for worker in self._workers:
            worker.cancel()
        if self._workers:
            await asyncio.wait(self._workers)

    async def _work(self) -> None:
        while (drawn := await self._draw()) is not None:
            outcome = await self.do(*drawn)
            await self._room.acquire()
            self._outcomes.put_nowait(outcome)

    async def _draw(self) -> tuple[int, Job] | None:
        if self.window is not None:
            await self.window.acquire()
        async with self._drawing:
            job = None if self._is_over else await self._next_job()
            if job is None:
                self._is_over = True
                return None
            self._drawn += 1
            return self._drawn - 1, job

    async def _next_job(self) -> Job | None:
        self._drawer = asyncio.current_task()
        try:
            return await anext(self.jobs, None)
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it back when the outcomes are out
            self._failure = error
            return None
        finally:
            self._drawer = None

    def _note_end(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        error = None if worker.cancelled() else worker.exception()
        self._failure = self._failure or error
        if error is not None or not self._workers:
            self._is_over = True
            self._outcomes.put_nowait(None)
