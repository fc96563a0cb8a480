"""Agents: one on each worker of a Dask cluster, which sends requests from there."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import move_on_after
from attrs import define, evolve, field

from aoai_async.batch.jobs import memory_of, path_of
from aoai_async.batch.pool import Deployment
from aoai_async.batch.seats import Seat, Sent, WorkerLostError
from aoai_async.errors import APIConnectionError, AzureOpenAIError, InvalidInputError
from aoai_async.schema.audio import AudioRequest
from aoai_async.transport.clock import Clock, SystemClock

if TYPE_CHECKING:
    from aoai_async.client import AsyncAzureOpenAI
    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Agent", "Agents"]

_LONGEST_WITHOUT_WORKERS = 60.0
_LONGEST_OPENING = 10.0
_LOOK_AGAIN = 0.5


class Agent:
    """Lives on a worker and sends requests from its event loop, any number at once, in no thread's place."""

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = deployments
        self._clients: dict[int, AsyncAzureOpenAI] = {}
        self._sent: dict[int, Sent] = {}

    async def send(self, number: int, request: Request, options: CallOptions) -> RawResponse[Any] | AzureOpenAIError:
        """Send a request to a deployment, once; an error is returned, so that it stands in no worker's log."""
        try:
            answer = await self._client(number).ask(request, options)
        except AzureOpenAIError as error:
            return _told_where(error)
        except Exception as error:  # noqa: BLE001 - here it would look as if the worker had died
            return AzureOpenAIError(f"On the worker {platform.node()}: {type(error).__name__}: {error}")
        return evolve(answer, finish=None)

    async def send_watched(
        self, ticket: int, number: int, request: Request, options: CallOptions
    ) -> tuple[RawResponse[Any] | AzureOpenAIError, Sent | None]:
        """Send a request as `send` does; what is sent of its recording, `sent` tells meanwhile under this ticket."""
        watched = evolve(options, on_progress=partial(self._note, ticket))
        try:
            return await self.send(number, request, watched), self._sent.get(ticket)
        finally:
            self._sent.pop(ticket, None)

    async def sent(self) -> dict[int, Sent]:
        """Return what is sent of each recording that is watched and has no answer yet, by its ticket."""
        return self._sent.copy()

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    def _note(self, ticket: int, sent: int, total: int) -> None:
        self._sent[ticket] = sent, total

    def _client(self, number: int) -> AsyncAzureOpenAI:
        if number not in self._clients:
            self._clients[number] = self._deployments[number].client(SystemClock())
        return self._clients[number]


def _told_where(error: AzureOpenAIError) -> AzureOpenAIError:
    if isinstance(error, InvalidInputError) and error.field == "file":
        error.message = f"On the worker {platform.node()}: {error.message}"
        error.args = (error.message,)
    return error


@define(eq=False)
class Agents:
    """The agents of a cluster; a request goes to the worker with the fewest in flight.

    Attributes:
        dask_client: An asynchronous Dask client.
        deployments: What each agent can send to, by number.
        clock: Tells the time, and passes it while there are no workers.
    """

    dask_client: Any
    deployments: Sequence[Deployment]
    clock: Clock
    _seats: dict[str, Seat] = field(factory=dict, init=False)
    _lost: set[str] = field(factory=set, init=False)
    _opening: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def ask(self, number: int, request: Request, options: CallOptions) -> RawResponse[Any]:
        """Send a request from a worker; when the worker dies, from another one.

        Raises:
            AzureOpenAIError: As a client would raise on the worker; or there is no worker for a minute.
            Exception: Whatever `options.on_progress` raises, which is called here.
        """
        _refuse_streams(request)
        while True:
            seat = await self._least_busy()
            seat.busy += 1
            try:
                outcome = await seat.send(number, request, options)
            except WorkerLostError:
                self._give_up(seat)
                continue
            finally:
                seat.busy -= 1
            if isinstance(outcome, AzureOpenAIError):
                raise outcome
            return outcome

    async def close(self) -> None:
        """Close the agents' connections and let the agents go."""
        seats, self._seats = list(self._seats.values()), {}
        for seat in seats:
            try:
                await seat.agent.close()
            except (OSError, RuntimeError):
                continue  # the worker is gone, and its connections with it

    async def _least_busy(self) -> Seat:
        waited = 0.0
        while not (seats := await self._open_seats()):
            if waited >= _LONGEST_WITHOUT_WORKERS:
                raise APIConnectionError(f"The cluster has had no worker for {waited:.0f} s")
            self._lost.clear()
            await self.clock.sleep(_LOOK_AGAIN)
            waited += _LOOK_AGAIN
        return min(seats, key=lambda seat: seat.busy)

    async def _open_seats(self) -> list[Seat]:
        async with self._opening:
            workers = set(await self.dask_client.nthreads())
            self._lost &= workers
            for worker in workers - self._seats.keys() - self._lost:
                await self._open_seat(worker)
        return list(self._seats.values())

    async def _open_seat(self, worker: str) -> None:
        future = self.dask_client.submit(
            Agent, tuple(self.deployments), actor=True, workers=[worker], allow_other_workers=False, pure=False
        )
        with move_on_after(_LONGEST_OPENING):
            try:
                self._seats[worker] = Seat(worker, await future, self.clock)
            except (OSError, RuntimeError):
                self._lost.add(worker)
            return
        # A task for a worker that died meanwhile waits for ever.
        self._lost.add(worker)
        future.release()

    def _give_up(self, seat: Seat) -> None:
        # The scheduler may not have noticed yet; a restarted worker has another address.
        self._lost.add(seat.worker)
        if self._seats.get(seat.worker) is seat:
            del self._seats[seat.worker]


def _refuse_streams(request: Request) -> None:
    if isinstance(request, AudioRequest) and path_of(request) is None and memory_of(request) is None:
        raise InvalidInputError(
            "An open file or a stream cannot travel to a worker; give a path that the workers can see, or bytes",
            field="file",
        )
