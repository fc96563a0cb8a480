"""What was found, as tables: for a terminal, and in Markdown for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import CASES
from benchmarks.model import OURS, AtMost, Flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.model import Case, Goal, Load, Measure
    from benchmarks.report import Report, Verdict

__all__ = ["in_markdown", "in_text", "load_name"]

_NOTHING = "-"
_LOOPS = ("asyncio", "uvloop")


def in_text(case: Case, report: Report) -> str:
    """Return the table of one case, its goals, and what went wrong."""
    found = report.of(case)
    parts = [f"\n{case.title}"]
    for load in found.loads():
        if len(found.loads()) > 1:
            parts.append(f"  {load_name(case, load)}")
        parts.extend(_aligned([_head(case), *_rows(case, found, load)]))
    parts.extend(f"  goal: {told}" for told in _goals(case, found))
    return "\n".join([*parts, *_problems(found)])


def load_name(case: Case, load: Load) -> str:
    """Return what tells one load of a curve from the others."""
    if case.axis == "kilobytes":
        return f"{load.kilobytes / 1000:,g} MB"
    return f"{load.at_once:,} at once"


def _head(case: Case) -> list[str]:
    columns = [name for measure in case.measures for name in (measure.label, "uvloop", "ours/it")]
    return ["", *columns]


def _rows(case: Case, found: Report, load: Load) -> Iterator[list[str]]:
    for name in dict.fromkeys(name for name, _ in found.ways()):
        cells = [cell for measure in case.measures for cell in _cells(measure, name, found, load)]
        yield [name, *cells]


def _cells(measure: Measure, name: str, found: Report, load: Load) -> list[str]:
    values = [found.median(measure, name, loop, load) for loop in _LOOPS]
    ratio = found.ratio(measure, OURS, name, "asyncio", load)
    return [*(_number(value, measure.digits) for value in values), _number(ratio, 2)]


def _number(value: float | None, digits: int) -> str:
    return _NOTHING if value is None else f"{value:,.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _goals(case: Case, found: Report) -> Iterator[str]:
    for goal in case.goals:
        verdict = found.verdict(goal)
        yield f"{_aim(goal)}: " + ("not measured" if verdict is None else _outcome(verdict))


def _aim(goal: Goal) -> str:
    who = "" if goal.ours == OURS else f"{goal.ours}: "
    if isinstance(goal, Flat):
        return f"{who}{goal.measure.label} flat within {goal.bound:.0%}"
    sign = "≤" if isinstance(goal, AtMost) else "≥"
    return f"{who}{goal.measure.label} {sign} {goal.bound:g}" + (f" x {goal.contender}" if goal.contender else "")


def _outcome(verdict: Verdict) -> str:
    found = f"{verdict.found:.0%}" if isinstance(verdict.goal, Flat) else f"{verdict.found:.3g}"
    return f"{found}, {'reached' if verdict.is_reached else 'MISSED'}"


def _problems(found: Report) -> Iterator[str]:
    for record in found.records:
        if record.problem is not None:
            yield f"  {record.contender} on {record.loop}: {record.problem}"


def in_markdown(report: Report) -> str:
    """Return two tables: medians of all contenders, and what became of the goals."""
    parts = [_medians_in_markdown(report), _goals_in_markdown(report)]
    return "\n\n".join([*parts, _notes_in_markdown(report)])


def _medians_in_markdown(report: Report) -> str:
    names = list(dict.fromkeys(record.contender for record in report.records))
    lines = [_line(["case", "measure", *names]), _line(["---"] * 2 + ["---:"] * len(names))]
    for case in _measured(report):
        found = report.of(case)
        for load in found.loads():
            title = case.title if len(found.loads()) == 1 else f"{case.title}: {load_name(case, load)}"
            lines.extend(
                _line([title, measure.label, *(_pair(measure, name, found, load) for name in names)])
                for measure in case.measures
            )
    return "\n".join(lines)


def _goals_in_markdown(report: Report) -> str:
    lines = [_line(["case", "goal", "found"]), _line(["---"] * 3)]
    for case in _measured(report):
        for goal in case.goals:
            verdict = report.of(case).verdict(goal)
            if verdict is not None:
                lines.append(_line([case.title, _aim(goal), _outcome(verdict)]))
    return "\n".join(lines)


def _notes_in_markdown(report: Report) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    missing = "".join(f" {name}: {why}." for name, why in report.absent.items())
    return f"Medians on asyncio's loop, after the stroke on uvloop. {machine}.{missing}"


def _measured(report: Report) -> list[Case]:
    return [case for case in CASES.values() if report.of(case).records]


def _pair(measure: Measure, name: str, found: Report, load: Load) -> str:
    values = [found.median(measure, name, loop, load) for loop in _LOOPS]
    known = [_number(value, measure.digits) for value in values if value is not None]
    return " / ".join(known) or _NOTHING


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
