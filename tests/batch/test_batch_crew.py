"""The workers of a batch: what is drawn when, and how they end; every order is proven by events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs import define, field
from batch.batch_tools import PATIENCE, drain, named, settle, tasks_are_gone

from aoai_async.batch.crew import Crew
from aoai_async.batch.jobs import Job, Outcome


@define
class Work:
    """Jobs that end when the test says so, and that note what is being done."""

    count: int
    drawn: list[int] = field(factory=list)
    doing: set[int] = field(factory=set)
    done: list[int] = field(factory=list)
    peak: int = 0
    at_draw: list[int] = field(factory=list)
    gates: dict[int, asyncio.Event] = field(factory=dict)
    begun: dict[int, asyncio.Event] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.gates = {number: asyncio.Event() for number in range(self.count)}
        self.begun = {number: asyncio.Event() for number in range(self.count)}

    async def jobs(self) -> AsyncGenerator[Job, None]:
        """Note what is drawn, and how many are being done then."""
        for number in range(self.count):
            self.at_draw.append(len(self.doing))
            self.drawn.append(number)
            yield named(number)

    async def do(self, index: int, job: Job) -> Outcome:
        """Do a job until its gate opens."""
        self.doing.add(index)
        self.peak = max(self.peak, len(self.doing))
        self.begun[index].set()
        try:
            await checkpoint()
            await self.gates[index].wait()
        finally:
            self.doing.discard(index)
        self.done.append(index)
        return Outcome(id=job.id or "", index=index, request=job.request)

    def open_all(self) -> None:
        """Let every job end."""
        for gate in self.gates.values():
            gate.set()


async def numbers(crew: Crew) -> list[int]:
    with anyio.fail_after(PATIENCE):
        return [outcome.index async for outcome in crew.outcomes()]


async def test_draws_a_job_only_when_a_worker_is_free() -> None:
    """Whenever a job is drawn, fewer jobs are being done than there are workers: the slot comes first."""
    work = Work(40)
    work.open_all()
    assert sorted(await numbers(Crew(work.jobs(), work.do, 3))) == list(range(40))
    assert max(work.at_draw) == 2


async def test_the_next_job_is_drawn_when_one_ends() -> None:
    """Two workers draw two jobs; the end of one of them is what draws the third, and so on."""
    work = Work(4)
    async with aclosing(Crew(work.jobs(), work.do, 2).outcomes()) as outcomes:
        with anyio.fail_after(PATIENCE):
            first = asyncio.ensure_future(anext(outcomes))
            await work.begun[0].wait()
            await work.begun[1].wait()
            assert work.drawn == [0, 1]
            work.gates[1].set()
            assert (await first).index == 1
            await work.begun[2].wait()
            assert work.drawn == [0, 1, 2]
            work.gates[2].set()
            assert (await anext(outcomes)).index == 2
            await work.begun[3].wait()
            assert work.doing == {0, 3}
            work.open_all()
            assert {outcome.index async for outcome in outcomes} == {0, 3}


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_works_exactly_so_many_at_once(size: int) -> None:
    """So many jobs meet at a barrier, which takes that many; more are never being done."""
    work = Work(3 * size)
    barrier = asyncio.Barrier(size)

    async def do(index: int, job: Job) -> Outcome:
        work.gates[index].set()
        work.doing.add(index)
        work.peak = max(work.peak, len(work.doing))
        await barrier.wait()
        return await work.do(index, job)

    assert len(await numbers(Crew(work.jobs(), do, size))) == 3 * size
    assert work.peak == size


async def test_more_workers_than_jobs() -> None:
    """Workers without a job end, and nothing waits for them; no jobs at all are no outcomes."""
    work = Work(2)
    work.open_all()
    assert sorted(await numbers(Crew(work.jobs(), work.do, 16))) == [0, 1]
    assert await numbers(Crew(Work(0).jobs(), work.do, 16)) == []


async def test_a_slow_consumer_slows_the_work_down() -> None:
    """While nobody takes outcomes, every worker ends the job it has and one more at the most."""
    work = Work(100)
    work.open_all()
    async with aclosing(Crew(work.jobs(), work.do, 4).outcomes()) as outcomes:
        for taken in range(1, 60):
            await anext(outcomes)
            await settle()
            assert len(work.drawn) <= taken + 2 * 4


async def test_a_window_bounds_how_far_jobs_run_ahead() -> None:
    """While the oldest job is not done, no more jobs are drawn than there are permits, though workers are free."""
    work = Work(30)
    window = asyncio.Semaphore(6)
    for number in range(1, 30):
        work.gates[number].set()
    async with aclosing(Crew(work.jobs(), work.do, 2, window).outcomes()) as outcomes:
        with anyio.fail_after(PATIENCE):
            assert [(await anext(outcomes)).index for _ in range(5)] == [1, 2, 3, 4, 5]
            waiting = asyncio.ensure_future(anext(outcomes))
            assert work.drawn == [0, 1, 2, 3, 4, 5]
            work.gates[0].set()
            assert (await waiting).index == 0
            window.release()
            assert (await anext(outcomes)).index == 6


async def test_what_the_jobs_raise_comes_after_their_outcomes() -> None:
    """When the iterable raises, what was drawn is still done and handed over, and then its error is raised."""
    work = Work(3)

    async def jobs() -> AsyncGenerator[Job, None]:
        async for job in work.jobs():
            yield job
        for number in range(3):
            await work.begun[number].wait()
        work.open_all()
        raise LookupError("the list has a hole")

    seen: list[Outcome] = []
    with pytest.raises(LookupError, match="a hole"):
        await drain(Crew(jobs(), work.do, 4).outcomes(), seen)
    assert sorted(outcome.index for outcome in seen) == [0, 1, 2]


async def test_what_cannot_be_made_an_outcome_ends_the_crew() -> None:
    """What a job raises is raised, after the outcomes there were, and the others are cancelled."""
    before = asyncio.all_tasks()
    work = Work(3)

    async def do(index: int, job: Job) -> Outcome:
        if index < 2:
            return await work.do(index, job)
        await work.begun[1].wait()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await numbers(Crew(work.jobs(), do, 3))
    assert (work.done, work.doing) == ([], set())
    assert asyncio.all_tasks() == before


async def test_every_failure_is_looked_at() -> None:
    """When several jobs raise at once, one is raised, and the others are not left for the collector to complain of."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    barrier = asyncio.Barrier(3)

    async def do(index: int, job: Job) -> Outcome:
        await barrier.wait()
        raise LookupError(index)

    with pytest.raises(LookupError):
        await numbers(Crew(Work(3).jobs(), do, 3))
    assert complaints == []


