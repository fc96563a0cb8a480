"""Runs cases: each contender in a process of its own, in turn, round after round."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, frozen

from benchmarks.certificates import certified
from benchmarks.contenders import CONTENDERS
from benchmarks.measuring import measured, served
from benchmarks.model import Case, Run
from benchmarks.one_run import Assignment
from benchmarks.recordings import NotEvictedError, evict, make, recordings
from benchmarks.report import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.model import Load

__all__ = ["Plan", "absent", "run_cases"]


@frozen(kw_only=True)
class Plan:
    """What is run.

    Attributes:
        cases: In this order.
        contenders: The names of those who take part, where a case has them.
        loops: ``asyncio``, ``uvloop`` or both.
        rounds: How often.
        is_quick: Whether the small loads are taken.
    """

    cases: Sequence[Case]
    contenders: frozenset[str]
    loops: Sequence[str]
    rounds: int
    is_quick: bool

    def assignments(self, case: Case) -> Iterator[tuple[Load, int, str, str]]:
        """Yield load, round, contender and loop, so that those to be compared follow each other closely."""
        for load in case.quick if self.is_quick else case.loads:
            for number in range(self.rounds):
                for name in case.contenders:
                    for loop in self._loops_of(name):
                        yield load, number, name, loop

    def _loops_of(self, name: str) -> Iterator[str]:
        contender = CONTENDERS[name]
        if name in self.contenders and contender.missing() is None:
            yield from (loop for loop in self.loops if _is_there(loop) and (contender.has_loop or loop == "asyncio"))


def absent(plan: Plan) -> dict[str, str]:
    """Return who and what cannot take part, each with the reason."""
    wanted = [CONTENDERS[name] for case in plan.cases for name in case.contenders if name in plan.contenders]
    missing = {contender.name: f"{contender.missing()} is not installed" for contender in wanted if contender.missing()}
    return missing | {loop: f"{loop} is not installed" for loop in plan.loops if not _is_there(loop)}


def run_cases(plan: Plan, folder: Path, tell: Callable[[str], object]) -> Iterator[Record]:
    """Run everything, with recordings in `folder`, and yield a record for each process."""
    certificate = certified(folder)
    with ExitStack() as stack:
        plain = f"http://127.0.0.1:{stack.enter_context(served('benchmarks.sink'))}"
        endpoints = {False: plain}
        if certificate is not None:
            endpoints[True] = (
                f"https://127.0.0.1:{stack.enter_context(served('benchmarks.tls_sink', certificate.server))}"
            )
        environment = {} if certificate is None else certificate.environment
        for case in plan.cases:
            tell(case.title)
            for load, number, name, loop in plan.assignments(case):
                make(folder, load)
                record = Record(case=case.name, load=load, contender=name, loop=loop, round=number)
                yield _done(record, endpoints.get(load.tls), folder, environment)


def _done(record: Record, endpoint: str | None, folder: Path, environment: dict[str, str]) -> Record:
    if endpoint is None:
        return evolve(record, problem="trustme is not installed: no certificate", is_excused=True)
    assignment = Assignment(
        case=record.case,
        contender=record.contender,
        loop=record.loop,
        load=asdict(record.load),
        endpoint=endpoint,
        folder=str(folder),
    )
    try:
        if record.load.disk == "evicted":
            for file in recordings(folder, record.load):
                evict(file)
        found: dict[str, Any] = measured("benchmarks.one_run", json.dumps(asdict(assignment)), environment=environment)
    except NotEvictedError as error:
        return evolve(record, problem=str(error), is_excused=True)
    except subprocess.SubprocessError as error:
        return evolve(record, problem=f"failed: {type(error).__name__}")
    return evolve(record, run=Run(**found))


def _is_there(loop: str) -> bool:
    return loop == "asyncio" or find_spec(loop) is not None
