"""Who is asked when, and whether again: lanes without a network, on a clock moved by hand."""

import asyncio
from collections import Counter
from typing import Any

import anyio
import pytest
from attrs import define, field
from batch.batch_tools import (
    PATIENCE,
    ManualClock,
    PlainPace,
    Service,
    broken,
    good,
    group_of,
    lane_to,
    named,
    refused,
    settle,
)

from aoai_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    AzureOpenAIError,
    BadRequestError,
    ContentFilteredError,
    CredentialError,
    InternalServerError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnexpectedAnswerError,
    UploadSourceError,
)
from aoai_async.batch.dispatch import Group
from aoai_async.batch.journey import Journey
from aoai_async.transport.settings import CallOptions


@define
class Script:
    """Gives one behaviour after the other, and then good answers."""

    turns: list[Any] = field(factory=list)

    def __call__(self, name: str) -> Any:
        """Return what is next."""
        return self.turns.pop(0) if self.turns else good(name)


def scripted(*turns: Any) -> Service:
    return Service(Script(list(turns)))


async def carry(group: Group, name: object = "job", deadline: float = float("inf")) -> Journey:
    with anyio.fail_after(PATIENCE):
        return await group.carry(named(name).request, CallOptions(), deadline)


def error_in(journey: Journey) -> AzureOpenAIError:
    assert isinstance(journey.outcome, AzureOpenAIError)
    return journey.outcome


async def test_a_good_answer(clock: ManualClock) -> None:
    """One attempt, of the one deployment, with the answer as it came."""
    service = scripted()
    journey = await carry(group_of(clock, lane_to(service, "a")))
    assert (journey.unwrap().parse().text, journey.attempts, journey.deployment) == ("job", 1, "a")
    assert journey.unwrap().retries_taken == 0
    assert clock.waits == []


@pytest.mark.parametrize("failure", [refused(60), broken(), broken(500), APIConnectionError("lost")])
async def test_moves_to_the_next_deployment_at_once(clock: ManualClock, failure: APIError) -> None:
    """A refusal or an outage sends the request to another deployment, and no time passes."""
    first, second = scripted(failure), scripted()
    journey = await carry(group_of(clock, lane_to(first, "a"), lane_to(second, "b", priority=1)))
    assert (journey.attempts, journey.deployment) == (2, "b")
    assert journey.unwrap().retries_taken == 1
    assert (len(first.asked), len(second.asked)) == (1, 1)
    assert clock.waits == []


@pytest.mark.parametrize(
    "failure",
    [
        AuthenticationError("wrong key", status_code=401),
        PermissionDeniedError("network rules", status_code=403),
        NotFoundError("no such deployment", status_code=404),
        CredentialError("no token"),
    ],
)
async def test_moves_on_from_a_deployment_that_is_not_there(clock: ManualClock, failure: AzureOpenAIError) -> None:
    """What only one deployment answers so sends the request on; the deployment is left alone then."""
    first, second = Service(lambda _: failure), scripted()
    group = group_of(clock, lane_to(first, "a"), lane_to(second, "b", priority=1))
    for name in range(5):
        assert (await carry(group, name)).deployment == "b"
    assert (len(first.asked), len(second.asked)) == (1, 5)


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (BadRequestError("no", status_code=400), 1),
        (ContentFilteredError("no", status_code=400), 1),
        (UnexpectedAnswerError("a page", status_code=200), 1),
        (InvalidInputError("no file"), 0),
        (UploadSourceError("changed"), 0),
    ],
)
async def test_what_no_other_deployment_would_answer_otherwise_is_final(
    clock: ManualClock, failure: AzureOpenAIError, attempts: int
) -> None:
    """A refusal of the request itself, and what was never sent, ends it at once; attempts count what was sent."""
    first, second = Service(lambda _: failure), scripted()
    journey = await carry(group_of(clock, lane_to(first, "a"), lane_to(second, "b")))
    assert error_in(journey) is failure
    assert (journey.attempts, failure.attempts, second.asked) == (attempts, attempts, [])
    assert journey.deployment == ("a" if attempts else None)


async def test_a_refusal_is_waited_out(clock: ManualClock, running: ManualClock) -> None:
    """With one deployment, a 429 is no failure: the request waits as long as told, however often."""
    begun = clock.now
    service = scripted(*[refused(10) for _ in range(20)])
    journey = await carry(group_of(clock, lane_to(service), retries=0))
    assert (journey.attempts, len(service.asked)) == (21, 21)
    assert clock.now - begun == 200


