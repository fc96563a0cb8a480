"""What was found, as tables: for a terminal, and in Markdown for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import CASES
from benchmarks.goals import goal_lines, is_must
from benchmarks.model import Flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.goals import GoalLine
    from benchmarks.model import Case, Load, Measure
    from benchmarks.report import Report

__all__ = ["in_markdown", "in_text", "load_name"]

_NOTHING = "-"
_GOALS_HEAD = ["case", "measure", "ours", "on uvloop", "floor", "against", "theirs", "ratio", "goal", ""]

Row = list[str]


def in_text(case: Case, report: Report) -> str:
    """Return the table of one case, its goals, and what went wrong."""
    found = report.of(case)
    lines = ["", f"{case.title}; rounds: {found.rounds}"]
    for load in found.loads():
        lines.extend(_aligned([_head(case, found, load), *_rows(case, found, load)]))
    lines.extend(f"  goal: {line}" for line in goal_lines(case, found))
    return "\n".join([*lines, *_problems(found)])


def in_markdown(report: Report) -> str:
    """Return what became of the goals, and under it all that was found."""
    founds = [(case, report.of(case)) for case in CASES.values() if report.of(case).records]
    goals = [
        _goal_row(case, line, found)
        for case, found in founds
        for line in goal_lines(case, found)
        if not is_must(line.goal)
    ]
    parts = [_piped([_GOALS_HEAD, *goals]), _notes(report), "<details>\n<summary>All contenders</summary>"]
    for case, found in founds:
        parts.append(f"**{case.title}**; rounds: {found.rounds}")
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


def _goal_row(case: Case, line: GoalLine, found: Report) -> Row:
    measure, ours, load = line.goal.measure, line.goal.ours, found.loads()[-1]
    is_relative = bool(line.against) or isinstance(line.goal, Flat)
    medians = [
        _median(found, measure, *way, load) for way in ((ours, "asyncio"), (ours, "uvloop"), (case.floor, "asyncio"))
    ]
    if is_relative and line.at_floor:
        medians[-1] += f" ({line.at_floor})"
    theirs = _median(found, measure, line.against, "asyncio", load) if line.against else ""
    ratio = line.found if is_relative else ""
    return [case.title, f"{line.who}{measure.label}", *medians, line.against, theirs, ratio, line.aim, line.outcome]


def _problems(found: Report) -> Iterator[str]:
    for record in found.records:
        if record.problem is not None:
            yield f"  {record.contender} on {record.loop}: {record.problem}"


def _notes(report: Report) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    absent = "".join(f" {why}." for why in report.absent.values())
    return (
        "Medians over all rounds, ratios within one; of a curve its last point. The floor is a raw asyncio transport, "
        f"in parentheses with the ratio it would have in our place. {machine}.{absent}"
    )
