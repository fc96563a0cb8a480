"""The numbers that are told of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.model import Measure

if TYPE_CHECKING:
    from benchmarks.model import Run

__all__ = [
    "CPU",
    "CPU_A_CALL",
    "CPU_A_MEGABYTE",
    "MEMORY",
    "MEMORY_A_CALL",
    "STALL",
    "THROUGHPUT",
    "WALL",
    "WALL_A_CALL",
]


def _memory_a_call(run: Run) -> float | None:
    return None if run.memory_mb is None else run.memory_mb * 1000 / run.at_once


CPU = Measure("cpu_seconds", "CPU s", lambda run: run.cpu_seconds)
CPU_A_CALL = Measure("cpu_us_a_call", "CPU µs a call", lambda run: run.cpu_seconds / run.calls * 1e6, digits=0)
CPU_A_MEGABYTE = Measure("cpu_us_a_mb", "CPU µs a MB", lambda run: run.cpu_seconds / run.megabytes * 1e6, digits=0)
WALL = Measure("wall_seconds", "wall s", lambda run: run.wall_seconds)
WALL_A_CALL = Measure("wall_ms_a_call", "wall ms", lambda run: run.wall_seconds / run.calls * 1e3, digits=1)
THROUGHPUT = Measure("mb_a_second", "MB a second", lambda run: run.megabytes / run.wall_seconds, digits=0)
MEMORY = Measure("memory_mb", "memory MB", lambda run: run.memory_mb, digits=1)
MEMORY_A_CALL = Measure("memory_kb_a_call", "memory KB a call in flight", _memory_a_call, digits=1)
STALL = Measure("stall_ms", "longest stall ms", lambda run: run.stall_ms, digits=1)
