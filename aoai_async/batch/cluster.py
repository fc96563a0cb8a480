"""Batches on a Dask cluster: decided here, sent from the workers."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from attrs import evolve

from aoai_async.batch.agents import Agents
from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.batch.runner import USUAL_RETRY, BatchRunner
from aoai_async.client import endpoint_of
from aoai_async.errors import ConfigurationError
from aoai_async.schema.images import ImageGenerationsRequest
from aoai_async.transport.clock import Clock, SystemClock
from aoai_async.transport.connections import Connections
from aoai_async.transport.credentials import KeyAuthenticator
from aoai_async.transport.pictures import Pictures
from aoai_async.transport.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from aoai_async.batch.jobs import Job
    from aoai_async.batch.lanes import Lane
    from aoai_async.batch.progress import Progress
    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.address import Endpoint
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

    Options mean what they mean to `BatchRunner`, but for those of which more is said here. There is no
    `requests_per_minute`: each `Deployment` has its own.

    Args:
        dask_client: A Dask client made with ``asynchronous=True``; it stays the caller's.
        deployments: One deployment, or several that can stand in for each other.
        max_concurrency: How many jobs are in flight at the most, on all workers together.
        shared_quota: A path on this machine, the same for all its processes that share deployments, be their requests
            sent from here or from workers. The others are left when this runner is closed.
        journal: The path of a journal, here.
        retry_failed: Whether jobs that failed in an earlier run are done again.
        deadline: Seconds for a whole run.
        on_progress: Called with the `Progress` after each outcome.
        on_upload: Called here with a job, the bytes of its recording sent so far, and all of them. The workers are
            asked five times a second, so it sees fewer steps, a moment later, and the last one when the attempt is
            over. What it raises ends the run, but not the upload, which goes on until this runner is closed.
        retry: How often and how patiently a failed job is sent again (4 times).
        jitter: Gives a number from 0 to 1, by which waits are spread.

    Raises:
        ConfigurationError: The Dask client is not asynchronous, a key would have to travel, a deployment's endpoint
            cannot be one, a number is out of its range, or the path of `shared_quota` is too long for a socket.
    """

    def __init__(
        self,
        dask_client: Any,
        deployments: Deployment | Sequence[Deployment],
        *,
        max_concurrency: int = 16,
        shared_quota: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        retry_failed: bool = False,
        deadline: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_upload: Callable[[Job, int, int], object] | None = None,
        retry: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not dask_client.asynchronous:
            raise ConfigurationError("DaskBatchRunner takes a Dask client of this loop: Client(..., asynchronous=True)")
        members = [deployments] if isinstance(deployments, Deployment) else list(deployments)
        members = [_without_secrets(member) for member in members]
        self._pool = _ClusterPool(dask_client, members, shared_quota, retry or USUAL_RETRY, jitter)
        super().__init__(
            self._pool,
            max_concurrency=max_concurrency,
            journal=journal,
            retry_failed=retry_failed,
            deadline=deadline,
            on_progress=on_progress,
            on_upload=on_upload,
        )

    async def close(self) -> None:
        """Leave those who share the quotas, let the agents go, and close the connections that fetched pictures."""
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
        shared_quota: str | os.PathLike[str] | None,
        retry: RetryPolicy,
        jitter: Callable[[], float],
    ) -> None:
        self._agents = Agents(dask_client, deployments, SystemClock())
        self._connections = Connections()
        self._endpoints = [_endpoint(member) for member in deployments]
        super().__init__(deployments, shared_quota=shared_quota, retry=retry, jitter=jitter)

    @property
    def pictures(self) -> Pictures:
        """What gets the bytes of pictures, from here."""
        settings = Settings(
            endpoint=self._endpoints[0],
            authenticator=KeyAuthenticator({}),
            connections=self._connections,
        )
        return Pictures(settings)

    def _lane(self, number: int, member: Deployment, clock: Clock, jitter: Callable[[], float]) -> Lane:
        del clock
        return member.lane(urlsplit(self._endpoints[number].base).netloc, partial(self._from_worker, number), jitter)

    async def _from_worker(self, number: int, request: Request, options: CallOptions) -> RawResponse[Any]:
        answer = await self._agents.ask(number, request, options)
        is_picture = isinstance(request, ImageGenerationsRequest)
        return evolve(answer, finish=self.images.attach) if is_picture else answer

    async def close(self) -> None:
        """Leave those who share the quotas, let the agents go, and close the connections."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._connections.close)
            stack.push_async_callback(self._agents.close)
            await super().close()


def _endpoint(member: Deployment) -> Endpoint:
    options = member.options
    return endpoint_of(
        member.azure_endpoint, options.get("base_url"), allow_http=options.get("allow_insecure_http", False)
    )


def _without_secrets(member: Deployment) -> Deployment:
    if member.api_key is not None or member.azure_ad_token is not None:
        raise ConfigurationError(
            f"A key or token of {member.model} would stand in the task graph; give api_key_env=, the name of an "
            "environment variable of the workers, or a token provider or credential"
        )
    return member
