"""One deployment, one or more callers: time to finish over the least, and refusals."""

from __future__ import annotations

import math
import random
from statistics import median

from attrs import frozen

from aoai_async.batch.pacing import Pace
from benchmarks.pacing_limiters import Hint, Limits, whole_seconds
from benchmarks.pacing_world import Caller, Deployment, Fate, Network, Pile, Timeline

__all__ = ["Run", "Summary", "simulate", "summary"]

_LOOPBACK = Network()


@frozen
class Run:
    """How a simulation went.

    Attributes:
        seconds: Until the last job was done.
        least: Seconds after which the last job can have been let in, at best.
        log: When each request arrived, and what became of it.
    """

    seconds: float
    least: float
    log: list[tuple[float, Fate]]

    @property
    def ratio(self) -> float:
        """Time to finish over the least."""
        return self.seconds / self.least

    @property
    def refused(self) -> float:
        """Share of the requests that were refused."""
        return self.count("refused") / len(self.log)

    def count(self, fate: Fate, start: float = 0.0, end: float = math.inf) -> int:
        """Return how many requests had this fate from `start` to `end`."""
        return sum(which == fate and start <= at < end for at, which in self.log)


@frozen
class Summary:
    """Medians, and the worst, of several runs."""

    ratio: float
    worst_ratio: float
    refused: float
    worst_refused: float


def simulate(
    limits: Limits,
    *,
    jobs: int = 300,
    places: int = 32,
    told: float = 0.0,
    callers: int = 1,
    hint: Hint = whole_seconds,
    tells_remaining: bool = True,
    network: Network = _LOOPBACK,
    seed: int = 0,
    change: tuple[float, Limits] | None = None,
) -> Run:
    """Run jobs through one deployment until all are done.

    Args:
        limits: What the deployment takes.
        jobs: All jobs, shared evenly by the callers.
        places: Requests in flight, for each caller.
        told: Which part of the quota each pace is told; 0 for nothing.
        callers: Processes that know nothing of each other.
        hint: What refusals tell.
        tells_remaining: Whether answers tell what is left.
        network: How long things take.
        seed: Of all randomness.
        change: After how many seconds the deployment takes something else.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation wants numbers that come again
    timeline = Timeline()
    deployment = Deployment(limits.limiter(), timeline, network, chance, hint, tells_remaining, log=[])
    rate = told * limits.per_minute if told else None
    crowd = [
        Caller(
            Pile(jobs // callers),
            places,
            Pace(requests_per_minute=rate, jitter=chance.random),
            deployment,
            timeline,
        )
        for _ in range(callers)
    ]
    for caller in crowd:
        timeline.after(chance.random() * 0.05, caller.go)
    if change is not None:
        timeline.after(change[0], lambda: setattr(deployment, "limiter", change[1].limiter()))
    timeline.play()
    return Run(max(caller.finished for caller in crowd), limits.least(jobs), deployment.log or [])


def summary(runs: list[Run]) -> Summary:
    """Return medians and the worst."""
    ratios, refused = [run.ratio for run in runs], [run.refused for run in runs]
    return Summary(median(ratios), max(ratios), median(refused), max(refused))
