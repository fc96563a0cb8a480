"""What a runner on a cluster decides here; no worker is asked for anything."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from batch.batch_tools import named, tasks_are_gone
from batch.sharing_tools import exists, is_there

from aoai_async import ConfigurationError, RetryPolicy
from aoai_async.batch import BatchRunner, DaskBatchRunner, Deployment, DeploymentPool
from aoai_async.transport.clock import SystemClock

DASK = SimpleNamespace(asynchronous=True)
WHISPER = Deployment(model="whisper", azure_endpoint="https://name.openai.azure.com", api_key_env="KEY_OF_THE_CLUSTER")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quota.sock"


def lane_of(runner: BatchRunner) -> str:
    return runner._routes.group_of(named("talk").request).lanes[0].name


@pytest.mark.parametrize(
    "address",
    [
        {"azure_endpoint": "https://name.openai.azure.com"},
        {"azure_endpoint": " HTTPS://Name.openai.azure.com:8443/prefix/ "},
        {"options": {"base_url": "https://gateway.example/openai"}},
        {"azure_endpoint": "http://gateway.example", "options": {"allow_insecure_http": True}},
        {},
    ],
)
async def test_a_deployment_has_one_name(address: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """However its address is written, it is called the same by a cluster, a pool and a client, so that they share."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://environment.example")
    on_cluster = Deployment(model="whisper", api_key_env="KEY_OF_THE_CLUSTER", **address)
    here = evolve(on_cluster, api_key="k", api_key_env=None)
    async with here.client(SystemClock()) as client, DeploymentPool([here]) as pool:
        runners = [DaskBatchRunner(DASK, on_cluster), BatchRunner(pool), BatchRunner(client)]
        assert len({lane_of(runner) for runner in runners}) == 1


@pytest.mark.parametrize("address", [{"azure_endpoint": "http://gateway.example"}, {"azure_endpoint": "name"}, {}])
def test_an_address_that_cannot_be_one(address: dict[str, Any]) -> None:
    """It is refused when the runner is made, as for a pool."""
    with pytest.raises(ConfigurationError):
        DaskBatchRunner(DASK, Deployment(model="whisper", api_key_env="KEY_OF_THE_CLUSTER", **address))


@pytest.mark.parametrize("options", [{}, {"allow_insecure_http": True}])
def test_pictures_come_by_plain_http_only_if_allowed(options: dict[str, Any]) -> None:
    """They are fetched from here as by a client with the deployment's options."""
    pictures = DaskBatchRunner(DASK, evolve(WHISPER, options=options))._pool.pictures
    assert pictures.settings.endpoint.allow_http is bool(options)


def test_retries_are_those_of_any_runner() -> None:
    """A job is sent again four times, or as often as the caller says."""
    retries = [
        DaskBatchRunner(DASK, WHISPER, retry=retry)._pool.group.retry.max_retries
        for retry in (None, RetryPolicy(max_retries=1))
    ]
    assert retries == [4, 1]


def test_a_path_that_is_too_long_for_a_cluster(path: Path) -> None:
    """It is refused when the runner is made."""
    with pytest.raises(ConfigurationError, match="100 at the most"):
        DaskBatchRunner(DASK, WHISPER, shared_quota=path.with_name("q" * 100))


async def test_a_runner_that_never_ran_leaves_nothing(path: Path) -> None:
    """To close it without a run is no error, and opens nothing."""
    before = asyncio.all_tasks()
    async with DaskBatchRunner(DASK, WHISPER, shared_quota=path):
        assert not await exists(path)
    assert not await exists(path)
    await tasks_are_gone(before)


async def test_others_are_met_until_the_runner_is_closed(path: Path) -> None:
    """From its first run on, and not after it is closed, which a run then says."""
    before = asyncio.all_tasks()
    async with DaskBatchRunner(DASK, WHISPER, shared_quota=path) as runner:
        for _ in range(2):
            assert await runner.gather([]) == []
            assert await exists(path)
    await is_there(path, is_expected=False)
    await tasks_are_gone(before)
    with pytest.raises(ConfigurationError, match="closed"):
        await runner.gather([])


async def test_others_are_left_after_an_error(path: Path) -> None:
    """A run that ends with an error, and agents that cannot be let go, leave no socket behind."""

    def broken() -> Iterator[Any]:
        raise ZeroDivisionError
        yield

    async def not_now() -> None:
        raise KeyError

    before = asyncio.all_tasks()
    runner = DaskBatchRunner(DASK, WHISPER, shared_quota=path)
    with pytest.raises(ZeroDivisionError):
        await runner.gather(broken())
    runner._pool._agents = SimpleNamespace(close=not_now)  # type: ignore[assignment]
    with pytest.raises(KeyError):
        await runner.close()
    await is_there(path, is_expected=False)
    await tasks_are_gone(before)


async def test_a_path_at_which_a_cluster_cannot_meet_others(path: Path) -> None:
    """It is an error of the run, and again of the next one; the runner can be closed."""
    async with DaskBatchRunner(DASK, WHISPER, shared_quota=path.with_name("nowhere") / "quota.sock") as runner:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="cannot be used"):
                await runner.gather([])