async def test_stop_draws_no_more() -> None:
    """After `stop` what was drawn is done, and nothing is drawn."""
    work = Work(50)

    async def do(index: int, job: Job) -> Outcome:
        if index == 4:
            crew.stop()
        return await work.do(index, job)

    crew = Crew(work.jobs(), do, 2)
    work.open_all()
    assert sorted(await numbers(crew)) == work.drawn
    assert len(work.drawn) <= 6


async def test_stop_does_not_wait_for_jobs_that_never_come() -> None:
    """A worker that waits for the next job of a silent source is let go by `stop`, and the source is told."""
    silent, told = asyncio.Event(), asyncio.Event()

    async def jobs() -> AsyncGenerator[Job, None]:
        yield named(0)
        silent.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.set()

    async def do(index: int, job: Job) -> Outcome:
        await silent.wait()
        crew.stop()
        return Outcome(id="0", index=index, request=job.request)

    crew = Crew(jobs(), do, 3)
    assert await numbers(crew) == [0]
    assert told.is_set()


async def test_closing_the_outcomes_cancels_what_is_in_flight() -> None:
    """A crew whose outcomes are closed has no worker left, and each had its chance to tidy up."""
    before = asyncio.all_tasks()
    work = Work(9)
    work.gates[1].set()
    outcomes = Crew(work.jobs(), work.do, 3).outcomes()
    assert (await anext(outcomes)).index == 1
    await work.begun[3].wait()
    await outcomes.aclose()
    assert (work.done, work.doing) == ([1], set())
    assert asyncio.all_tasks() == before


async def test_cancelling_the_consumer_cancels_what_is_in_flight() -> None:
    """A consumer that is cancelled while it waits takes the workers with it, before it is done itself."""
    before = asyncio.all_tasks()
    work = Work(9)
    consumer = asyncio.create_task(numbers(Crew(work.jobs(), work.do, 3)))
    await work.begun[2].wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert work.doing == set()
    await tasks_are_gone(before)
