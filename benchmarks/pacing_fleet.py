"""A million jobs on forty deployments with different quotas, outages and odd Retry-Afters."""

from __future__ import annotations

import random
import time
from bisect import bisect_left

from attrs import frozen

from aoai_async.batch.pacing import Pace
from benchmarks.pacing_limiters import Limits, whole_seconds
from benchmarks.pacing_world import Caller, Deployment, Network, Pile, Timeline

__all__ = ["Fleet", "run_fleet"]

_QUOTAS = (3, 6, 30, 60, 120, 300, 600, 1000, 2000, 3000)
_ODD = (None, 0.0, 0.5, 1.0, 59.0, 86400.0)
_ONE_IN = 8


@frozen
class Fleet:
    """How it went.

    Attributes:
        jobs: All of them; all were done.
        minutes: Of virtual time until none was left to start.
        used: Share of the quota of all deployments that was used, outages taken off.
        least_used: The same for the deployment that was used least.
        refused: Share of the requests that were refused.
        busiest: The most that any deployment was asked in 60 seconds, over what it allows in 60 seconds.
        seconds: Of real time.
    """

    jobs: int
    minutes: float
    used: float
    least_used: float
    refused: float
    busiest: float
    seconds: float


def run_fleet(jobs: int, *, deployments: int = 40, seed: int = 0) -> Fleet:
    """Run the jobs until all are done; every pace is told its quota."""
    begun = time.perf_counter()
    chance = random.Random(seed)  # noqa: S311 - a simulation wants numbers that come again
    timeline = Timeline()
    pile = Pile(jobs)
    callers = [_caller(number, pile, timeline, chance) for number in range(deployments)]
    for caller in callers:
        timeline.after(chance.random(), caller.go)
    timeline.play()
    fleet = [caller.deployment for caller in callers]
    end = pile.emptied or timeline.now
    shares = [(_let_in(deployment, end), _most(deployment, end)) for deployment in fleet]
    accepted, refused = (sum(counts) for counts in zip(*((d.accepted, d.refused) for d in fleet), strict=True))
    assert accepted == jobs
    return Fleet(
        jobs,
        end / 60,
        sum(used for used, _ in shares) / sum(most for _, most in shares),
        min(used / most for used, most in shares),
        refused / (accepted + refused),
        max(_busiest(deployment) for deployment in fleet),
        time.perf_counter() - begun,
    )


def _caller(number: int, pile: Pile, timeline: Timeline, chance: random.Random) -> Caller:
    calls = _QUOTAS[number // 2 % len(_QUOTAS)]
    limits = Limits("even", calls, burst=1 + calls // 500) if number % 2 else Limits("fixed", calls)
    deployment = Deployment(
        limits.limiter(),
        timeline,
        Network(way=0.0),
        chance,
        lambda wait: whole_seconds(wait) if chance.randrange(_ONE_IN) else chance.choice(_ODD),
        tells_remaining=number % 4 < 2,
        outage=_outage(number, chance),
        log=[],
    )
    pace = Pace(requests_per_minute=limits.per_minute, jitter=chance.random)
    return Caller(pile, 64, pace, deployment, timeline)


def _outage(number: int, chance: random.Random) -> tuple[float, float]:
    if number % 5:
        return 0.0, 0.0
    begin = chance.uniform(60, 600)
    return begin, begin + chance.uniform(10, 300)


def _whole_minutes(end: float) -> float:
    return max(60.0, end // 60 * 60)


def _let_in(deployment: Deployment, end: float) -> int:
    return sum(fate == "let in" and at < _whole_minutes(end) for at, fate in deployment.log or [])


def _most(deployment: Deployment, end: float) -> float:
    """Return how many requests a caller who knows everything could have had let in."""
    limits, (begin, back) = deployment.limiter.limits, deployment.outage
    end = _whole_minutes(end)
    if limits.kind == "even":
        return limits.burst + (end - (min(back, end) - min(begin, end))) * limits.calls / limits.window
    at = windows = 0.0
    while at < end:
        at = back if begin <= at < back else at
        windows += at < end
        at += limits.window
    return windows * limits.calls


def _busiest(deployment: Deployment) -> float:
    limits = deployment.limiter.limits
    times = [at for at, _ in deployment.log or []]
    allowed = 2 * limits.calls if limits.kind == "fixed" else limits.calls + limits.burst
    return max((index + 1 - bisect_left(times, at - 60, 0, index)) / allowed for index, at in enumerate(times))
