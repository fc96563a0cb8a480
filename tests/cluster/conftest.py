"""A real Dask cluster: two worker processes on this machine, of which none is left when a test is over."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest
from cluster.cluster_tools import KEY, KEY_VARIABLE

from aoai_async.batch.pool import Deployment
from aoai_async.emulator import AzureOpenAIEmulator, emulator_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def no_blocking_call() -> None:
    """Leave the detector off: Dask's scheduler, which blocks, runs in the loop of these tests."""


@pytest.fixture
def emulator() -> Iterator[AzureOpenAIEmulator]:
    with emulator_in_thread(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
async def dask_client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A client of a cluster of two processes with one thread each, which know the key by their environment."""
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    before = set(multiprocessing.active_children())
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, asynchronous=True, dashboard_address=None
    )
    async with cluster, distributed.Client(cluster, asynchronous=True) as client:
        await client.wait_for_workers(2)
        yield client
    assert set(multiprocessing.active_children()) <= before


@pytest.fixture
def deployment(emulator: AzureOpenAIEmulator) -> Deployment:
    return Deployment(model="dall-e-3", azure_endpoint=emulator.endpoint, api_key_env=KEY_VARIABLE)
