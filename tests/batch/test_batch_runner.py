"""The runner: what is taken when, what comes back, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
from batch.batch_tools import (
    DATA,
    PATIENCE,
    ManualClock,
    Service,
    drain,
    files_are_closed,
    good,
    lane_to,
    lines_of,
    named,
    names_in,
    open_files,
    pool_of,
    refused,
    settle,
    tasks_are_gone,
)
from batch.conftest import MakeClient

from aoai_async import (
    APITimeoutError,
    AsyncAzureOpenAI,
    AudioResponse,
    BadRequestError,
    ConfigurationError,
    ContentFilteredError,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    GenerateImagesResponse,
    ImageGenerationsRequest,
    InternalServerError,
    InvalidInputError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
)
from aoai_async.batch.jobs import Job, Outcome
from aoai_async.batch.progress import Progress
from aoai_async.batch.runner import BatchRunner, Jobs
from aoai_async.emulator import AzureOpenAIEmulator, Fault, Quota

NO = BadRequestError("no", status_code=400)


def runner_on(clock: ManualClock, service: Service, **options: Any) -> BatchRunner:
    return BatchRunner(pool_of(clock, lane_to(service)), **options)


async def all_of(runner: BatchRunner, jobs: Jobs, **options: Any) -> list[Outcome]:
    with anyio.fail_after(PATIENCE):
        return [outcome async for outcome in runner.run(jobs, **options)]


class Gates:
    """Answers come when the test lets them."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Event] = {}

    def __getitem__(self, name: object) -> asyncio.Event:
        return self._gates.setdefault(str(name), asyncio.Event())

    async def __call__(self, name: str) -> Any:
        """Answer, once the gate is open."""
        await self[name].wait()
        return good(name)


# What comes back


async def test_all_operations_of_the_service(client: AsyncAzureOpenAI, recording: Path) -> None:
    """Transcriptions, translations and pictures, each sent to the deployment that its request names."""
    requests = [
        CreateTranscriptionRequest(file=recording, model="whisper"),
        CreateTranslationRequest(file=("a.mp3", DATA), response_format="srt"),
        ImageGenerationsRequest(prompt="a corgi", model="dall-e-3"),
        CreateTranscriptionRequest(file=recording, model="whisper", response_format="verbose_json"),
    ]
    outcomes = await BatchRunner(client, max_concurrency=2).gather(requests)
    assert [type(outcome.result).__name__ for outcome in outcomes] == [
        "AudioResponse",
        "TextAnswer",
        "GenerateImagesResponse",
        "AudioVerboseResponse",
    ]
    assert [outcome.request for outcome in outcomes] == requests
    assert [outcome.id for outcome in outcomes] == ["0", "1", "2", "3"]
    assert {(outcome.attempts, outcome.is_done, outcome.is_from_journal) for outcome in outcomes} == {(1, True, False)}
    names = ["whisper", "whisper", "dall-e-3", "whisper"]
    assert [outcome.deployment for outcome in outcomes] == [f"{client.host}/{name}" for name in names]


