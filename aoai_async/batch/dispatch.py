"""The one place that decides when a request goes out, to which deployment, and whether it goes out again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from anyio import move_on_after
from attrs import define, field

from aoai_async.batch.journey import Journey
from aoai_async.batch.lanes import Departure, Lane, is_not_there
from aoai_async.batch.napping import nap
from aoai_async.errors import APITimeoutError, AzureOpenAIError, RateLimitError
from aoai_async.transport.clock import Clock
from aoai_async.wire.retry import RetryPolicy, is_worth_retrying, wait_before

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Group"]

_FOREVER = float("inf")
_LONGEST_NAP = 3600.0


@define(eq=False)
class Group:
    """Lanes that can stand in for each other; requests get their turn in the order they came.

    Attributes:
        lanes: The deployments.
        clock: Tells and passes time.
        retry: How often and how patiently a failed request is sent again. A refusal for quota is no failure.
        change: Set when it is worth while to look again whether a request may start.
    """

    lanes: Sequence[Lane]
    clock: Clock
    retry: RetryPolicy
    change: asyncio.Event = field(factory=asyncio.Event, repr=False)
    _queue: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _is_in_line: bool = field(default=False, init=False)
    _least_chosen: dict[int, float] = field(factory=dict, init=False)

    async def carry(self, request: Request, options: CallOptions, deadline: float = _FOREVER) -> Journey:
        """Send a request until an answer is good, trying on does not help, or the deadline would pass.

        A refusal or an outage moves it to another deployment at once, if one is free.

        Args:
            request: What to send.
            options: As for a call of a client; its timeout holds for each attempt.
            deadline: The monotonic second by which there must be an outcome.
        """
        journey = Journey()
        while True:
            turn = self._passing(journey, deadline) or await self._turn(journey, deadline)
            if turn is None:
                return journey.ended(self._too_late(journey))
            lane, departure = turn
            outcome = await self._attempt(lane, departure, request, options, deadline)
            if not isinstance(outcome, AzureOpenAIError):
                return journey.arrived(lane, outcome)
            error = journey.failed(lane, outcome, self.clock.monotonic())
            if not self._goes_on(journey, outcome, deadline):
                return journey.ended(error)
            await self._rest(journey, outcome, deadline)

    def _passing(self, journey: Journey, deadline: float) -> tuple[Lane, Departure] | None:
        # The queue moves up by one in each turn of the loop: who joins it while nobody has to nap keeps it standing.
        if self._queue.locked():
            return None
        now = self.clock.monotonic()
        lane = self._chosen(journey, now) if now < deadline else None
        return None if lane is None or lane.pace.is_shared else (lane, self._begin(lane, now))

    async def _turn(self, journey: Journey, deadline: float) -> tuple[Lane, Departure] | None:
        async with self._queue:
            try:
                while (now := self.clock.monotonic()) < deadline:
                    lane = self._chosen(journey, now)
                    if lane is not None and lane.pace.claim(now):
                        return lane, self._begin(lane, now)
                    wait = self._wait(now)
                    # Any answer that is still to come may let the next request start sooner.
                    if lane is None and now + wait >= deadline and not any(lane.in_flight for lane in self.lanes):
                        return None
                    await self._nap(now, min(wait or _LONGEST_NAP, deadline - now))
            finally:
                self._leave_lines()
        return None

    def _chosen(self, journey: Journey, now: float) -> Lane | None:
        free = self._free(now)
        return free[0] if len(free) == 1 else min(free, key=journey.preference, default=None)

    def _free(self, now: float) -> list[Lane]:
        return self._ready(now) or (self._ready(now, is_last_hope=True) if self._is_last_hope() else [])

    def _ready(self, now: float, *, is_last_hope: bool = False) -> list[Lane]:
        return [
            lane for lane in self.lanes if lane.may_be_asked(now, is_last_hope=is_last_hope) and not lane.pace.wait(now)
        ]

    def _is_last_hope(self) -> bool:
        # Where none is there for us, to wait for one would only hide it.
        return all(lane.health.is_absent for lane in self.lanes)

    def _begin(self, lane: Lane, now: float) -> Departure:
        # A lane that was out of use does not get what it missed all at once.
        lane.chosen = max(lane.chosen, self._least_chosen.get(lane.priority, 0.0))
        self._least_chosen[lane.priority] = lane.chosen
        return lane.begin(now)

    def _wait(self, now: float) -> float:
        # A full lane opens when an answer comes, which rings for the one who waits.
        waits = (0.0 if lane.is_full() else lane.wait(now) for lane in self.lanes)
        return min((wait for wait in waits if wait > 0), default=0.0)

    async def _nap(self, now: float, seconds: float) -> None:
        self.change.clear()
        self._stand_in_lines(now)
        await nap(self.clock, self.change, seconds)

    def _stand_in_lines(self, now: float) -> None:
        self._is_in_line = True
        is_last_hope = self._is_last_hope()
        for lane in self.lanes:
            if lane.may_be_asked(now, is_last_hope=is_last_hope):
                lane.pace.claim(now)
            else:
                lane.pace.leave()

    def _leave_lines(self) -> None:
        if self._is_in_line:
            self._is_in_line = False
            for lane in self.lanes:
                lane.pace.leave()

    async def _attempt(
        self, lane: Lane, departure: Departure, request: Request, options: CallOptions, deadline: float
    ) -> RawResponse[Any] | AzureOpenAIError:
        outcome: RawResponse[Any] | AzureOpenAIError
        try:
            answer = lane.send(request, options)
            outcome = await (answer if deadline == _FOREVER else self._in_time(lane, answer, deadline))
        except AzureOpenAIError as error:
            outcome = error
        except BaseException:
            lane.note_cancelled(departure, self.clock.monotonic())
            raise
        finally:
            self.change.set()
        lane.note(departure, self.clock.monotonic(), outcome)
        return outcome

    async def _in_time(self, lane: Lane, answer: Awaitable[RawResponse[Any]], deadline: float) -> RawResponse[Any]:
        with move_on_after(deadline - self.clock.monotonic()):
            return await answer
        raise APITimeoutError(f"{lane.name} did not answer before the deadline")

    def _goes_on(self, journey: Journey, error: AzureOpenAIError, deadline: float) -> bool:
        if isinstance(error, RateLimitError):
            return any(journey.refused_until.get(lane, 0.0) < deadline for lane in self.lanes)
        if is_not_there(error):
            return any(lane not in journey.failures for lane in self.lanes)
        return is_worth_retrying(error) and journey.retries <= self.retry.max_retries

    async def _rest(self, journey: Journey, error: AzureOpenAIError, deadline: float) -> None:
        now = self.clock.monotonic()
        is_refused = isinstance(error, RateLimitError)
        if is_refused or any(lane not in journey.failures for lane in self._free(now)):
            return
        wait = wait_before(max(1, journey.retries), error, self.retry)
        await self.clock.sleep(max(0.0, min(wait, deadline - now)))

    def _too_late(self, journey: Journey) -> AzureOpenAIError:
        now = self.clock.monotonic()
        wait = min(lane.wait(now) for lane in self.lanes)
        error = journey.error
        if error is None:
            return APITimeoutError(
                f"No deployment is free before the deadline; come back in {wait:.0f} s", retry_after=wait
            )
        if isinstance(error, RateLimitError):
            error.retry_after = max(wait, error.retry_after or 0.0)
        return error
