"""Several deployments as one client."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from attrs import field, frozen
from attrs.validators import ge, gt, optional

from aoai_async.audio import AsyncAudio
from aoai_async.batch.dispatch import Group
from aoai_async.batch.health import Health
from aoai_async.batch.lanes import Lane
from aoai_async.batch.pacing import Pace
from aoai_async.batch.sharing import SharedQuota
from aoai_async.client import AsyncAzureOpenAI
from aoai_async.errors import ConfigurationError
from aoai_async.images import AsyncImages
from aoai_async.transport.clock import Clock, SystemClock
from aoai_async.transport.sending import Ask, answer_of
from aoai_async.transport.settings import CallOptions
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from types import TracebackType

    from aoai_async.transport.pictures import Pictures
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Deployment", "DeploymentPool"]

_FOREVER = float("inf")


@frozen(kw_only=True)
class Deployment:
    """A deployment of a pool; what is not said comes from the environment, as for a client.

    Attributes:
        model: The deployment's name.
        azure_endpoint: The resource it is in.
        priority: Lower ones are used first; a higher one only while these are busy or broken.
        weight: Its share of the requests among deployments of the same priority.
        requests_per_minute: Its quota; None to learn it.
        max_concurrency: How many requests it takes at once; None for any number.
        api_key: As for a client; so are the credentials below.
        api_key_env: The name of the environment variable that holds the key.
        options: Further options of its client, such as `api_version` or `session`.
    """

    model: str
    azure_endpoint: str | None = None
    priority: int = 0
    weight: float = field(default=1.0, validator=gt(0.0))
    requests_per_minute: float | None = field(default=None, validator=optional(gt(0.0)))
    max_concurrency: int | None = field(default=None, validator=optional(ge(1)))
    api_key: Any = field(default=None, repr=False)
    api_key_env: str | None = None
    azure_ad_token: str | None = field(default=None, repr=False)
    azure_ad_token_provider: Any = field(default=None, repr=False)
    credential: Any = field(default=None, repr=False)
    options: dict[str, Any] = field(factory=dict, repr=False)

    def client(self, clock: Clock) -> AsyncAzureOpenAI:
        """Return a client for this deployment that leaves all retries to the pool."""
        return AsyncAzureOpenAI(
            azure_endpoint=self.azure_endpoint,
            azure_deployment=self.model,
            api_key=self._key(),
            azure_ad_token=self.azure_ad_token,
            azure_ad_token_provider=self.azure_ad_token_provider,
            credential=self.credential,
            clock=clock,
            **{**self.options, "max_retries": 0},
        )

    def lane(self, host: str, ask: Ask, jitter: Callable[[], float]) -> Lane:
        """Return the lane whose requests `ask` sends to this deployment on `host`."""
        return Lane(
            name=f"{host}/{self.model}",
            model=self.model,
            ask=ask,
            pace=Pace(requests_per_minute=self.requests_per_minute, jitter=jitter),
            health=Health(jitter),
            priority=self.priority,
            weight=self.weight,
            places=self.max_concurrency,
        )

    def _key(self) -> Any:
        if self.api_key_env is None:
            return self.api_key
        key = os.environ.get(self.api_key_env)
        if not key:
            raise ConfigurationError(
                f"The environment variable {self.api_key_env}, which should hold a key, is not set"
            )
        return key


class DeploymentPool:
    """Several deployments of the same model, used as one: with the methods of a client, and for `BatchRunner`.

    ::

        async with DeploymentPool([Deployment(model="whisper", azure_endpoint=...), ...]) as pool:
            heard = await pool.audio.transcriptions.create(file="talk.mp3")

    Each request goes to the first deployment, in the order of their priorities, whose quota lets it start now. A 429
    or an outage moves it to the next one at once; a broken deployment is left alone and tried again later.

    Args:
        deployments: The deployments; at least one.
        shared_quota: A path, the same for all processes of this machine that share deployments. They meet there, on a
            Unix socket that only their user can open, and take turns as if they were one; the smallest quota that any
            of them was told of a deployment holds for all. When one ends or is killed, the others go on. An empty file,
            the path with ``.lock`` added, stays. None where nobody shares.
        retry: How often and how patiently a request that failed everywhere is sent again.
        clock: Tells and passes time; for tests.
        jitter: Gives a number from 0 to 1, by which waits are spread.

    Raises:
        ConfigurationError: There is no deployment, the options of one cannot be what they should be, or the path of
            `shared_quota` is too long for a socket.
    """

    def __init__(
        self,
        deployments: Iterable[Deployment],
        *,
        shared_quota: str | os.PathLike[str] | None = None,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        clock = clock or SystemClock()
        members = list(deployments)
        if not members:
            raise ConfigurationError("A pool needs at least one deployment")
        self._shared = None if shared_quota is None else SharedQuota(shared_quota, clock, jitter)
        self._is_closed = False
        self._clients: list[AsyncAzureOpenAI] = []
        lanes = [self._lane(number, member, clock, jitter) for number, member in enumerate(members)]
        change = asyncio.Event()
        if self._shared is not None:
            for lane, member in zip(lanes, members, strict=True):
                lane.pace = self._shared.pace(lane.name, member.requests_per_minute, change.set)
        self.group = Group(lanes, clock, retry or RetryPolicy(), change)

    @property
    def audio(self) -> AsyncAudio:
        """``audio.transcriptions.create`` and ``audio.translations.create``, as of a client."""
        return AsyncAudio.of(self.ask)

    @property
    def images(self) -> AsyncImages:
        """``images.generate``, as of a client."""
        return AsyncImages(self.ask, self.pictures)

    @property
    def pictures(self) -> Pictures:
        """What gets the bytes of pictures for the results of this pool."""
        return self._clients[0].pictures

    async def ask(self, request: Request, options: CallOptions) -> RawResponse[Any]:
        """Send a request object to whichever deployment is free, and return the whole answer.

        Raises:
            AzureOpenAIError: What the last attempt ended with.
            APITimeoutError: No deployment was free within the call's timeout (600 seconds unless it has its own).
            ConfigurationError: There can be no socket at the path of `shared_quota`.
        """
        await self._meet_others()
        total = (options.timeout or Timeout()).total
        deadline = _FOREVER if total is None else self.group.clock.monotonic() + total
        return (await self.group.carry(request, options, deadline)).unwrap()

    async def send(self, request: Request) -> Any:
        """Send a request object and return its answer; raises as `ask` does."""
        return await answer_of(await self.ask(request, CallOptions()))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Share its quotas with other processes, until it is closed; raises `ConfigurationError` where it cannot."""
        await self._meet_others()
        yield

    async def _meet_others(self) -> None:
        if self._shared is not None:
            if self._is_closed:
                raise ConfigurationError("This pool is closed")
            await self._shared.open()

    async def close(self) -> None:
        """Close the connections of all deployments, and leave the processes that share its quotas."""
        self._is_closed = True
        async with AsyncExitStack() as stack:
            if self._shared is not None:
                stack.push_async_callback(self._shared.close)
            for client in self._clients:
                stack.push_async_callback(client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _lane(self, number: int, member: Deployment, clock: Clock, jitter: Callable[[], float]) -> Lane:  # noqa: ARG002 - for a pool whose lanes are told by number
        client = member.client(clock)
        self._clients.append(client)
        return member.lane(client.host, client.ask, jitter)
