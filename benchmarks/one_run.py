"""One contender in a process of its own does the load of one case, and says what that cost, as one line of JSON.

``python -m benchmarks.one_run ASSIGNMENT`` with an `Assignment` as JSON. A first call warms up; memory counts from
then on, time after the further calls that the load gives to warming up. The run fails when a contender returns
something else than the sink answered, when the sink did not receive every request with every byte exactly once, or
when a saved picture differs from the one that was sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from attrs import asdict, frozen

from benchmarks import answers, slow_disk
from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.doing import doer
from benchmarks.measures import STALL
from benchmarks.measuring import allow_many_files, cpu_seconds
from benchmarks.model import Job, Load, Run
from benchmarks.recordings import recordings, warm_up_recording
from benchmarks.watching import MemoryMeter, Stalls, watched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.model import Operation

__all__ = ["Assignment"]

_LARGEST_FRAME = 4096


class WrongRunError(Exception):
    """What was measured is not what was meant."""


@frozen(kw_only=True)
class Assignment:
    """What one process is to do.

    Attributes:
        case: The name of a case.
        contender: The name of a contender.
        loop: ``asyncio`` or ``uvloop``.
        load: The load, as an object.
        endpoint: Where the sink listens.
        folder: Where the recordings lie.
    """

    case: str
    contender: str
    loop: str
    load: dict[str, Any]
    endpoint: str
    folder: str


async def main(assignment: Assignment, pictures: Path) -> Run:
    """Warm up, do the load, check it, and return what it cost."""
    case, contender = CASES[assignment.case], CONTENDERS[assignment.contender]
    load, folder = Load(**assignment.load), Path(assignment.folder)
    files = recordings(folder, load)
    jobs = [Job(file=file, target=pictures / f"{number}.png") for number, file in enumerate(files)]
    warm_up = Job(file=warm_up_recording(folder), target=pictures / "warm-up.png")
    async with contender.opened(assignment.endpoint) as actor:
        do = doer(actor, case.operation)
        await do([warm_up], 1)
        await _tally(assignment.endpoint)
        memory = MemoryMeter()
        if load.warm:
            await do([warm_up] * load.warm, load.at_once)
        await _tally(assignment.endpoint)
        with slow_disk.simulated(files) if load.disk == "slow" else nullcontext():
            cost = await _cost(lambda: do(jobs, load.at_once), watch=STALL in case.measures and contender.has_loop)
        most = memory.above_idle_mb() if contender.has_loop else None
        _check_tally(case.operation, load, await _tally(assignment.endpoint))
    _check_pictures(case.operation, jobs)
    return Run(
        **cost, memory_mb=most, calls=load.count, at_once=load.at_once, megabytes=_megabytes(case.operation, load)
    )


async def _cost(do: Callable[[], Awaitable[float | None]], *, watch: bool) -> dict[str, Any]:
    cpu, begun = cpu_seconds(), time.perf_counter()
    async with watched() if watch else nullcontext(Stalls()) as stalls:
        told = await do()
    wall = time.perf_counter() - begun
    return {
        "cpu_seconds": cpu_seconds() - cpu,
        "wall_seconds": wall if told is None else told,
        "stall_ms": stalls.longest * 1000 if watch else None,
    }


async def _tally(endpoint: str) -> dict[str, int]:
    return await asyncio.to_thread(_ask_tally, endpoint)


def _ask_tally(endpoint: str) -> dict[str, int]:
    with urlopen(f"{endpoint}/tally") as answer:  # noqa: S310 - our own sink
        told: dict[str, int] = json.load(answer)
        return told


def _check_tally(operation: Operation, load: Load, tally: dict[str, int]) -> None:
    if tally["requests"] < load.count * (operation != "start"):
        raise WrongRunError(f"{tally['requests']} requests came in place of {load.count}")
    if operation in ("upload", "verbose"):
        size = load.kilobytes * 1000
        if not (size < tally["smallest"] and tally["largest"] < size + _LARGEST_FRAME):
            raise WrongRunError(f"bodies of {tally['smallest']:,} to {tally['largest']:,} bytes came")
        if tally["requests"] != load.count:
            raise WrongRunError(f"{tally['requests']} uploads came in place of {load.count}")


def _check_pictures(operation: Operation, jobs: list[Job]) -> None:
    if operation in ("save_base64", "save_url"):
        for job in jobs:
            if job.target.read_bytes() != answers.picture():
                raise WrongRunError(f"{job.target.name} differs from the picture that was sent")


def _megabytes(operation: Operation, load: Load) -> float:
    size = len(answers.picture()) if operation in ("save_base64", "save_url") else load.kilobytes * 1000
    return load.count * size / 1e6


def _run(assignment: Assignment) -> Run:
    factory = asyncio.new_event_loop if assignment.loop == "asyncio" else import_module(assignment.loop).new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner, TemporaryDirectory(dir=assignment.folder) as pictures:
        return runner.run(main(assignment, Path(pictures)))


if __name__ == "__main__":
    allow_many_files()
    print(json.dumps(asdict(_run(Assignment(**json.loads(sys.argv[1]))))))
