"""Makes `benchmarks/` importable, after everything that is installed, and makes records of runs that never ran."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from benchmarks.model import Case, Load, Run  # noqa: E402 - the path must be set first
from benchmarks.report import Record, Report  # noqa: E402

FEW = Load(count=10, at_once=1)
MANY = Load(count=10, at_once=8)


def run(cpu: float = 1.0, *, memory: float | None = 1.0, stall: float | None = 1.0, wall: float = 1.0) -> Run:
    return Run(
        cpu_seconds=cpu, wall_seconds=wall, memory_mb=memory, stall_ms=stall, calls=10, at_once=8, megabytes=10.0
    )


def record(
    case: Case, contender: str, number: int, found: Run | None, load: Load = MANY, loop: str = "asyncio"
) -> Record:
    return Record(case=case.name, load=load, contender=contender, loop=loop, round=number, run=found)


def report(*records: Record, is_quick: bool = False) -> Report:
    return Report(machine={"Python": "3"}, is_quick=is_quick, absent={}, records=list(records))
