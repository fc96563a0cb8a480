"""Which deployments a job can go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from aoai_async.batch.dispatch import Group
from aoai_async.batch.health import Health
from aoai_async.batch.lanes import Lane
from aoai_async.batch.pacing import Pace
from aoai_async.batch.pool import DeploymentPool
from aoai_async.schema.images import GenerateImagesResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from aoai_async.batch.jobs import Outcome
    from aoai_async.client import AsyncAzureOpenAI
    from aoai_async.images import AsyncImages
    from aoai_async.transport.clock import Clock
    from aoai_async.wire.plan import Request
    from aoai_async.wire.retry import RetryPolicy

__all__ = ["Routes", "routes_of"]


class Routes:
    """Which deployments a request can go to: those of a pool, or the one of a client that it names."""

    def __init__(self, images: AsyncImages, clock: Clock, open_group: Callable[[str | None], Group]) -> None:
        self.clock = clock
        self._images = images
        self._open_group = open_group
        self._groups: dict[str | None, Group] = {}

    def group_of(self, request: Request) -> Group:
        """Return the deployments for a request."""
        if request.model not in self._groups:
            self._groups[request.model] = self._open_group(request.model)
        return self._groups[request.model]

    def attached(self, outcome: Outcome) -> Outcome:
        """Return an outcome with pictures that can be read and saved, with the retries of the client or pool."""
        if not isinstance(outcome.result, GenerateImagesResponse):
            return outcome
        return evolve(outcome, result=self._images.attach(outcome.result))


def routes_of(
    client_or_pool: AsyncAzureOpenAI | DeploymentPool,
    requests_per_minute: float | None,
    retry: RetryPolicy,
    jitter: Callable[[], float],
) -> Routes:
    """Return the routes of a client or pool; the retries of a client are left to them."""
    if isinstance(client_or_pool, DeploymentPool):
        pool = client_or_pool
        return Routes(pool.images, pool.group.clock, lambda _: pool.group)
    client = client_or_pool.with_options(max_retries=0)

    def open_group(model: str | None) -> Group:
        lane = Lane(
            name=f"{client.host}/{model or client.deployment}",
            model=model,
            ask=client.ask,
            pace=Pace(requests_per_minute=requests_per_minute, jitter=jitter),
            health=Health(jitter),
        )
        return Group([lane], client.clock, retry)

    return Routes(client_or_pool.images, client.clock, open_group)