async def test_a_refusal_pauses_the_deployment_for_everybody(clock: ManualClock) -> None:
    """While it is paused nobody else asks it; those who waited go in the order they came."""
    service = scripted(refused(10))
    group = group_of(clock, lane_to(service))
    calls = [asyncio.create_task(carry(group, "a"))]
    await clock.someone_sleeps()
    calls += [asyncio.create_task(carry(group, name)) for name in "bcd"]
    await settle()
    assert service.asked == ["a"]
    await clock.advance(9.75)
    assert service.asked == ["a"]
    await clock.advance(0.25)
    assert [(await call).attempts for call in calls] == [2, 1, 1, 1]
    assert service.asked == ["a", "a", "b", "c", "d"]


async def test_failures_are_retried_so_often(clock: ManualClock, running: ManualClock) -> None:
    """One deployment is asked once and as many times more as the policy says, with growing waits; the last error."""
    begun = clock.now
    service = Service(lambda _: broken())
    journey = await carry(group_of(clock, lane_to(service), retries=3))
    assert error_in(journey).attempts == journey.attempts == len(service.asked) == 4
    assert clock.now - begun == pytest.approx(0.5 + 1 + 2)


async def test_ends_with_the_last_error_when_all_fail(clock: ManualClock, running: ManualClock) -> None:
    """When every deployment fails, the request has been to each of them, and the last one's error is its outcome."""
    services = [Service(lambda _, n=n: broken(500 + n)) for n in (0, 2, 3)]  # type: ignore[misc]
    lanes = [lane_to(service, str(number)) for number, service in enumerate(services)]
    journey = await carry(group_of(clock, *lanes, retries=2))
    assert [len(service.asked) for service in services] == [1, 1, 1]
    assert error_in(journey).attempts == 3
    assert isinstance(error_in(journey), InternalServerError)
    assert error_in(journey).status_code == 503  # type: ignore[attr-defined]


async def test_ends_when_no_deployment_is_there(clock: ManualClock) -> None:
    """When each says that it is not there, the request ends with the last error, and the next one as fast."""
    first = Service(lambda _: AuthenticationError("wrong key", status_code=401))
    second = Service(lambda _: NotFoundError("no such deployment", status_code=404))
    group = group_of(clock, lane_to(first, "a"), lane_to(second, "b"))
    for number in range(1, 30):
        journey = await carry(group, number)
        assert isinstance(error_in(journey), AuthenticationError | NotFoundError)
        assert (len(first.asked), len(second.asked)) == (number, number)
    assert clock.waits == []


async def test_priorities_come_first(clock: ManualClock) -> None:
    """A deployment of a higher number is used only while those of a lower one are busy; then they again."""
    gate = asyncio.Event()

    async def slow(name: str) -> Any:
        await gate.wait()
        return good(name)

    near, far = Service(slow), scripted()
    group = group_of(clock, lane_to(far, "far", priority=2), lane_to(near, "near", priority=1, places=1))
    first = asyncio.create_task(carry(group, 0))
    await settle()
    assert [(await carry(group, number)).deployment for number in range(3)] == ["far"] * 3
    gate.set()
    assert (await first).deployment == "near"
    assert [(await carry(group, number)).deployment for number in range(3)] == ["near"] * 3


async def test_weights_share_within_a_priority(clock: ManualClock) -> None:
    """Over many requests each deployment of a priority gets its weight's share, to within one request."""
    services = {weight: Service() for weight in (1.0, 2.0, 5.0)}
    spare = Service()
    lanes = [lane_to(service, weight=weight) for weight, service in services.items()]
    group = group_of(clock, lane_to(spare, priority=1, weight=100.0), *lanes)
    for number in range(800):
        await carry(group, number)
    assert {weight: len(service.asked) for weight, service in services.items()} == {
        weight: pytest.approx(100 * weight, abs=1) for weight in services
    }
    assert spare.asked == []


async def test_a_deployment_that_comes_back_gets_its_share_and_no_more(clock: ManualClock) -> None:
    """After an outage the requests are shared evenly again; what it missed is not made up for."""
    back, steady = Service(lambda _: NotFoundError("gone", status_code=404)), Service()
    group = group_of(clock, lane_to(back, "back"), lane_to(steady, "steady"))
    for number in range(500):
        await carry(group, number)
    back.behave = good
    await clock.advance(60)
    counts = Counter([(await carry(group, number)).deployment for number in range(100)])
    assert counts["back"] == pytest.approx(50, abs=2)


