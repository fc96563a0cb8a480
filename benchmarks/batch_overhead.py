"""What `BatchRunner` costs: CPU time a job, over the same calls of a bare client with as many workers.

``python -m benchmarks.batch_overhead`` does small transcriptions, 64 at once, in each way. The ways have a process of
their own each and take turns, a few hundred jobs a turn, for a machine is not as fast in one second as in the next;
what is printed are medians over the rounds, the ratios taken within a round. The goal is 1.15 without a journal. It
never fails on a time. ``--quick`` is small enough to check that it runs.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from statistics import median, quantiles

from benchmarks.measuring import asked, served
from benchmarks.one_overhead_run import WAYS

__all__ = ["main"]

_BASE = "bare client"

Round = dict[str, dict[str, float]]


def main() -> int:
    """Measure and print a table."""
    options = _options()
    with served("benchmarks.sink") as port, ExitStack() as stack:
        arguments = (f"http://127.0.0.1:{port}", options.count, options.at_once)
        asks = {way: stack.enter_context(asked("benchmarks.one_overhead_run", way, *arguments)) for way in WAYS}
        rounds = [{way: ask() for way, ask in asks.items()} for _ in range(options.rounds)]
    _show(rounds, options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CPU time a job of BatchRunner over that of bare client calls.")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.count, options.rounds = 200, 2
    return options


def _show(rounds: list[Round], options: argparse.Namespace) -> None:
    print(f"{options.count} transcriptions, {options.at_once} at once; medians of {options.rounds}")
    print(f"{'':22}{'CPU us a job':>14}{'ratio':>8}{'quartiles':>15}")
    for way in WAYS:
        cost = median(measurement[way]["cpu_seconds"] for measurement in rounds) / options.count * 1e6
        ratios = [measurement[way]["cpu_seconds"] / measurement[_BASE]["cpu_seconds"] for measurement in rounds]
        low, middle, high = quantiles(ratios, n=4)
        print(f"{way:22}{cost:14.0f}{middle:8.2f}{low:9.2f}{high:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
