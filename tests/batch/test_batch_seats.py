"""What is asked of a worker's agent while it sends; here the agent is in the same loop, and the clock stands still."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs import define, field
from batch.batch_tools import PATIENCE, ManualClock, good, named

from aoai_async import ImageGenerationsRequest
from aoai_async.batch.seats import Seat, Sent, WorkerLostError
from aoai_async.transport.settings import CallOptions

TOTAL = 100
ANSWER = good("talk")
PICTURE = ImageGenerationsRequest(prompt="a corgi")


@define(eq=False)
class Answer:
    """What comes of a call to one of Dask's actors: it may be awaited again, and whoever gives up does not spoil it."""

    _value: Any = None
    _is_there: asyncio.Event = field(factory=asyncio.Event)

    def give(self, value: Any) -> None:
        """Let it come."""
        self._value = value
        self._is_there.set()

    def done(self) -> bool:
        """Tell whether it has come."""
        return self._is_there.is_set()

    def __await__(self) -> Generator[Any, None, Any]:
        yield from self._is_there.wait().__await__()
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@define
class Agent:
    """Answers when a test says so."""

    progress: dict[int, Sent] = field(factory=dict)
    loss: type[Exception] | None = None
    questions: int = 0
    options: list[CallOptions] = field(factory=list)
    answers: list[Answer] = field(factory=list)

    def send(self, *told: Any) -> Answer:
        """Begin to send."""
        self.options.append(told[-1])
        self.answers.append(Answer())
        return self.answers[-1]

    def send_watched(self, *told: Any) -> Answer:
        """Begin to send, and count."""
        return self.send(*told)

    async def sent(self) -> dict[int, Sent]:
        """Tell how far everything is."""
        self.questions += 1
        if self.loss is not None:
            raise self.loss
        return self.progress


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def seat(agent: Agent, clock: ManualClock) -> Seat:
    return Seat("tcp://worker", agent, clock, every=0.001)


def sending(seat: Seat, on_progress: Any = None, request: Any = None) -> "asyncio.Task[Any]":
    options = CallOptions(on_progress=on_progress, headers={"x": "y"})
    return asyncio.create_task(seat.send(0, request or named("talk").request, options))


async def has_come(condition: Callable[[], object]) -> None:
    with anyio.fail_after(PATIENCE):
        while not condition():
            await checkpoint()


async def test_many_uploads_are_asked_for_at_once(seat: Seat, agent: Agent, clock: ManualClock) -> None:
    """Within a moment a worker is asked once, however many uploads it has, and each caller hears of its own."""
    seen: list[list[int]] = [[] for _ in range(20)]
    uploads = [sending(seat, lambda sent, _, steps=steps: steps.append(sent)) for steps in seen]
    agent.progress = {ticket: (ticket, TOTAL) for ticket in range(20)}
    await has_come(lambda: all(seen))
    assert agent.questions == 1
    agent.progress = {ticket: (ticket + 1, TOTAL) for ticket in range(20)}
    clock.now += seat.every
    await has_come(lambda: all(len(steps) == 2 for steps in seen))
    assert agent.questions == 2
    for answer in agent.answers:
        answer.give((ANSWER, (TOTAL, TOTAL)))
    assert await asyncio.gather(*uploads) == [ANSWER] * 20
    assert seen == [[ticket, ticket + 1, TOTAL] for ticket in range(20)]


async def test_nobody_asks_about_a_recording_that_is_sent(seat: Seat, agent: Agent, clock: ManualClock) -> None:
    """While the service thinks, the worker is left alone, and what was told is not told again."""
    seen: list[Sent] = []
    upload = sending(seat, lambda *sent: seen.append(sent))
    agent.progress = {0: (TOTAL, TOTAL)}
    await has_come(lambda: seen)
    for _ in range(20):
        clock.now += seat.every
        await asyncio.sleep(seat.every)
    assert agent.questions == 1
    agent.answers[0].give((ANSWER, (TOTAL, TOTAL)))
    assert await upload is ANSWER
    assert seen == [(TOTAL, TOTAL)]


async def test_who_does_not_watch_pays_nothing(seat: Seat, agent: Agent) -> None:
    """Without a function nothing is asked or counted, and the options go as they are."""
    upload = sending(seat)
    await has_come(lambda: agent.answers)
    agent.answers[0].give(ANSWER)
    assert await upload is ANSWER
    assert agent.questions == 0
    assert agent.options == [CallOptions(headers={"x": "y"})]


async def test_a_picture_has_no_upload(seat: Seat, agent: Agent) -> None:
    """The function stays here, and nothing is asked."""
    picture = sending(seat, print, PICTURE)
    await has_come(lambda: agent.answers)
    for _ in range(20):
        await asyncio.sleep(seat.every)
    agent.answers[0].give((ANSWER, None))
    assert await picture is ANSWER
    assert agent.questions == 0
    assert agent.options == [CallOptions(headers={"x": "y"})]


@pytest.mark.parametrize("loss", [OSError, RuntimeError])
async def test_a_question_that_is_lost_does_not_matter(seat: Seat, agent: Agent, loss: type[Exception]) -> None:
    """Only the answer tells whether the worker is there: a request is not sent twice for want of news."""
    agent.loss = loss
    seen: list[Sent] = []
    upload = sending(seat, lambda *sent: seen.append(sent))
    await has_come(lambda: agent.questions)
    agent.answers[0].give((ANSWER, (TOTAL, TOTAL)))
    assert await upload is ANSWER
    assert seen == [(TOTAL, TOTAL)]


@pytest.mark.parametrize("loss", [OSError, RuntimeError])
@pytest.mark.parametrize("on_progress", [None, print])
async def test_a_worker_that_is_lost(seat: Seat, agent: Agent, loss: type[Exception], on_progress: Any) -> None:
    """It is told as such, watched or not."""
    upload = sending(seat, on_progress)
    await has_come(lambda: agent.answers)
    agent.answers[0].give(loss("gone"))
    with pytest.raises(WorkerLostError):
        await upload


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("error", [OSError, RuntimeError, KeyError])
async def test_the_callers_own_error_is_no_loss(
    seat: Seat, agent: Agent, error: type[Exception], is_first: bool
) -> None:
    """What the function raises is raised as it is, on the way or in the end."""

    def fail(_: int, __: int) -> None:
        raise error("mine")

    upload = sending(seat, fail)
    await has_come(lambda: agent.answers)
    if is_first:
        agent.progress = {0: (1, TOTAL)}
    else:
        agent.answers[0].give((ANSWER, (TOTAL, TOTAL)))
    with pytest.raises(error, match="mine"), anyio.fail_after(PATIENCE):
        await upload
