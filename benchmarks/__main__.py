"""Speed, measured side by side: ``python -m benchmarks``.

Every case is run by every contender in a process of its own, in turn, several rounds, against a sink on loopback; it
takes about half an hour. Printed are medians, the ratios of ours to each contender's, taken within a round, and what
became of the goals; with ``results.json``, and where matplotlib is installed ``index.html`` with a drawing for each
case, in the folder of ``--out``. It fails when something is wrong: an answer, a byte count, a picture, or memory that
holds the files. It never fails on a time. With ``--case`` the results of the other cases stay as they are. ``--quick``
is small enough to check that everything runs. ``--markdown`` prints the tables of the README from the results.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cattrs

from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.goals import wrongs
from benchmarks.machine import machine
from benchmarks.plots import draw
from benchmarks.report import Record, Report
from benchmarks.rounds import Plan, absent, run_cases
from benchmarks.tables import in_markdown, in_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_ROUNDS = 3
_RESULTS = "results.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, tell, and return 1 if something was wrong."""
    options = _options(arguments)
    if options.markdown:
        print(in_markdown(_read(options.out / _RESULTS)))
        return 0
    plan = _plan(options)
    results = options.out / _RESULTS
    report = Report(machine=machine(), is_quick=plan.is_quick, absent=absent(plan), records=_earlier(results, plan))
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=options.folder) as folder:
        for record in run_cases(plan, Path(folder), lambda title: print(title, file=sys.stderr, flush=True)):
            report.records.append(record)
            # Written each time, so that a run that is broken off leaves what it found.
            results.write_text(json.dumps(cattrs.unstructure(report), indent=1), encoding="utf-8")
    if not draw(report, options.out):
        print("No drawings: matplotlib is not installed", file=sys.stderr)
    _show(report, plan)
    return 1 if any(wrongs(plan.cases, report)) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, measured side by side.")
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--contender", nargs="+", choices=CONTENDERS, metavar="NAME", help=", ".join(CONTENDERS))
    parser.add_argument("--loop", nargs="+", choices=("asyncio", "uvloop"), help="both, unless --quick")
    parser.add_argument("--rounds", type=int, help=f"{_ROUNDS}, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="small loads, for correctness only")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="where results go")
    parser.add_argument("--folder", type=Path, help="where recordings are put meanwhile: 6 GB on a real disk")
    parser.add_argument("--markdown", action="store_true", help="print the last results as tables, and run nothing")
    return parser.parse_args(arguments)


def _plan(options: argparse.Namespace) -> Plan:
    return Plan(
        cases=[CASES[name] for name in options.case],
        contenders=frozenset(options.contender or CONTENDERS),
        loops=options.loop or (["asyncio"] if options.quick else ["asyncio", "uvloop"]),
        rounds=options.rounds or (1 if options.quick else _ROUNDS),
        is_quick=options.quick,
    )


def _show(report: Report, plan: Plan) -> None:
    if plan.is_quick:
        print("Small loads in place of those that the titles tell: nothing here says how fast anything is.")
    for case in plan.cases:
        print(in_text(case, report))
    for name, why in report.absent.items():
        print(f"{name} took no part: {why}")
    for wrong in wrongs(plan.cases, report):
        print(f"WRONG: {wrong}")


def _earlier(results: Path, plan: Plan) -> list[Record]:
    try:
        report = _read(results)
    except (OSError, ValueError, cattrs.BaseValidationError):
        return []
    if plan.is_quick or report.is_quick or report.machine != machine():
        return []
    again = {case.name for case in plan.cases}
    return [record for record in report.records if record.case not in again]


def _read(file: Path) -> Report:
    return cattrs.structure(json.loads(file.read_text(encoding="utf-8")), Report)


if __name__ == "__main__":
    sys.exit(main())
