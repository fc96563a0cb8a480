"""A worker's agent, seen from here: what is sent through it, and how its uploads go on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from anyio import move_on_after
from attrs import define, evolve, field

from aoai_async.schema.audio import AudioRequest
from aoai_async.transport.bodies import Progress
from aoai_async.transport.clock import Clock

if TYPE_CHECKING:
    from aoai_async.errors import AzureOpenAIError
    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Seat", "Sent", "WorkerLostError"]

Sent = tuple[int, int]
"""The bytes of a recording that are sent, and all of them."""

_EVERY = 0.2
_PATIENCE = 1.0
_LOSSES = (OSError, RuntimeError)


class WorkerLostError(Exception):
    """The worker is gone, or its agent."""


@define(eq=False)
class Seat:
    """A worker's agent.

    A function of the caller's cannot travel, so the worker is asked how its uploads go on: while there are any that
    somebody watches, and once for all of them. Dask's events would come by themselves, but also after the answer to
    which they belong, and the scheduler keeps them.

    Attributes:
        worker: The worker's address.
        agent: Dask's `Actor` for the agent.
        clock: Tells the time.
        busy: How many requests it has in flight.
        every: After how many seconds it is asked again.
    """

    worker: str
    agent: Any
    clock: Clock
    busy: int = 0
    every: float = _EVERY
    _tickets: Iterator[int] = field(factory=count, init=False)
    _sent: Mapping[int, Sent] = field(factory=dict, init=False)
    _asked_at: float = field(default=-math.inf, init=False)
    _asking: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def send(self, number: int, request: Request, options: CallOptions) -> RawResponse[Any] | AzureOpenAIError:
        """Send a request to a deployment, once, and call `options.on_progress` here meanwhile, if there is one.

        Raises:
            WorkerLostError: There will be no answer.
            Exception: Whatever `on_progress` raises; the worker does not hear of it.
        """
        if options.on_progress is None:
            with _loss_noticed():
                outcome: RawResponse[Any] | AzureOpenAIError = await self.agent.send(number, request, options)
            return outcome
        return await self._send_watched(number, request, evolve(options, on_progress=None), options.on_progress)

    async def _send_watched(
        self, number: int, request: Request, options: CallOptions, report: Progress
    ) -> RawResponse[Any] | AzureOpenAIError:
        upload, ticket = _Upload(report), next(self._tickets)
        with _loss_noticed():
            answer = self.agent.send_watched(ticket, number, request, options)
        while isinstance(request, AudioRequest) and not upload.is_whole and not await _comes(answer, self.every):
            upload.note((await self._latest()).get(ticket))
        outcome: RawResponse[Any] | AzureOpenAIError
        with _loss_noticed():
            outcome, last = await answer
        upload.note(last)
        return outcome

    async def _latest(self) -> Mapping[int, Sent]:
        async with self._asking:
            if self.clock.monotonic() >= self._asked_at + self.every:
                # Whether the worker is lost, the answer says; it must not wait for this.
                with move_on_after(_PATIENCE), suppress(*_LOSSES):
                    self._sent = await self.agent.sent()
                self._asked_at = self.clock.monotonic()
        return self._sent


@define
class _Upload:
    """What the caller knows of one upload."""

    report: Progress
    _told: Sent | None = field(default=None, init=False)

    @property
    def is_whole(self) -> bool:
        return self._told is not None and self._told[0] >= self._told[1]

    def note(self, sent: Sent | None) -> None:
        if sent is not None and sent != self._told:
            self._told = sent
            self.report(*sent)


async def _comes(answer: Any, seconds: float) -> bool:
    with move_on_after(seconds), suppress(*_LOSSES):
        await answer
    return bool(answer.done())


@contextmanager
def _loss_noticed() -> Iterator[None]:
    try:
        yield
    except _LOSSES as error:
        raise WorkerLostError from error