async def test_pictures_can_be_saved(client: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A picture of a batch can be read and saved like one of a call."""
    [outcome] = await BatchRunner(client).gather([ImageGenerationsRequest(prompt="a corgi", model="dall-e-3")])
    answer: GenerateImagesResponse = outcome.unwrap()
    assert (await answer.data[0].save(tmp_path / "corgi")).name == "corgi.png"


async def test_a_failure_is_a_value(clock: ManualClock) -> None:
    """A job that fails has an outcome like any other: which one it was, what it asked, why, how often, by whom."""
    service = Service(lambda name: NO if name == "1" else good(name))
    outcomes = await runner_on(clock, service).gather([named(number) for number in range(3)])
    assert [outcome.is_done for outcome in outcomes] == [True, False, True]
    failed = outcomes[1]
    assert (failed.id, failed.index, failed.error, failed.attempts, failed.deployment) == ("1", 1, NO, 1, "here")
    assert failed.request.prompt == "1"
    assert failed.result is None
    with pytest.raises(BadRequestError):
        failed.unwrap()
    assert outcomes[0].unwrap() == AudioResponse(text="0")


async def test_a_job_that_cannot_be_sent_is_a_value(client: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A missing file fails its own job only, and was never sent."""
    jobs = [CreateTranscriptionRequest(file=tmp_path / "none.mp3"), named("b")]
    lost, fine = await BatchRunner(client).gather(jobs)
    assert isinstance(lost.error, InvalidInputError)
    assert (lost.attempts, lost.deployment, lost.error.attempts) == (0, None, 0)
    assert fine.is_done


async def test_outcomes_come_as_they_finish(clock: ManualClock) -> None:
    """The outcome that is there first comes first, whatever the order of the jobs."""
    gates = Gates()
    async with aclosing(runner_on(clock, Service(gates)).run([named(number) for number in range(4)])) as outcomes:
        for number in (2, 0, 3, 1):
            gates[number].set()
            with anyio.fail_after(PATIENCE):
                assert (await anext(outcomes)).id == str(number)


async def test_outcomes_in_order(clock: ManualClock) -> None:
    """With `ordered` they come in the order of their jobs, whatever the order they end in."""
    gates = Gates()
    jobs = [named(number) for number in range(8)]
    collecting = asyncio.create_task(all_of(runner_on(clock, Service(gates)), jobs, ordered=True))
    for number in (7, 3, 5, 1, 0, 6, 2, 4):
        await settle()
        gates[number].set()
    assert [outcome.index for outcome in await collecting] == list(range(8))


async def test_order_has_a_bounded_buffer(clock: ManualClock) -> None:
    """While the first job is not done, jobs run ahead by four times the concurrency, and there they stop."""
    gates = Gates()
    service = Service(lambda name: gates(name) if name == "0" else good(name))
    drawn: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(200):
            drawn.append(number)
            yield named(number)

    collecting = asyncio.create_task(all_of(runner_on(clock, service, max_concurrency=3), jobs(), ordered=True))
    await settle()
    await settle()
    assert len(drawn) == 12
    gates[0].set()
    assert [outcome.index for outcome in await collecting] == list(range(200))


async def test_gather_no_jobs(clock: ManualClock) -> None:
    """No jobs are no outcomes, and not an error."""
    assert await runner_on(clock, Service()).gather([]) == []


# What is taken, and when


@pytest.mark.parametrize("kind", ["iterable", "async iterable", "async generator"])
async def test_jobs_are_taken_one_by_one(clock: ManualClock, kind: str) -> None:
    """A job is drawn only when a place is free for it: at no draw are as many in flight as there are places."""
    service = Service(lambda name: _after_a_while(name))
    at_draw: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(50):
            at_draw.append(runner.progress.in_flight)
            yield named(number)

    class Jobs:
        def __init__(self) -> None:
            self._jobs = jobs()

        def __aiter__(self) -> AsyncIterator[Job]:
            return self

        async def __anext__(self) -> Job:
            await settle()
            for job in self._jobs:
                return job
            raise StopAsyncIteration

    async def generated() -> AsyncGenerator[Job, None]:
        for job in jobs():
            await settle()
            yield job

    runner = runner_on(clock, service, max_concurrency=4)
    sources: dict[str, Any] = {"iterable": jobs, "async iterable": Jobs, "async generator": generated}
    assert len(await all_of(runner, sources[kind]())) == 50
    assert len(at_draw) == 50
    assert max(at_draw) <= 3
    assert runner.progress.in_flight == 0


async def _after_a_while(name: str) -> Any:
    await settle()
    return good(name)


@pytest.mark.parametrize("size", [1, 3, 16])
async def test_exactly_so_many_are_in_flight(clock: ManualClock, size: int) -> None:
    """As many requests as max_concurrency says meet at a barrier, and never are there more."""
    meeting = asyncio.Barrier(size)

    async def meet(name: str) -> Any:
        await meeting.wait()
        return good(name)

    service = Service(meet)
    outcomes = await all_of(
        runner_on(clock, service, max_concurrency=size), (named(number) for number in range(4 * size))
    )
    assert len(outcomes) == 4 * size
    assert service.peak == size


async def test_jobs_and_requests_may_be_mixed(clock: ManualClock) -> None:
    """A job has its own id; a request is called by its number."""
    jobs = [named("mine"), named("other").request]
    assert [outcome.id for outcome in await runner_on(clock, Service()).gather(jobs)] == ["mine", "1"]


@pytest.mark.parametrize("odd", ["talk.mp3", None, 7, Job("talk.mp3")])  # type: ignore[arg-type]
async def test_something_that_is_no_job(clock: ManualClock, odd: Any) -> None:
    """What is no job is refused by name; what was drawn before it is still done and handed over."""
    seen: list[Outcome] = []
    with pytest.raises(InvalidInputError, match="is no job"):
        await drain(runner_on(clock, Service(_after_a_while)).run([named("a"), odd, named("b")]), seen)
    assert [outcome.id for outcome in seen] == ["a"]


@pytest.mark.parametrize("name", ["", 7, "a\udcff"])
def test_something_that_is_no_id(name: Any) -> None:
    """An id must be a text that can be written."""
    with pytest.raises(InvalidInputError, match="id"):
        Job(named("a").request, id=name)


@pytest.mark.parametrize("ordered", [False, True])
async def test_what_the_iterable_raises(clock: ManualClock, *, ordered: bool) -> None:
    """The iterable's own error is raised as it is, after the outcomes of the jobs before it."""

    def jobs() -> Iterator[Job]:
        yield from (named(number) for number in range(3))
        raise LookupError("a hole in the list")

    seen: list[Outcome] = []
    with pytest.raises(LookupError, match="a hole"):
        await drain(runner_on(clock, Service(_after_a_while)).run(jobs(), ordered=ordered), seen)
    assert sorted(outcome.index for outcome in seen) == [0, 1, 2]


async def test_an_async_generator_of_jobs_is_closed(clock: ManualClock) -> None:
    """A generator that reads its jobs from somewhere can close that, however the batch ends."""
    closed: list[str] = []

    async def jobs(name: str) -> AsyncGenerator[Job, None]:
        try:
            for number in range(100):
                yield named(number)
        finally:
            await settle()
            closed.append(name)

    runner = runner_on(clock, Service(), max_concurrency=2)
    await all_of(runner, jobs("to its end"))
    async with aclosing(runner.run(jobs("left early"))) as outcomes:
        await anext(outcomes)
    runner = runner_on(clock, Service(lambda _: NO), max_concurrency=2)
    await all_of(runner, jobs("stopped"), stop_on=1)
    assert closed == ["to its end", "left early", "stopped"]


# How it ends


@pytest.mark.parametrize(("stop_on", "done"), [(1, 3), (2, 6), (50, 50)])
async def test_stop_on_failures(clock: ManualClock, stop_on: int, done: int) -> None:
    """After so many failures no more jobs are drawn; one at a time, that is the job that failed."""
    service = Service(lambda name: NO if int(name) % 3 == 2 else good(name))
    runner = runner_on(clock, service, max_concurrency=1)
    outcomes = await runner.gather((named(number) for number in range(50)), stop_on=stop_on)
    assert len(outcomes) == len(service.asked) == done


async def test_stop_on_sees_through_what_is_in_flight(clock: ManualClock) -> None:
    """When a failure stops the batch, what is in flight still ends and has its outcome."""
    gates = Gates()
    service = Service(lambda name: NO if name == "3" else gates(name))
    collecting = asyncio.create_task(
        all_of(runner_on(clock, service, max_concurrency=4), (named(number) for number in range(50)), stop_on=1)
    )
    await settle()
    for number in range(50):
        gates[number].set()
    assert sorted(outcome.index for outcome in await collecting) == [0, 1, 2, 3]


async def test_two_runs_of_one_runner_do_not_mix(clock: ManualClock) -> None:
    """The failures of one run do not stop another one that goes on at the same time."""
    service = Service(lambda name: NO if name.startswith("bad") else _after_a_while(name))
    runner = runner_on(clock, service, max_concurrency=2)
    fine, bad = await asyncio.gather(
        runner.gather([named(number) for number in range(20)], stop_on=1),
        runner.gather([named(f"bad {number}") for number in range(20)], stop_on=3),
    )
    assert len(fine) == 20
    assert len(bad) in (3, 4)


async def _run_on_emulator(runner: BatchRunner, how: str, recording: Path) -> None:
    jobs = (CreateTranscriptionRequest(file=recording, prompt=str(number)) for number in range(1000))
    if how == "break":
        async for _ in runner.run(jobs):
            break
    elif how == "aclosing":
        async with aclosing(runner.run(jobs)) as outcomes:
            await anext(outcomes)
    else:
        seen = asyncio.Event()
        runner._on_progress = lambda _: seen.set()
        task = asyncio.create_task(all_of(runner, jobs, ordered=how == "cancelled in order"))
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("how", ["break", "aclosing", "cancelled", "cancelled in order"])
async def test_leaving_early_leaves_nothing(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, tmp_path: Path, how: str
) -> None:
    """However a batch is left, no task, no file and no lock stays behind, and its journal says what is done."""
    await client.audio.transcriptions.create(file=recording)  # opens what stays open
    tasks, files = asyncio.all_tasks(), await open_files()
    journal = tmp_path / "night.jsonl"
    await _run_on_emulator(BatchRunner(client, max_concurrency=4, journal=journal), how, recording)
    await tasks_are_gone(tasks | _of_the_emulator())
    await files_are_closed(files)
    ids = [line["id"] for line in await lines_of(journal)]
    assert 1 <= len(ids) == len(set(ids)) < 100
    emulator.clear_requests()
    again = BatchRunner(client, max_concurrency=4, journal=journal)
    first = [CreateTranscriptionRequest(file=recording, prompt=str(number)) for number in range(12)]
    outcomes = await again.gather(first)
    assert sum(outcome.is_from_journal for outcome in outcomes) == 12 - len(emulator.requests) >= 1


def _of_the_emulator() -> set["asyncio.Task[Any]"]:
    return {task for task in asyncio.all_tasks() if "RequestHandler" in repr(task.get_coro())}


async def test_aclosing_is_over_when_it_returns(clock: ManualClock) -> None:
    """With `aclosing`, everything is cancelled and gone by the time the block ends."""
    gates = Gates()
    service = Service(lambda name: good(name) if name == "0" else gates(name))
    before = asyncio.all_tasks()
    async with aclosing(runner_on(clock, service).run(named(number) for number in range(100))) as outcomes:
        await anext(outcomes)
    assert (service.at_once, asyncio.all_tasks()) == (0, before)


# Quota, retries and time


async def test_the_clients_retries_and_ours_do_not_multiply(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: ManualClock, running: ManualClock
) -> None:
    """A job whose service is out of order is sent as often as the batch's policy says, whatever the client's says."""
    emulator.set_faults([Fault(status=503)] * 50)
    patient = client.with_options(max_retries=7)
    runner = BatchRunner(patient, retry=RetryPolicy(max_retries=3, jitter=lambda: 1.0), jitter=lambda: 1.0)
    [outcome] = await runner.gather([named("a")])
    assert isinstance(outcome.error, InternalServerError)
    assert outcome.attempts == outcome.error.attempts == len(emulator.requests) == 4


async def test_the_content_filter_is_asked_once(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A prompt that the content filter stops is never sent again."""
    request = ImageGenerationsRequest(prompt="forbidden-content", model="dall-e-3")
    [outcome] = await BatchRunner(client).gather([request])
    assert isinstance(outcome.error, ContentFilteredError)
    assert (outcome.attempts, len(emulator.requests)) == (1, 1)


async def test_a_quota_that_was_not_told_loses_no_job(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: ManualClock, running: ManualClock
) -> None:
    """Eight jobs and a quota of four in thirty seconds: all are done, each once, and few are refused."""
    begun = clock.now
    emulator.set_quota("whisper", Quota(4, 30))
    outcomes = await BatchRunner(client, max_concurrency=8).gather([named(number) for number in range(8)])
    assert all(outcome.is_done for outcome in outcomes)
    done = [request for request in emulator.requests if request.status == 200]
    assert sorted(names_in(done)) == [str(number) for number in range(8)]
    assert clock.now - begun >= 30
    assert sum(outcome.attempts for outcome in outcomes) == len(emulator.requests) <= 12


async def test_a_refusal_pauses_the_deployment(clock: ManualClock, running: ManualClock) -> None:
    """From a 429 until the time it named nobody asks, however many jobs wait."""
    asked: list[float] = []

    def three_then_pause(name: str) -> Any:
        asked.append(clock.now)
        return refused(17) if len(asked) == 4 else good(name)

    runner = runner_on(clock, Service(three_then_pause), max_concurrency=8)
    outcomes = await runner.gather([named(number) for number in range(20)])
    assert all(outcome.is_done for outcome in outcomes)
    assert sum(outcome.attempts for outcome in outcomes) == len(asked) == 21
    assert asked[4] - asked[3] == 17


async def test_a_wait_beyond_the_deadline_says_when_to_come_back(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: ManualClock
) -> None:
    """A Retry-After that ends after the deadline is a failure at once, and says how long to wait; no time passes."""
    emulator.set_faults([Fault(status=429, headers={"Retry-After": "50", "x-ratelimit-reset-requests": "50"})])
    runner = BatchRunner(client, max_concurrency=1, deadline=40)
    first, second = await runner.gather([named("a"), named("b")])
    assert isinstance(first.error, RateLimitError)
    assert first.error.retry_after is not None
    assert first.error.retry_after >= 50
    assert isinstance(second.error, APITimeoutError)
    assert second.error.retry_after is not None
    assert second.error.retry_after > 40
    assert (first.attempts, second.attempts, len(emulator.requests)) == (1, 0, 1)
    assert clock.waits == []


async def test_a_deadline_does_not_end_what_has_time(client: AsyncAzureOpenAI) -> None:
    """Of many jobs at once, with a quota nobody knows and a deadline far enough away, all are done."""
    outcomes = await BatchRunner(client, max_concurrency=8, deadline=30).gather([named(number) for number in range(40)])
    assert [outcome.error for outcome in outcomes] == [None] * 40


async def test_the_deadline_is_for_the_whole_run(clock: ManualClock, running: ManualClock) -> None:
    """Jobs that a deadline leaves no time for fail without being sent, and the run ends by then."""
    begun = clock.now
    service = Service(lambda name: good(name) if name in "01" else refused(20))
    outcomes = await runner_on(clock, service, max_concurrency=1, deadline=30).gather(
        [named(number) for number in range(10)]
    )
    assert clock.now - begun <= 30
    assert [outcome.is_done for outcome in outcomes] == [True, True] + [False] * 8
    assert all(outcome.error.retry_after > 0 for outcome in outcomes[2:])  # type: ignore[union-attr]


async def test_a_deployment_that_does_not_exist_fails_fast(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: ManualClock
) -> None:
    """With a wrong name every job fails with the service's own words, and none waits for better times."""
    jobs = [named(number, model="whisker") for number in range(30)]
    outcomes = await BatchRunner(client, max_concurrency=4).gather(jobs)
    assert all(isinstance(outcome.error, NotFoundError) for outcome in outcomes)
    assert clock.waits == []


async def test_deployments_of_one_client_do_not_share_a_pause(clock: ManualClock, make_client: MakeClient) -> None:
    """Each deployment that the requests of a batch name has a pace of its own."""
    deployments: Any = {"a": "audio", "b": "audio"}
    async with AzureOpenAIEmulator(deployments=deployments, clock=clock.unix) as emulator:
        emulator.set_quota("a", Quota(1, 60))
        runner = BatchRunner(make_client(emulator.endpoint), max_concurrency=8)
        jobs = [named(f"a{number}", model="a") for number in range(2)]
        jobs += [named(f"b{number}", model="b") for number in range(20)]
        async with aclosing(runner.run(jobs)) as outcomes:
            with anyio.fail_after(PATIENCE):
                seen = {(await anext(outcomes)).id for _ in range(21)}
        assert {f"b{number}" for number in range(20)} < seen


# Progress


async def test_progress_is_told_after_each_outcome(clock: ManualClock, running: ManualClock) -> None:
    """After each outcome the numbers are told, and they can be looked at any time: rate, time left, failures."""

    async def in_two_seconds(name: str) -> Any:
        await clock.sleep(2)
        return NO if name == "3" else good(name)

    told: list[tuple[int, float, float | None, int]] = []

    def note(progress: Progress) -> None:
        told.append((progress.finished, progress.rate, progress.seconds_left, progress.in_flight))

    runner = runner_on(clock, Service(in_two_seconds), max_concurrency=1, on_progress=note)
    await runner.gather([named(number) for number in range(4)])
    assert told == [(1, 0.5, 6.0, 0), (2, 0.5, 4.0, 0), (3, 0.5, 2.0, 0), (4, 0.5, 0.0, 0)]
    progress = runner.progress
    assert (progress.total, progress.done, progress.failed, progress.failures) == (4, 3, 1, {"BadRequestError": 1})


async def test_progress_during_a_run(clock: ManualClock) -> None:
    """While jobs are in flight their number can be seen; of a generator the total is not known."""
    gates = Gates()
    runner = runner_on(clock, Service(gates), max_concurrency=3)
    task = asyncio.create_task(all_of(runner, (named(number) for number in range(5))))
    await settle()
    assert (runner.progress.in_flight, runner.progress.total, runner.progress.seconds_left) == (3, None, None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runner.progress.in_flight == 0


async def test_an_error_of_on_progress_ends_the_run(clock: ManualClock) -> None:
    """What `on_progress` raises is the caller's own, and is raised as it is."""

    def complain(_: Progress) -> None:
        raise ZeroDivisionError

    before = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        await runner_on(clock, Service(), on_progress=complain).gather([named(number) for number in range(9)])
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    "options",
    [{"max_concurrency": 0}, {"requests_per_minute": 0}, {"requests_per_minute": -1}],
)
async def test_numbers_out_of_range(client: AsyncAzureOpenAI, options: dict[str, Any]) -> None:
    """An option that cannot be meant is refused when the runner is made, by name."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        BatchRunner(client, **options)


async def test_a_quota_given_twice(clock: ManualClock) -> None:
    """A pool knows the quotas of its deployments; one more for the runner is refused."""
    with pytest.raises(ConfigurationError, match="leave requests_per_minute out"):
        runner_on(clock, Service(), requests_per_minute=60)


async def test_a_stream_cannot_be_sent_twice(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: ManualClock, running: ManualClock
) -> None:
    """A stream whose first sending failed is never sent with less in it: the outcome is the service's error."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield DATA

    emulator.set_faults([Fault(status=503)])
    request = CreateTranscriptionRequest(file=("talk.mp3", stream()))
    [outcome] = await BatchRunner(client, max_concurrency=1).gather([request])
    assert isinstance(outcome.error, InternalServerError)
    assert outcome.error.__notes__
    assert (outcome.attempts, len(emulator.requests)) == (1, 1)


async def test_a_job_nobody_was_asked_about_is_not_in_the_journal(client: AsyncAzureOpenAI, tmp_path: Path) -> None:
    """A job for which the deadline left no time fails, but the next run with the journal does it."""
    journal, jobs = tmp_path / "night.jsonl", [named(number) for number in range(6)]
    first = await BatchRunner(client, requests_per_minute=3, deadline=20, journal=journal).gather(jobs)
    asked = [outcome for outcome in first if outcome.is_done]
    assert 0 < len(asked) < 6
    assert all(isinstance(outcome.error, APITimeoutError) for outcome in first if not outcome.is_done)
    assert len(await lines_of(journal)) == len(asked)
    second = await BatchRunner(client, journal=journal).gather(jobs)
    assert all(outcome.is_done for outcome in second)
    assert [outcome.id for outcome in second if outcome.is_from_journal] == [outcome.id for outcome in asked]
