"""Whether the memory of a batch depends on how many jobs there are.

``python -m benchmarks.batch_memory`` does 10,000 and then 1,000,000 jobs that are made one by one and answered at
once, without HTTP and without a journal, each number in a process of its own. It fails when the peak of the many is
20 MB or more above that of the few. ``--quick`` does fewer.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.measuring import measured

__all__ = ["main"]

_CEILING_MB = 20.0


def main() -> int:
    """Measure, print a table, and return 1 if the growth is over its ceiling."""
    options = _options()
    counts = (options.few, options.many)
    runs = {count: measured("benchmarks.one_memory_run", count) for count in counts}
    for count, run in runs.items():
        print(f"{count:>9,} jobs: peak {run['memory_mb']:6.1f} MB, {run['wall_seconds']:6.1f} s")
    growth = runs[options.many]["memory_mb"] - runs[options.few]["memory_mb"]
    print(f"growth {growth:.1f} MB; the ceiling is {_CEILING_MB:.0f} MB")
    return 0 if growth < _CEILING_MB else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Peak memory of BatchRunner with few jobs and with many.")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.few, options.many = 1_000, 20_000
    return options


if __name__ == "__main__":
    sys.exit(main())
