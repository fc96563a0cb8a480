"""What was found, as tables: for a terminal, and in Markdown for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import CASES
from benchmarks.model import AtLeast, AtMost, Flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.model import Case, Goal, Load, Measure
    from benchmarks.report import Report

__all__ = ["in_markdown", "in_text", "load_name"]

_NOTHING = "-"
_FLOOR = "raw socket"
_GOALS_HEAD = ["case", "measure", "ours", "on uvloop", "floor", "against", "theirs", "ratio", "goal", ""]

Row = list[str]


def in_text(case: Case, report: Report) -> str:
    """Return the table of one case, its goals, and what went wrong."""
    found = report.of(case)
    lines = ["", case.title]
    for load in found.loads():
        lines.extend(_aligned([_head(case, found, load), *_rows(case, found, load)]))
    lines.extend(f"  goal: {' '.join(cell for cell in row[1:] if cell)}" for row in _goal_rows(case, found))
    return "\n".join([*lines, *_problems(found)])


def in_markdown(report: Report) -> str:
    """Return what became of the goals, and under it all that was found."""
    cases = [case for case in CASES.values() if report.of(case).records]
    goals = [row for case in cases for row in _goal_cells(case, report.of(case))]
    parts = [_piped([_GOALS_HEAD, *goals]), _notes(report), "<details>\n<summary>All contenders</summary>"]
    for case in cases:
        found = report.of(case)
        parts.append(f"**{case.title}**")
        parts.extend(_piped([_head(case, found, load), *_rows(case, found, load)]) for load in found.loads())
    return "\n\n".join([*parts, "</details>"])


def load_name(case: Case, load: Load) -> str:
    """Return what tells one load of a curve from the others."""
    return f"{load.kilobytes // 1000:,} MB" if case.axis == "kilobytes" else f"{load.at_once:,} at once"


def _head(case: Case, found: Report, load: Load) -> Row:
    name = load_name(case, load) if len(found.loads()) > 1 else ""
    uvloop = ["uvloop"] if _has_uvloop(found) else []
    return [name, *(label for measure in case.measures for label in (measure.label, *uvloop, "ours/it"))]


def _rows(case: Case, found: Report, load: Load) -> Iterator[Row]:
    for name in dict.fromkeys(name for name, _ in found.ways()):
        yield [name, *(cell for measure in case.measures for cell in _cells(case, measure, name, found, load))]


def _cells(case: Case, measure: Measure, name: str, found: Report, load: Load) -> Iterator[str]:
    yield _median(found, measure, name, "asyncio", load)
    if _has_uvloop(found):
        yield _median(found, measure, name, "uvloop", load)
    yield _number(found.ratio(measure, case.ours, name, "asyncio", load), 2)


def _has_uvloop(found: Report) -> bool:
    return any(loop == "uvloop" for _, loop in found.ways())


def _median(found: Report, measure: Measure, name: str, loop: str, load: Load) -> str:
    return _number(found.median(measure, name, loop, load), measure.digits)


def _number(value: float | None, digits: int) -> str:
    return _NOTHING if value is None else f"{value:,.{digits}f}"


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        placed = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join(["", name.ljust(widths[0]), *placed])


def _piped(rows: Sequence[Row]) -> str:
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def _goal_rows(case: Case, found: Report) -> Iterator[Row]:
    for goal in case.goals:
        if not found.is_quick or (isinstance(goal, AtMost) and goal.is_must):
            yield [case.title, goal.measure.label, _aim(goal), *_against(goal), ":", *_outcome(goal, found)]


def _goal_cells(case: Case, found: Report) -> Iterator[Row]:
    for goal in case.goals:
        loads = found.loads()
        ours, uvloop, floor = (
            _median(found, goal.measure, name, loop, loads[-1])
            for name, loop in ((goal.ours, "asyncio"), (goal.ours, "uvloop"), (_FLOOR, "asyncio"))
        )
        theirs = [_median(found, goal.measure, name, "asyncio", loads[-1]) for name in _against(goal)]
        against = _against(goal) or ["itself" if isinstance(goal, Flat) else ""]
        ratio, reached = _outcome(goal, found)
        yield [
            case.title,
            goal.measure.label,
            ours,
            uvloop,
            floor,
            *against,
            *(theirs or [""]),
            ratio if theirs or isinstance(goal, Flat) else "",
            _aim(goal),
            reached,
        ]


def _aim(goal: Goal) -> str:
    if isinstance(goal, Flat):
        return f"within {goal.bound:.0%}"
    return f"{'≥' if isinstance(goal, AtLeast) else '≤'} {goal.bound:g}"


def _against(goal: Goal) -> list[str]:
    return [] if isinstance(goal, Flat) or goal.contender is None else [f"{goal.contender}"]


def _outcome(goal: Goal, found: Report) -> tuple[str, str]:
    verdict = found.verdict(goal)
    if verdict is None:
        return "", "not measured"
    value = f"{verdict.found:.0%}" if isinstance(goal, Flat) else f"{verdict.found:.3g}"
    return value, "reached" if verdict.is_reached else "missed"


def _problems(found: Report) -> Iterator[str]:
    for record in found.records:
        if record.problem is not None:
            yield f"  {record.contender} on {record.loop}: {record.problem}"


def _notes(report: Report) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    absent = "".join(f" {why}." for why in report.absent.values())
    return (
        f"Rounds: {report.rounds}; medians over them, ratios within one; of a curve its last point. "
        f"The floor is a raw asyncio transport. {machine}.{absent}"
    )
