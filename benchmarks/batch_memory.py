"""Whether the memory of a batch depends on how many jobs there are.

``python -m benchmarks.batch_memory`` does 10,000 and 1,000,000 jobs that are made one by one and answered at once,
without HTTP: without a journal, with a new one, and with the one that this left, which holds them all; each number in a
process of its own. It fails when a peak of the many is 20 MB or more above that of the few. ``--quick`` does fewer.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import measured

__all__ = ["main"]

_CEILING_MB = 20.0
_LONGEST_RUN = 3600.0


def main() -> int:
    """Measure, print a table, and return 1 if a growth is over its ceiling."""
    options = _options()
    counts = (options.few, options.many)
    with TemporaryDirectory() as folder:
        journals = [[Path(folder, f"{count}.jsonl")] for count in counts]
        growths = [
            _growth("no journal", counts, [[], []]),
            _growth("a new journal", counts, journals),
            _growth("a journal that holds them all", counts, journals),
        ]
    print(f"the ceiling of each growth is {_CEILING_MB:.0f} MB")
    return 0 if max(growths) < _CEILING_MB else 1


def _growth(name: str, counts: tuple[int, int], journals: list[list[Path]]) -> float:
    peaks = []
    for count, journal in zip(counts, journals, strict=True):
        run = measured("benchmarks.one_memory_run", count, *journal, within=_LONGEST_RUN)
        peaks.append(run["memory_mb"])
        print(f"{name:<29} {count:>9,} jobs: peak {run['memory_mb']:6.1f} MB, {run['wall_seconds']:6.1f} s")
    growth = peaks[1] - peaks[0]
    print(f"{name:<29} growth {growth:.1f} MB")
    return growth


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Peak memory of BatchRunner with few jobs and with many.")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.few, options.many = 1_000, 10_000
    return options


if __name__ == "__main__":
    sys.exit(main())
