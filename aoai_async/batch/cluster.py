"""Batches on a Dask cluster: decided here, sent from the workers."""

from __future__ import annotations

import os
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from attrs import evolve

from aoai_async.batch.agents import Agents
from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.batch.runner import BatchRunner
from aoai_async.errors import ConfigurationError
from aoai_async.schema.images import ImageGenerationsRequest
from aoai_async.transport.clock import Clock, SystemClock
from aoai_async.transport.connections import Connections
from aoai_async.transport.credentials import KeyAuthenticator
from aoai_async.transport.pictures import Pictures
from aoai_async.transport.settings import Settings
from aoai_async.wire.address import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from aoai_async.batch.lanes import Lane
    from aoai_async.batch.progress import Progress
    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse
    from aoai_async.wire.retry import RetryPolicy

__all__ = ["DaskBatchRunner"]


class DaskBatchRunner(BatchRunner):
    """Does what `BatchRunner` does, with the requests sent from the workers of a Dask cluster (extra ``dask``).

    ::

        whisper = Deployment(model="whisper", azure_endpoint=endpoint, api_key_env="AZURE_OPENAI_API_KEY")
        async with DaskBatchRunner(dask_client, whisper, max_concurrency=64, journal="night.jsonl") as runner:
            async for outcome in runner.run(jobs):
                ...

    Pace, retries and journal are kept here, so the quota is the whole cluster's; each worker has one agent, which
    sends any number of requests at once from the worker's own loop and takes no thread's place. Recordings are read
    where the worker is: a path it cannot see is a failure that names the worker. The requests of a worker that dies
    are sent again by others.

    Keys do not travel: give `api_key_env`, the name of an environment variable that the workers have, or a token
    provider or credential that they can unpickle.

    Args:
        dask_client: A Dask client made with ``asynchronous=True``; it stays the caller's.
        deployments: One deployment, or several that can stand in for each other.
        max_concurrency: How many jobs are in flight at the most, on all workers together.
        journal: The path of a journal, here.
        retry_failed: As for `BatchRunner`, as are the others.
        deadline: Seconds for a whole run.
        on_progress: Called with the `Progress` after each outcome.
        retry: How often and how patiently a failed job is sent again.
        jitter: Gives a number from 0 to 1, by which waits are spread.

    Raises:
        ConfigurationError: The Dask client is not asynchronous, a key would have to travel, or a number is out of
            its range.
    """

    def __init__(
        self,
        dask_client: Any,
        deployments: Deployment | Sequence[Deployment],
        *,
        max_concurrency: int = 16,
        journal: str | os.PathLike[str] | None = None,
        retry_failed: bool = False,
        deadline: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not dask_client.asynchronous:
            raise ConfigurationError("DaskBatchRunner takes a Dask client of this loop: Client(..., asynchronous=True)")
        members = [deployments] if isinstance(deployments, Deployment) else list(deployments)
        self._pool = _ClusterPool(dask_client, [_without_secrets(member) for member in members], retry, jitter)
        super().__init__(
            self._pool,
            max_concurrency=max_concurrency,
            journal=journal,
            retry_failed=retry_failed,
            deadline=deadline,
            on_progress=on_progress,
        )

    async def close(self) -> None:
        """Let the agents go, and close the connections over which pictures were fetched."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _ClusterPool(DeploymentPool):
    """A pool whose lanes lead through the agents of a cluster."""

    def __init__(
        self,
        dask_client: Any,
        deployments: Sequence[Deployment],
        retry: RetryPolicy | None,
        jitter: Callable[[], float],
    ) -> None:
        self._agents = Agents(dask_client, deployments, SystemClock())
        self._connections = Connections()
        self._endpoints = [_endpoint(member) for member in deployments]
        super().__init__(deployments, retry=retry, jitter=jitter)

    @property
    def pictures(self) -> Pictures:
        """What gets the bytes of pictures, from here."""
        settings = Settings(
            endpoint=Endpoint.of_resource(self._endpoints[0], allow_http=True),
            authenticator=KeyAuthenticator({}),
            connections=self._connections,
        )
        return Pictures(settings)

    def _lane(self, number: int, member: Deployment, clock: Clock, jitter: Callable[[], float]) -> Lane:
        del clock
        return member.lane(urlsplit(self._endpoints[number]).netloc, partial(self._from_worker, number), jitter)

    async def _from_worker(self, number: int, request: Request, options: CallOptions) -> RawResponse[Any]:
        answer = await self._agents.ask(number, request, options)
        is_picture = isinstance(request, ImageGenerationsRequest)
        return evolve(answer, finish=self.images.attach) if is_picture else answer

    async def close(self) -> None:
        """Let the agents go, and close the connections."""
        await self._agents.close()
        await self._connections.close()


def _endpoint(member: Deployment) -> str:
    address = member.azure_endpoint or os.environ.get("AZURE_OPENAI_ENDPOINT")
    if not address:
        raise ConfigurationError("No endpoint: give azure_endpoint= to the deployment, or set AZURE_OPENAI_ENDPOINT")
    return address


def _without_secrets(member: Deployment) -> Deployment:
    if member.api_key is not None or member.azure_ad_token is not None:
        raise ConfigurationError(
            f"A key or token of {member.model} would stand in the task graph; give api_key_env=, the name of an "
            "environment variable of the workers, or a token provider or credential"
        )
    return member