async def test_no_deployment_has_more_than_its_places(clock: ManualClock) -> None:
    """Each takes as many at once as its places and no more; whoever waits goes when one of them answers."""
    meeting = asyncio.Barrier(5)

    async def slow(name: str) -> Any:
        await meeting.wait()
        return good(name)

    small, large = Service(slow), Service(slow)
    group = group_of(clock, lane_to(small, places=2), lane_to(large, places=3))
    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*(carry(group, number) for number in range(50)))
    assert (small.peak, large.peak) == (2, 3)


async def test_a_broken_deployment_is_left_alone_and_probed(clock: ManualClock) -> None:
    """After three failures it is not asked; after the rest exactly one request goes there, and the others pass by."""
    gate = asyncio.Event()

    async def mends(name: str) -> Any:
        await gate.wait()
        return good(name)

    weak, steady = scripted(*[broken() for _ in range(3)]), Service()
    group = group_of(clock, lane_to(weak, "weak"), lane_to(steady, "steady", priority=1))
    for number in range(20):
        assert (await carry(group, number)).deployment == "steady"
    assert len(weak.asked) == 3
    weak.behave = mends
    await clock.advance(0.99)
    await carry(group)
    assert len(weak.asked) == 3
    await clock.advance(0.01)
    calls = [asyncio.create_task(carry(group, number)) for number in range(8)]
    await settle()
    assert len(weak.asked) == 4
    assert [(await call).deployment for call in calls[1:]] == ["steady"] * 7
    gate.set()
    assert (await calls[0]).deployment == "weak"
    assert (await carry(group)).deployment == "weak"


async def test_a_probe_that_fails_moves_on_and_the_rest_doubles(clock: ManualClock) -> None:
    """The request that finds the deployment still broken is answered by another, and the next probe is later."""
    weak, steady = Service(lambda _: broken()), Service()
    group = group_of(clock, lane_to(weak, "weak"), lane_to(steady, "steady", priority=1))
    for number in range(10):
        await carry(group, number)
    for asked, rest in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=3):
        assert len(weak.asked) == asked
        await clock.advance(rest - 0.01)
        assert (await carry(group)).attempts == 1
        await clock.advance(0.01)
        assert (await carry(group)).attempts == 2


async def test_an_error_of_our_own_says_nothing_of_the_deployment(clock: ManualClock) -> None:
    """A missing file neither breaks a deployment nor mends a broken one."""
    own = InvalidInputError("There is no file 'x.mp3'")
    service = scripted(own, own, own, own)
    lane = lane_to(service)
    group = group_of(clock, lane)
    for number in range(4):
        await carry(group, number)
    assert lane.wait(clock.now) == 0
    service.behave = Script([NotFoundError("gone", status_code=404), own])
    group = group_of(clock, lane, lane_to(Service(), priority=1))
    await carry(group)
    await clock.advance(1)
    await carry(group)
    assert lane.health.is_absent


async def test_a_stream_that_is_spent_ends_with_the_services_error(clock: ManualClock) -> None:
    """When a request cannot be sent again, its outcome is why the service failed, with a note on the reason."""
    service = scripted(broken())
    spent = scripted(UploadSourceError("The stream is spent"))
    journey = await carry(group_of(clock, lane_to(service, "a"), lane_to(spent, "b", priority=1)))
    assert isinstance(error_in(journey), InternalServerError)
    assert "The stream is spent" in error_in(journey).__notes__[0]
    assert (journey.attempts, journey.deployment) == (1, "a")


async def test_a_wait_beyond_the_deadline_is_a_failure_at_once(clock: ManualClock) -> None:
    """Who would have to wait beyond the deadline is told at once, and when to come back; those behind it too."""
    service = scripted(refused(600))
    group = group_of(clock, lane_to(service, "a"))
    journey = await carry(group, deadline=clock.now + 60)
    error = error_in(journey)
    assert isinstance(error, RateLimitError)
    assert (error.retry_after, error.attempts, journey.deployment) == (600, 1, "a")
    await clock.advance(10)
    journey = await carry(group, deadline=clock.now + 50)
    error = error_in(journey)
    assert isinstance(error, APITimeoutError)
    assert (error.retry_after, error.attempts, journey.deployment) == (590, 0, None)
    assert "590 s" in error.message


