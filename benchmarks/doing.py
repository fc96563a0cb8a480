"""Doing many calls of one contender, so many at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from benchmarks.answers import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from benchmarks.model import Job, Operation

__all__ = ["WrongAnswerError", "doer"]


class WrongAnswerError(Exception):
    """A contender returned something else than the service answered."""


def doer(actor: Any, operation: Operation) -> Callable[[Sequence[Job], int], Awaitable[float | None]]:
    """Return what does jobs, so many at once, and returns how many seconds they took if they tell that themselves.

    Raises:
        WrongAnswerError: A contender returned neither what the service answered nor None.
    """
    if hasattr(actor, f"all_{operation}"):
        return getattr(actor, f"all_{operation}")  # type: ignore[no-any-return]  # by its name it is one
    call = getattr(actor, operation)

    async def do(jobs: Sequence[Job], at_once: int) -> float | None:
        left = iter(jobs)
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(_work(left, call, operation)) for _ in range(min(at_once, len(jobs)))]
        told = [seconds for worker in workers for seconds in worker.result()]
        return sum(told) if told else None

    return do


async def _work(jobs: Iterator[Job], call: Callable[[Job], Awaitable[object]], operation: Operation) -> list[float]:
    told = []
    for job in jobs:
        result = await call(job)
        if isinstance(result, float):
            told.append(result)
        elif result is not None and operation in EXPECTED and result != EXPECTED[operation]:
            raise WrongAnswerError(f"{operation} gave {result!r}")
    return told
