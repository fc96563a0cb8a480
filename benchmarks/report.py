"""What was found: every run of every process, and the medians and ratios that are drawn from them."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from benchmarks.model import AtMost, Flat, Goal, Load, Run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.model import Case, Measure

__all__ = ["Record", "Report", "Verdict"]


@frozen(kw_only=True)
class Record:
    """One process.

    Attributes:
        case: The name of the case.
        load: What it did.
        contender: Who did it.
        loop: On which event loop.
        round: In which round; ratios are taken within one.
        run: What it found, unless something went wrong.
        problem: What went wrong.
        is_excused: Whether it only says that this machine cannot do it.
    """

    case: str
    load: Load
    contender: str
    loop: str
    round: int
    run: Run | None = None
    problem: str | None = None
    is_excused: bool = False


@frozen(kw_only=True)
class Report:
    """All that was found.

    Attributes:
        machine: What it ran on: names and versions.
        is_quick: Whether it was for correctness only, so that goals mean nothing, except those that must be reached.
        absent: Who or what could not take part, and why.
        records: One for each process.
    """

    machine: dict[str, str]
    is_quick: bool
    absent: dict[str, str]
    records: list[Record]

    @property
    def rounds(self) -> int:
        """How often everything ran."""
        return max((record.round for record in self.records), default=-1) + 1

    def of(self, case: Case) -> Report:
        """Return what was found of one case."""
        return evolve(self, records=[record for record in self.records if record.case == case.name])

    def loads(self) -> list[Load]:
        """Return the loads in the order in which they were done."""
        return list(dict.fromkeys(record.load for record in self.records))

    def ways(self) -> list[tuple[str, str]]:
        """Return contenders with their loops, in the order in which they ran."""
        return list(dict.fromkeys((record.contender, record.loop) for record in self.records))

    def values(self, measure: Measure, contender: str, loop: str, load: Load) -> dict[int, float]:
        """Return a measure by round."""
        wanted = [r for r in self.records if (r.contender, r.loop, r.load) == (contender, loop, load)]
        found = {record.round: measure.of(record.run) for record in wanted if record.run is not None}
        return {number: value for number, value in found.items() if value is not None}

    def median(self, measure: Measure, contender: str, loop: str, load: Load) -> float | None:
        """Return the median over the rounds."""
        return _median(self.values(measure, contender, loop, load).values())

    def ratio(self, measure: Measure, ours: str, theirs: str, loop: str, load: Load) -> float | None:
        """Return the median of the ratios of ours to theirs, each within one round."""
        mine, other = (self.values(measure, name, loop, load) for name in (ours, theirs))
        return _median(value / other[number] for number, value in mine.items() if other.get(number))

    def verdict(self, goal: Goal) -> Verdict | None:
        """Return what became of a goal, on asyncio's own loop; None where it was not measured."""
        found = self._found(goal)
        return None if found is None else Verdict(goal, found)

    def _found(self, goal: Goal) -> float | None:
        if isinstance(goal, Flat):
            return self._spread(goal)
        ours, load = goal.ours, self._largest_load()
        if load is None:
            return None
        if goal.contender is None:
            return self.median(goal.measure, ours, "asyncio", load)
        return self.ratio(goal.measure, ours, goal.contender, "asyncio", load)

    def _spread(self, goal: Flat) -> float | None:
        medians = [self.median(goal.measure, goal.ours, "asyncio", load) for load in self.loads()]
        known = [value for value in medians if value is not None]
        return max(known) / min(known) - 1 if len(known) > 1 and min(known) > 0 else None

    def _largest_load(self) -> Load | None:
        loads = self.loads()
        return loads[-1] if loads else None


@frozen
class Verdict:
    """What became of a goal.

    Attributes:
        goal: The goal.
        found: Our number, ratio or spread.
    """

    goal: Goal
    found: float

    @property
    def is_reached(self) -> bool:
        """Whether it is as good as the goal."""
        return self.found <= self.goal.bound if isinstance(self.goal, AtMost | Flat) else self.found >= self.goal.bound


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None
