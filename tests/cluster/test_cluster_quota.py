"""The quota of a batch on a cluster, which is that of all workers together."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from cluster.cluster_tools import pictures

from aoai_async.batch import DaskBatchRunner, Deployment

pytestmark = pytest.mark.filterwarnings("default")


async def test_the_quota_is_the_clusters(dask_client: Any, deployment: Deployment) -> None:
    """A quota that is told is kept to by all workers together."""
    told = evolve(deployment, requests_per_minute=6)
    async with DaskBatchRunner(dask_client, told, max_concurrency=8, deadline=20.0) as runner:
        outcomes = await runner.gather(pictures(20))
    assert sum(outcome.is_done for outcome in outcomes) <= 6
    assert all((outcome.error.retry_after or 0) > 0 for outcome in outcomes if outcome.error is not None)
