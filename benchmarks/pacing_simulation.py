"""How close the pacing of a deployment comes to its quota, on a virtual clock.

Run with ``python -m benchmarks.pacing_simulation [--quick]``. Each line gives medians, and the worst run in brackets,
of the time to finish over the least that the limiter allows, and of the share of refused requests.
"""

from __future__ import annotations

import argparse
from itertools import product
from typing import TYPE_CHECKING

from benchmarks.pacing_fleet import run_fleet
from benchmarks.pacing_limiters import Hint, Limits, exact_hint, no_hint
from benchmarks.pacing_runs import Summary, simulate, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

_TESTED = (Limits("fixed", 60, 10), Limits("even", 60, 10), Limits("even", 60, 10, burst=3))
_REAL = tuple(Limits(kind, calls) for calls in (3, 6, 30) for kind in ("fixed", "even"))
_LARGE = (Limits("fixed", 3000), Limits("even", 3000), Limits("even", 3000, burst=5))
_HINTS: dict[str, Hint] = {
    "exact": exact_hint,
    "absent": no_hint,
    "zero": lambda _: 0.0,
    "a day": lambda _: 86400.0,
    "half": lambda wait: wait / 2,
    "twice": lambda wait: wait * 2,
    "always 59": lambda _: 59.0,
}
_CHANGES = (
    (Limits("fixed", 60, 10), Limits("fixed", 120, 10)),
    (Limits("fixed", 60, 10), Limits("fixed", 30, 10)),
    (Limits("even", 60, 10), Limits("even", 120, 10)),
    (Limits("even", 60, 10), Limits("even", 30, 10)),
)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="fewer runs, no large quotas, 100,000 jobs on 40 deployments"
    )
    quick = parser.parse_args().quick
    runs = 3 if quick else 15
    for callers in (1, 2):
        print(f"\n{callers} caller{'s' * (callers > 1)}, Retry-After in whole seconds")
        _print_all(_plain(runs, callers, _TESTED + _REAL))
    print("\nodd Retry-Afters, without x-ratelimit-remaining-requests")
    _print_all(_odd(runs))
    if not quick:
        print("\nlarge quotas, 30,000 jobs, 64 at once")
        _print_all(_plain(3, 1, _LARGE, jobs=30_000, places=64))
    print("\nlet in + refused in each window; the quota changes after the fifth")
    for before, after in _CHANGES:
        print(f"{_name(before):>18} to {after.calls:<4}", *_windows(before, after))
    _print_fleet(100_000 if quick else 1_000_000)


def _plain(
    runs: int, callers: int, all_limits: tuple[Limits, ...], *, jobs: int = 300, places: int = 32
) -> Iterator[tuple[str, Summary]]:
    parts = {"told": 1.0, "told half": 0.5, "untold": 0.0} if callers == 2 else {"told": 1.0, "untold": 0.0}
    for limits, (part, told), tells in product(all_limits, parts.items(), (True, False)):
        found = summary(
            [
                simulate(limits, jobs=jobs, places=places, told=told, callers=callers, tells_remaining=tells, seed=seed)
                for seed in range(runs)
            ]
        )
        yield f"{_name(limits):>18} {part:9} {'remaining' if tells else '':9}", found


def _odd(runs: int) -> Iterator[tuple[str, Summary]]:
    for limits, told, (name, hint) in product(_TESTED[:2], (1.0, 0.0), _HINTS.items()):
        yield (
            f"{_name(limits):>18} {'told' if told else 'untold':6} {name:9}",
            summary([simulate(limits, told=told, hint=hint, tells_remaining=False, seed=seed) for seed in range(runs)]),
        )


def _windows(before: Limits, after: Limits) -> Iterator[str]:
    run = simulate(before, jobs=5 * before.calls + 5 * after.calls, tells_remaining=False, change=(50.0, after))
    for begin in range(0, 100, 10):
        yield f"{run.count('let in', begin, begin + 10)}+{run.count('refused', begin, begin + 10)}"


def _name(limits: Limits) -> str:
    burst = f" ({limits.burst})" if limits.burst > 1 else ""
    return f"{limits.kind} {limits.calls}/{limits.window:g}s{burst}"


def _print_all(lines: Iterator[tuple[str, Summary]]) -> None:
    for name, found in lines:
        print(
            f"{name}  {found.ratio:6.3f} ({found.worst_ratio:6.3f})  {found.refused:6.2%} ({found.worst_refused:6.2%})"
        )


def _print_fleet(jobs: int) -> None:
    fleet = run_fleet(jobs)
    print(
        f"\n{fleet.jobs:,} jobs on 40 deployments, outages, odd Retry-Afters: {fleet.minutes:.1f} minutes,"
        f" {fleet.seconds:.1f} s of real time\n"
        f"{fleet.used:.2%} of the quota used (of the least used deployment: {fleet.least_used:.2%}),"
        f" {fleet.refused:.3%} refused,\n{fleet.busiest:.3f} of what the busiest deployment can allow in 60 seconds"
    )


if __name__ == "__main__":
    main()
