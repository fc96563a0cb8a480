from statistics import median

import batch.pacing_benchmarks  # noqa: F401 - the next imports need it
import pytest

from benchmarks.pacing_fleet import run_fleet
from benchmarks.pacing_limiters import Hint, Limits, no_hint, whole_seconds
from benchmarks.pacing_runs import simulate, summary

FIXED = Limits("fixed", 60, 10)
EVEN = Limits("even", 60, 10)
BUCKET = Limits("even", 60, 10, burst=3)
SLOW = [Limits(kind, calls) for calls in (3, 6, 30) for kind in ("fixed", "even")]
SEEDS = range(5)


@pytest.mark.parametrize("tells_remaining", [True, False])
@pytest.mark.parametrize("limits", [FIXED, EVEN, BUCKET, *SLOW], ids=str)
def test_a_told_quota_is_used_and_hardly_any_request_refused(limits: Limits, tells_remaining: bool) -> None:
    """The median is within 5 % of the least time, with under 2 % refused; no run is beyond 12 % and 3 %."""
    found = summary([simulate(limits, told=1.0, tells_remaining=tells_remaining, seed=seed) for seed in SEEDS])
    assert found.ratio < 1.05
    assert found.refused < 0.02
    assert found.worst_ratio < 1.12
    assert found.worst_refused < 0.03


def test_in_the_long_run_a_told_even_quota_is_hardly_ever_risked() -> None:
    """Where all is there that was told, most runs of 3,000 jobs are within 2.5 % of the least time, and few refused."""
    found = summary([simulate(EVEN, told=1.0, jobs=3000, seed=seed) for seed in SEEDS])
    assert found.ratio < 1.025
    assert found.worst_refused < 0.006


@pytest.mark.parametrize("tells_remaining", [True, False])
@pytest.mark.parametrize("limits", [FIXED, EVEN, BUCKET, *SLOW], ids=str)
def test_an_unknown_quota_is_learnt(limits: Limits, tells_remaining: bool) -> None:
    """The median is within 15 % of the least time, with under 8 % refused; no run is beyond 20 % and 12 %."""
    found = summary([simulate(limits, tells_remaining=tells_remaining, seed=seed) for seed in SEEDS])
    assert found.ratio < 1.15
    assert found.refused < 0.08
    assert found.worst_ratio < 1.2
    assert found.worst_refused < 0.12


@pytest.mark.parametrize("places", [32, 64])
@pytest.mark.parametrize("told", [1.0, 0.0])
@pytest.mark.parametrize("limits", [FIXED, BUCKET], ids=str)
def test_two_callers_share_a_quota(limits: Limits, told: float, places: int) -> None:
    """Callers that know nothing of each other finish all jobs together within 40 % of the least time."""
    found = summary([simulate(limits, told=told, callers=2, places=places, seed=seed) for seed in SEEDS])
    assert found.ratio < 1.4
    assert found.refused < 0.15


@pytest.mark.parametrize("told", [1.0, 0.0])
@pytest.mark.parametrize("limits", [Limits("fixed", 3000), Limits("even", 3000, burst=5)], ids=str)
def test_large_quotas(limits: Limits, told: float) -> None:
    """With 3,000 a minute and 64 at once, the quota is used, too."""
    run = simulate(limits, told=told, jobs=15_000, places=64)
    assert run.ratio < (1.08 if told else 1.12)
    assert run.refused < (0.01 if told else 0.05)


@pytest.mark.parametrize("told", [1.0, 0.0])
@pytest.mark.parametrize("limits", [FIXED, EVEN, BUCKET, *SLOW[:4]], ids=str)
@pytest.mark.parametrize(
    "hint", [no_hint, lambda _: 0.0, lambda _: 86400.0, lambda wait: wait / 2], ids=["absent", "zero", "day", "half"]
)
def test_useless_retry_afters_do_not_matter_much(limits: Limits, told: float, hint: Hint) -> None:
    """Without a word on when to come back, or with a wrong one, the quota is found all the same."""
    found = summary([simulate(limits, told=told, hint=hint, tells_remaining=False, seed=seed) for seed in SEEDS])
    assert found.ratio < (1.15 if told else 1.2)
    assert found.refused < (0.03 if told else 0.12)


@pytest.mark.parametrize("limits", [FIXED, EVEN, BUCKET], ids=str)
def test_a_retry_after_that_is_always_too_long_does_not_stop_who_knows_the_quota(limits: Limits) -> None:
    """What was told overrules a Retry-After that contradicts it."""
    runs = [simulate(limits, told=1.0, hint=lambda _: 59.0, tells_remaining=False, seed=seed) for seed in SEEDS]
    assert median(run.ratio for run in runs) < 1.15


@pytest.mark.parametrize("tells_remaining", [True, False])
@pytest.mark.parametrize("limits", [FIXED, EVEN, BUCKET], ids=str)
@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_a_quota_that_changes_is_followed(limits: Limits, factor: float, tells_remaining: bool) -> None:
    """Three windows after the quota was doubled or halved, 85 % of the new one are used, and few refused."""
    changed = Limits(limits.kind, int(limits.calls * factor), limits.window, limits.burst)
    jobs = 5 * limits.calls + 8 * changed.calls
    runs = [
        simulate(limits, jobs=jobs, tells_remaining=tells_remaining, change=(50.0, changed), seed=seed)
        for seed in SEEDS
    ]
    assert median(run.count("let in", 80, 100) for run in runs) > 0.85 * 2 * changed.calls
    assert median(run.count("refused", 80, 100) for run in runs) < 0.15 * 2 * changed.calls


@pytest.mark.parametrize("told", [1.0, 0.0])
@pytest.mark.parametrize(("before", "after"), [(EVEN, FIXED), (FIXED, EVEN), (FIXED, BUCKET)], ids=str)
def test_a_limiter_that_changes_its_kind_is_noticed(before: Limits, after: Limits, told: float) -> None:
    """An idea of the limiter that was right does not stay when the answers contradict it."""
    runs = [simulate(before, jobs=780, told=told, change=(50.0, after), seed=seed) for seed in SEEDS]
    assert median(run.count("let in", 80, 110) for run in runs) > 0.85 * 180
    assert median(run.count("refused", 80, 110) for run in runs) < 0.1 * 180


def test_no_job_is_lost() -> None:
    """As many requests are let in as there are jobs, whatever was refused."""
    run = simulate(EVEN, callers=2, hint=whole_seconds)
    assert run.count("refused") > 0
    assert run.count("let in") == 300


def test_forty_deployments() -> None:
    """99 % of all quotas are used in spite of outages and odd Retry-Afters, under 0.5 % refused, none starved."""
    fleet = run_fleet(200_000)
    assert fleet.used > 0.99
    assert fleet.least_used > 0.8
    assert fleet.refused < 0.005
    assert fleet.busiest < 1.01