async def test_a_day_is_too_long_even_if_the_pace_doubts_it(clock: ManualClock) -> None:
    """Where every deployment says to come back after the deadline, the request ends at once, and says so too."""
    first, second = Service(lambda _: refused(7200)), Service(lambda _: refused(3600))
    lanes = [lane_to(first, "a", pace=Doubtful()), lane_to(second, "b", pace=Doubtful())]
    journey = await carry(group_of(clock, *lanes), deadline=clock.now + 600)
    assert (error_in(journey).retry_after, journey.attempts) == (3600, 2)  # type: ignore[attr-defined]
    assert clock.waits == []
    second.behave = Script([refused(3600)])
    journey = await carry(group_of(clock, *lanes))
    assert journey.deployment == "b"


class Doubtful(PlainPace):
    """A pace that takes no refusal seriously."""

    def wait(self, _now: float) -> float:
        """Return 0."""
        return 0.0


async def test_waits_for_answers_that_may_open_the_way(clock: ManualClock) -> None:
    """While a request is in flight whose answer may let others start, these wait for it though the pace knows no time.

    A pace that has nothing to go by lets one request go first, and says to ask again in a minute.
    """
    gate = asyncio.Event()

    async def slow(name: str) -> Any:
        await gate.wait()
        pace.free_at = 0.0
        return good(name)

    pace = PlainPace()
    group = group_of(clock, lane_to(Service(slow), pace=pace))
    first = asyncio.create_task(carry(group, deadline=clock.now + 30))
    await settle()
    pace.free_at = clock.now + 60
    others = [asyncio.create_task(carry(group, number, deadline=clock.now + 30)) for number in range(3)]
    await settle()
    await clock.advance(20)
    gate.set()
    assert [(await call).attempts for call in (first, *others)] == [1, 1, 1, 1]


async def test_an_answer_that_never_comes_is_cut_off_at_the_deadline(clock: ManualClock) -> None:
    """A request in flight when the deadline comes is given up, and those that waited for it as well."""

    async def never(_: str) -> Any:
        await asyncio.Event().wait()

    group = group_of(clock, lane_to(Service(never), places=1))
    calls = [asyncio.create_task(carry(group, number, deadline=clock.now + 0.01)) for number in range(3)]
    await settle()
    await clock.advance(0.01)
    assert [type(error_in(await call)) for call in calls] == [APITimeoutError] * 3


async def test_nothing_is_sent_after_the_deadline(clock: ManualClock) -> None:
    """When the deadline has passed nobody is asked, though all are free."""
    service = Service()
    journey = await carry(group_of(clock, lane_to(service)), deadline=clock.now)
    assert isinstance(error_in(journey), APITimeoutError)
    assert (journey.attempts, service.asked) == (0, [])


async def test_a_back_off_does_not_outlast_the_deadline(clock: ManualClock, running: ManualClock) -> None:
    """A failure whose back-off would end after the deadline is the outcome when the deadline comes, not later."""
    begun = clock.now
    journey = await carry(group_of(clock, lane_to(Service(lambda _: broken())), retries=50), deadline=begun + 5)
    assert isinstance(error_in(journey), InternalServerError)
    assert clock.now - begun <= 5


async def test_cancelling_gives_the_place_back(clock: ManualClock) -> None:
    """Callers that are cancelled, while they are served or while they wait, take nothing with them."""

    async def never(_: str) -> Any:
        await asyncio.Event().wait()

    service = Service(never)
    pace = PlainPace()
    lane = lane_to(service, places=1, pace=pace)
    group = group_of(clock, lane)
    calls = [asyncio.create_task(carry(group, number)) for number in range(3)]
    await settle()
    for call in (calls[1], calls[0], calls[2]):
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    await settle()
    assert (lane.in_flight, clock.waits) == (0, [])
    assert pace.noted == ["failed"] * pace.starts
    service.behave = good
    assert (await carry(group)).attempts == 1


async def test_the_pace_is_told_of_everything_once(clock: ManualClock, running: ManualClock) -> None:
    """Each request that started is told of once: succeeded, failed or refused."""
    pace = PlainPace()
    service = scripted(good(), refused(), broken(), BadRequestError("no", status_code=400), broken(), good())
    group = group_of(clock, lane_to(service, pace=pace))
    for number in range(3):
        await carry(group, number)
    assert pace.noted == ["succeeded", "refused", "failed", "failed", "failed", "succeeded"]
    assert pace.starts == 6
