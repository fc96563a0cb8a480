"""Many large uploads at once: what they cost in CPU and memory, and how long they stall the loop.

``python -m benchmarks.uploads`` sends 64 recordings of 25 MB, all at once, by each contender in turn, several times,
and prints medians and their ratios to this client. It fails when this client needs more than its ceiling of memory
or sends anything wrong; it never fails on a time. ``--quick`` is small enough to check that it runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.contenders import CONTENDERS
from benchmarks.measuring import measured, served

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

_OURS = "aoai_async"
_COLUMNS = ("cpu_seconds", "wall_seconds", "memory_mb", "longest_stall_ms")
_MEMORY_CEILING_MB = 16.0


def main() -> int:
    """Measure, print a table, and return 1 if this client's memory is over its ceiling."""
    options = _options()
    names = [name for name in CONTENDERS if name != "curl" or shutil.which("curl")]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with _recording(options.megabytes) as file, served("benchmarks.sink") as port:
        endpoint = f"http://127.0.0.1:{port}"
        for _ in range(options.rounds):
            for name in names:
                runs[name].append(_run(name, endpoint, file, options.count, options.at_once))
    medians = {name: {column: median(run[column] for run in runs[name]) for column in _COLUMNS} for name in names}
    _show(medians, options)
    return 0 if medians[_OURS]["memory_mb"] <= _MEMORY_CEILING_MB else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many large uploads at once, by each contender.")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--megabytes", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.count, options.at_once, options.megabytes, options.rounds = 8, 8, 2, 1
    return options


@contextmanager
def _recording(megabytes: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "talk.mp3"
        file.write_bytes(os.urandom(megabytes * 10**6))
        yield file


def _run(name: str, endpoint: str, file: Path, count: int, at_once: int) -> dict[str, float]:
    return measured("benchmarks.one_upload_run", name, endpoint, file, count, at_once)


def _show(medians: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    print(f"{options.count} x {options.megabytes} MB, {options.at_once} at once; medians of {options.rounds}")
    print(f"{'':22}{'CPU s':>8}{'ratio':>7}{'wall s':>8}{'memory MB':>11}{'stall ms':>10}")
    for name, row in medians.items():
        ratio = row["cpu_seconds"] / medians[_OURS]["cpu_seconds"]
        print(
            f"{name:22}{row['cpu_seconds']:8.2f}{ratio:7.2f}{row['wall_seconds']:8.2f}"
            f"{row['memory_mb']:11.1f}{row['longest_stall_ms']:10.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
