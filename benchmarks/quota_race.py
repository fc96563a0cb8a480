"""Many pictures under a quota, by each way to do it: how long it takes, how often it is refused, what is lost.

``python -m benchmarks.quota_race`` gives each racer an emulator of its own with a quota of 60 requests in 10 seconds
and 300 pictures to make, once with a window that starts with its first call and once with an even spread, and prints
a table. Two processes share the deployment; two strangers do so without knowing of each other. Several races go on at
the same time, for they mostly wait. A racer whose package is not installed is left out. It fails when this client
loses a job; it never fails on a time. ``--quick`` races this client alone, for seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks.emulator import QUOTA, Kind
from benchmarks.measuring import measured, served
from benchmarks.racers import RACERS, Racer

__all__ = ["main"]

_KINDS: tuple[Kind, ...] = ("fixed", "even")
_REFUSED = 429


@frozen
class _Result:
    """How a race went: seconds over the least, refused requests in percent, and pictures too few or too many."""

    time: float
    refused: float
    lost: int
    again: int


def main() -> int:
    """Race, print a table, and return 1 if this client lost a job."""
    options = _options()
    names = [name for name, racer in RACERS.items() if all(find_spec(package) for package in racer.needs)]
    if options.ours:
        names = [name for name in names if not RACERS[name].needs]
    races = [(kind, name) for kind in _KINDS for name in names] * options.rounds
    with ThreadPoolExecutor(options.at_once) as threads:
        results = list(threads.map(lambda race: (race, _raced(race[0], race[1], options)), races))
    for kind in _KINDS:
        _show(kind, {name: [result for race, result in results if race == (kind, name)] for name in names}, options)
    print("left out:", ", ".join(name for name in RACERS if name not in names) or "none")
    return 1 if any(result.lost for (_, name), result in results if not RACERS[name].needs) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many pictures under a quota, by each way to do it.")
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--window", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--ours", action="store_true", help="leave the others out")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.ours, options.jobs, options.limit, options.window = True, 40, 10, 1.0
    return options


def _raced(kind: Kind, name: str, options: argparse.Namespace) -> _Result:
    with TemporaryDirectory() as folder, served("benchmarks.emulator", options.limit, options.window, kind) as endpoint:
        runs = _run(name, RACERS[name], endpoint, folder, options)
        statuses = _statuses(endpoint)
    made = sum(round(run["made"]) for run in runs)
    seconds = max(run["ended"] for run in runs) - min(run["begun"] for run in runs)
    return _Result(
        time=seconds / _least_seconds(kind, options),
        refused=100 * statuses.count(_REFUSED) / len(statuses),
        lost=options.jobs - made,
        again=statuses.count(200) - made,
    )


def _run(name: str, racer: Racer, endpoint: str, folder: str, options: argparse.Namespace) -> list[dict[str, float]]:
    quota, share = options.limit / options.window * 60, options.jobs // racer.processes

    def one(count: int) -> dict[str, float]:
        return measured("benchmarks.one_race_run", name, endpoint, quota, folder, count)

    shares = [share] * (racer.processes - 1) + [options.jobs - share * (racer.processes - 1)]
    with ThreadPoolExecutor(racer.processes) as threads:
        return list(threads.map(one, shares))


def _statuses(endpoint: str) -> list[int]:
    connection = HTTPConnection(urlsplit(endpoint).netloc)
    try:
        connection.request("GET", "/emulator/requests")
        log = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return [entry["status"] for entry in log if f"/{QUOTA}/" in entry["path"]]


def _least_seconds(kind: Kind, options: argparse.Namespace) -> float:
    if kind == "fixed":
        return float((math.ceil(options.jobs / options.limit) - 1) * options.window)
    return float((options.jobs - 1) * options.window / options.limit)


def _show(kind: Kind, results: dict[str, list[_Result]], options: argparse.Namespace) -> None:
    least = _least_seconds(kind, options)
    print(f"{kind}: {options.jobs} pictures, {options.limit} in {options.window:g} s; {least:.1f} s at the least")
    print(f"{'medians of':22}{options.rounds:<14}{'time':>6}{'refused %':>11}{'lost':>6}{'made again':>12}")
    for name, rounds in results.items():
        time, refused = median(result.time for result in rounds), median(result.refused for result in rounds)
        lost, again = median(result.lost for result in rounds), median(result.again for result in rounds)
        print(f"{name:36}{time:6.2f}{refused:11.1f}{lost:6g}{again:12g}")


if __name__ == "__main__":
    sys.exit(main())
