"""What became of the goals, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from benchmarks.model import OURS, AtLeast, AtMost, Flat, Goal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.model import Case
    from benchmarks.report import Report, Verdict

__all__ = ["GoalLine", "goal_lines", "is_must", "wrongs"]


@frozen
class GoalLine:
    """One goal, and what was found.

    Attributes:
        goal: The goal.
        aim: The bound with its sign.
        against: Whom it compares us with; empty for a goal that stands for itself.
        found: Our number, our ratio, or how far our numbers are apart; empty when it was not measured.
        at_floor: The same of the floor; empty when it did not take part.
        outcome: ``reached``, ``missed``, ``missed by the floor too`` or ``not measured``.
    """

    goal: Goal
    aim: str
    against: str
    found: str
    at_floor: str
    outcome: str

    def __str__(self) -> str:
        them = f" x {self.against}" if self.against else ""
        told = ", ".join(filter(None, (self.found, self.outcome)))
        return f"{self.who}{self.goal.measure.label} {self.aim}{them}: {told}"

    @property
    def who(self) -> str:
        """What stands for us, where that is not this client."""
        return "" if self.goal.ours == OURS else f"{self.goal.ours}: "

    @property
    def is_missed(self) -> bool:
        """Whether it was measured and not reached."""
        return self.outcome.startswith("missed")


def goal_lines(case: Case, found: Report) -> Iterator[GoalLine]:
    """Yield what became of each goal; of a quick run, whose loads are too small for speed, only what must be."""
    for goal in case.goals:
        if is_must(goal) or not found.is_quick:
            yield _goal_line(goal, found, case.floor)


def wrongs(cases: Iterable[Case], report: Report) -> Iterator[str]:
    """Yield what must not be: processes that failed, and bounds whose breach is no matter of speed."""
    for case in cases:
        found = report.of(case)
        for record in found.records:
            if record.run is None and not record.is_excused:
                yield f"{case.name}, {record.contender} on {record.loop}: {record.problem}"
        for line in goal_lines(case, found):
            if is_must(line.goal) and line.is_missed:
                yield f"{case.name}: {line}"


def is_must(goal: Goal) -> bool:
    """Tell whether missing it means that something is wrong, rather than slow."""
    return isinstance(goal, AtMost) and goal.is_must


def _goal_line(goal: Goal, found: Report, floor: str) -> GoalLine:
    ours, theirs = found.verdict(goal), found.verdict(evolve(goal, ours=floor))
    return GoalLine(
        goal,
        aim=_aim(goal),
        against="" if isinstance(goal, Flat) else goal.contender or "",
        found=_number(ours),
        at_floor=_number(theirs),
        outcome=_outcome(ours, theirs),
    )


def _aim(goal: Goal) -> str:
    if isinstance(goal, Flat):
        return f"flat within {goal.bound:.0%}"
    return f"{'≥' if isinstance(goal, AtLeast) else '≤'} {goal.bound:g}"


def _number(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    return f"{verdict.found:.0%}" if isinstance(verdict.goal, Flat) else f"{verdict.found:.3g}"


def _outcome(ours: Verdict | None, floor: Verdict | None) -> str:
    if ours is None:
        return "not measured"
    if ours.is_reached:
        return "reached"
    return "missed" if floor is None or floor.is_reached else "missed by the floor too"
