"""The quota of a batch on a cluster, which is that of all workers together, and of others who share it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from batch.sharing_tools import is_there
from cluster.cluster_tools import KEY, pictures

from aoai_async import APITimeoutError, AsyncAzureOpenAI
from aoai_async.batch import BatchRunner, DaskBatchRunner, Deployment, DeploymentPool

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import AzureOpenAIEmulator

pytestmark = pytest.mark.filterwarnings("default")


def let(told: int, begun: float) -> float:
    """How many requests a quota has let start since then, be the machine as slow as it may."""
    return told + (time.monotonic() - begun) * told / 60


async def test_the_quota_is_the_clusters(
    dask_client: Any, emulator: AzureOpenAIEmulator, deployment: Deployment
) -> None:
    """A quota that is told is kept to by all workers together, and who has to wait longer than there is time fails."""
    told = evolve(deployment, requests_per_minute=6)
    begun = time.monotonic()
    async with DaskBatchRunner(dask_client, told, max_concurrency=8, deadline=20.0) as runner:
        outcomes = await runner.gather(pictures(20))
    assert sum(outcome.is_done for outcome in outcomes) <= len(emulator.requests) <= let(6, begun)
    assert all(isinstance(outcome.error, APITimeoutError) for outcome in outcomes if not outcome.is_done)


async def test_a_cluster_shares_its_quota_with_others(
    dask_client: Any, emulator: AzureOpenAIEmulator, deployment: Deployment, tmp_path: Path
) -> None:
    """A cluster, a client's runner and a pool's, each with jobs enough, start together no more than the quota lets."""
    path = tmp_path / "quota.sock"
    told = evolve(deployment, requests_per_minute=20)
    client = AsyncAzureOpenAI(azure_endpoint=f"{emulator.endpoint}/", api_key=KEY, azure_deployment="dall-e-3")
    pool = DeploymentPool([evolve(told, api_key=KEY, api_key_env=None)], shared_quota=path)
    begun = time.monotonic()
    async with client, pool, DaskBatchRunner(dask_client, told, shared_quota=path, deadline=50.0) as on_cluster:
        # Who comes first keeps the pace; who takes that over begins anew.
        await on_cluster.gather([])
        of_client = BatchRunner(client, requests_per_minute=20, shared_quota=path, deadline=50.0)
        of_pool = BatchRunner(pool, deadline=50.0)
        runs = await asyncio.gather(*(runner.gather(pictures(20)) for runner in (on_cluster, of_client, of_pool)))
    assert len(emulator.requests) <= let(20, begun)
    outcomes = [outcome for run in runs for outcome in run]
    assert any(outcome.is_done for outcome in outcomes)
    assert all(isinstance(outcome.error, APITimeoutError) for outcome in outcomes if not outcome.is_done)
    await is_there(path, is_expected=False)
