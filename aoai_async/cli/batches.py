"""A batch as all commands run it: drawn, shown, stopped by Ctrl-C, its failures named, its exit status."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import anyio
from attrs import define, evolve, field

from aoai_async.batch.jobs import Job, Outcome
from aoai_async.batch.runner import BatchRunner
from aoai_async.cli.connect import connected
from aoai_async.cli.display import Display, displayed
from aoai_async.cli.display_lines import summary
from aoai_async.cli.failures import Failures, output_error
from aoai_async.cli.remedies import is_locked_out
from aoai_async.cli.settling import Settled
from aoai_async.errors import AzureOpenAIError
from aoai_async.transport.threads import in_thread

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from aoai_async.wire.plan import Request

__all__ = ["Jobs", "Settled", "run_batch"]

_FAILED, _INTERRUPTED = 1, 130


class Jobs(Protocol):
    """Jobs whose number is known; they are drawn one by one."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Job]: ...


async def run_batch(
    arguments: Namespace,
    jobs: Jobs,
    *,
    journal: Path,
    failures: Path,
    settle: Callable[[Outcome], Awaitable[Settled]],
    label: Callable[[Request], str],
    refused: Sequence[Outcome] = (),
) -> int:
    """Do the jobs and return the exit status: 0 all done, 1 some failed, 130 interrupted.

    The first Ctrl-C lets what is in flight end, the second, or SIGTERM, stops at once. When a deployment lets nobody
    in, no more jobs are drawn.

    Args:
        arguments: What `add_connection`, `add_pace` and `add_manner` understood, and ``retry_failed``.
        jobs: The jobs.
        journal: Where the journal lies; its folder is made.
        failures: Where the failures are told as JSON lines; the file is removed when there are none.
        settle: Called with each outcome, good or failed, one after the other. An `AzureOpenAIError` or `OSError` it
            raises makes the job a failed one.
        label: What a request is called in front of people.
        refused: The outcomes of jobs that are not even begun.

    Raises:
        ConfigurationError: The options contradict each other.
        JournalError: The journal is in use, or cannot be read or written.
        OSError: The journal's folder or the failures cannot be written.
    """
    total = len(jobs) + len(refused)
    # In a thread, as it may read a file; and first of all, so that wrong use leaves nothing behind.
    async with await in_thread(connected, arguments) as client, displayed(arguments, total, label) as display:
        await in_thread(journal.parent.mkdir, parents=True, exist_ok=True)
        runner = BatchRunner(
            client,
            max_concurrency=arguments.concurrency,
            requests_per_minute=arguments.rpm,
            journal=journal,
            retry_failed=arguments.retry_failed,
            on_upload=lambda job, sent, whole: display.uploading(job.request, sent, whole),
        )
        batch = _Batch(runner, display, settle, Failures(failures, label))
        async with _interruptible(batch), display.live():
            await batch.run(jobs, refused)
        return await batch.conclude(is_traced=arguments.verbose > 1)


@define(eq=False)
class _Batch:
    runner: BatchRunner
    display: Display
    settle: Callable[[Outcome], Awaitable[Settled]]
    failures: Failures
    is_stopping: bool = field(default=False, init=False)
    is_interrupted: bool = field(default=False, init=False)

    async def run(self, jobs: Jobs, refused: Sequence[Outcome]) -> None:
        for outcome in refused:
            await self._count(outcome, Settled())
        while len(jobs) and not self.is_stopping:
            jobs = await self._replacements(jobs)

    async def _replacements(self, jobs: Jobs) -> list[Job]:
        replacements: list[Job] = []
        async with aclosing(self.runner.run(jobs)) as outcomes:
            async for outcome in outcomes:
                settled = await self._taken(outcome)
                if settled.instead is not None:
                    replacements.append(settled.instead)
        return replacements

    async def _taken(self, outcome: Outcome) -> Settled:
        self.display.settled(outcome.request)
        try:
            settled = await self.settle(outcome)
        except (AzureOpenAIError, OSError) as error:
            settled, outcome = Settled(), evolve(outcome, error=output_error(error))
        if settled.instead is None:
            await self._count(outcome, settled)
        return settled

    async def _count(self, outcome: Outcome, settled: Settled) -> None:
        is_skipped = outcome.is_done and outcome.is_from_journal and not settled.written
        await self.display.count(evolve(outcome, is_from_journal=is_skipped), settled)
        if outcome.error is not None:
            self.failures.add(outcome, outcome.error)
        if is_locked_out(outcome.error) and not outcome.is_from_journal and not self.is_stopping:
            self.stop()
            await self.display.say("The service lets nobody in, so no more jobs are begun.")

    def stop(self) -> None:
        """Draw no more jobs."""
        self.is_stopping = True
        self.runner.stop()

    async def interrupt(self) -> None:
        """Draw no more jobs, and say what happens now."""
        self.is_interrupted = True
        self.stop()
        await self.display.say(
            f"Finishing {self.runner.progress.in_flight} in flight; Ctrl-C again stops at once. "
            "To go on later, run the same command."
        )

    async def conclude(self, *, is_traced: bool) -> int:
        """Tell what it came to, and return the exit status."""
        await in_thread(self.failures.write)
        for text in self.failures.told(is_traced=is_traced):
            await self.display.say(text)
        await self.display.inform(summary(self.display.progress, time.monotonic()))
        if self.is_interrupted:
            await self.display.say("Interrupted. To go on, run the same command.")
            return _INTERRUPTED
        return _FAILED if self.failures else 0


@asynccontextmanager
async def _interruptible(batch: _Batch) -> AsyncIterator[None]:
    """Heed signals; when one says to stop at once, what is inside is cancelled, and what comes after goes on."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task = asyncio.current_task()
        watcher = asyncio.create_task(_heed(signals, batch, task))
        try:
            try:
                yield
            finally:
                watcher.cancel()
                await asyncio.wait([watcher])
        except asyncio.CancelledError:
            if task is None or not batch.is_interrupted:
                raise
            task.uncancel()


async def _heed(signals: AsyncIterator[signal.Signals], batch: _Batch, task: asyncio.Task[object] | None) -> None:
    async for number in signals:
        if number == signal.SIGTERM or batch.is_interrupted:
            batch.is_interrupted = True
            if task is not None:
                task.cancel()
            return
        await batch.interrupt()
