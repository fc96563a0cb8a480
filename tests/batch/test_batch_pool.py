"""Several deployments as one client, on emulators of their own."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen
from batch.batch_tools import DATA, PATIENCE, ManualClock, named, names_in

from aoai_async import (
    APITimeoutError,
    AudioVerboseResponse,
    AuthenticationError,
    ConfigurationError,
    ContentFilteredError,
    CreateTranscriptionRequest,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
)
from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.batch.runner import BatchRunner
from aoai_async.emulator import AzureOpenAIEmulator, Fault, Quota


@frozen
class Region:
    """A pool of two emulators, the second of which is the spare."""

    first: AzureOpenAIEmulator
    second: AzureOpenAIEmulator
    pool: DeploymentPool


def member(emulator: AzureOpenAIEmulator, **options: Any) -> Deployment:
    facts: dict[str, Any] = {"model": "whisper", "azure_endpoint": emulator.endpoint, "api_key": "emulator-key"}
    return Deployment(**{**facts, **options})


def pool_on(clock: ManualClock, *members: Deployment, retries: int = 2) -> DeploymentPool:
    return DeploymentPool(
        members,
        clock=clock,
        retry=RetryPolicy(max_retries=retries, jitter=lambda: 1.0),
        jitter=lambda: 1.0,
    )


@pytest.fixture
async def emulators(clock: ManualClock) -> AsyncIterator[list[AzureOpenAIEmulator]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(AzureOpenAIEmulator(clock=clock.unix)) for _ in range(2)]


@pytest.fixture
async def regions(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> AsyncIterator[Region]:
    first, second = emulators
    async with pool_on(clock, member(second, priority=1), member(first)) as pool:
        yield Region(first, second, pool)


def bodies(emulator: AzureOpenAIEmulator) -> list[str]:
    return [request.part("file").sha256 for request in emulator.requests]


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("form", ["path", "bytes", "handle", "function"])
async def test_moves_on_at_once_with_the_same_body(
    regions: Region, recording: Path, clock: ManualClock, status: int, form: str
) -> None:
    """A refusal or an outage sends the very same bytes to the other deployment, and no time passes."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield DATA

    with await asyncio.to_thread(recording.open, "rb") as handle:
        files: dict[str, Any] = {
            "path": recording,
            "bytes": ("talk.mp3", DATA),
            "handle": handle,
            "function": ("talk.mp3", pieces),
        }
        regions.first.set_faults([Fault(status=status)])
        heard = await regions.pool.audio.transcriptions.create(file=files[form])
    assert heard.text
    assert [request.status for request in regions.first.requests] == [status]
    assert [request.status for request in regions.second.requests] == [200]
    assert bodies(regions.first) == bodies(regions.second)
    assert clock.waits == []


async def test_moves_on_from_a_deployment_that_went_away(regions: Region, recording: Path) -> None:
    """A connection that breaks in the middle of the upload, and one that is refused, move the request on."""
    regions.first.set_faults([Fault(cut_after_read=100)])
    assert await regions.pool.audio.transcriptions.create(file=recording)
    await regions.first.__aexit__(None, None, None)
    for _ in range(5):
        assert await regions.pool.audio.transcriptions.create(file=recording)
    assert len(regions.second.requests) == 6
    await regions.first.__aenter__()  # the fixture closes it


async def test_the_clients_methods(regions: Region, recording: Path, tmp_path: Path, clock: ManualClock) -> None:
    """A pool has the methods of a client, typed alike, and raises what a client raises."""
    pool = regions.pool
    assert (await pool.audio.transcriptions.create(file=recording)).text
    assert (await pool.audio.translations.create(file=recording, response_format="vtt")).startswith("WEBVTT")
    verbose = await pool.audio.transcriptions.create(
        file=recording, response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert isinstance(verbose, AudioVerboseResponse)
    assert verbose.words
    raw = await pool.audio.with_raw_response.transcriptions.create(file=recording)
    assert (raw.status_code, raw.retries_taken, raw.parse().text) == (200, 0, verbose.text)
    assert await pool.send(CreateTranscriptionRequest(file=recording)) == raw.parse()
    async with pool_on(clock, member(regions.first, model="dall-e-3")) as painters:
        made = await painters.images.generate(prompt="a corgi", response_format="b64_json")
        assert made.data[0].b64_json
        made = await painters.images.generate(prompt="a corgi")
        assert (await made.data[0].save(tmp_path / "corgi")).name == "corgi.png"
        picture = await painters.images.with_raw_response.generate(prompt="a corgi")
        assert await picture.parse().data[0].read()
        with pytest.raises(ContentFilteredError):
            await painters.images.generate(prompt="forbidden-content")


async def test_raw_answers_count_the_retries(regions: Region, recording: Path) -> None:
    """What moved on says so in `retries_taken`, and names the address that answered."""
    regions.first.set_faults([Fault(status=503)])
    raw = await regions.pool.audio.transcriptions.with_raw_response.create(file=recording)
    assert raw.retries_taken == 1
    assert raw.url.startswith(regions.second.endpoint)


async def test_the_deployments_name_is_its_own(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> None:
    """Each deployment is asked under its own name, whatever the request names."""
    names: Any = {"ears": "audio", "ohren": "audio"}
    async with (
        AzureOpenAIEmulator(deployments=names) as emulator,
        pool_on(clock, member(emulator, model="ears"), member(emulator, model="ohren")) as pool,
    ):
        jobs = [named(number, model="whisper") for number in range(6)]
        outcomes = await BatchRunner(pool, max_concurrency=1).gather(jobs)
        assert {outcome.deployment for outcome in outcomes} == {f"{pool._clients[0].host}/{name}" for name in names}
        assert Counter(request.path.split("/")[3] for request in emulator.requests) == {"ears": 3, "ohren": 3}


async def test_priorities_first(regions: Region, clock: ManualClock) -> None:
    """The spare is not asked while the first one answers; with a quota, only for what the first one refused."""
    runner = BatchRunner(regions.pool, max_concurrency=1)
    await runner.gather([named(number) for number in range(5)])
    assert (len(regions.first.requests), len(regions.second.requests)) == (5, 0)
    regions.first.set_quota("whisper", Quota(3, 60))
    outcomes = await runner.gather([named(number) for number in range(10)])
    assert all(outcome.is_done for outcome in outcomes)
    assert [request.status for request in regions.first.requests[5:]] == [200, 200, 200, 429]
    assert len(regions.second.requests) == 7
    assert clock.waits == []


async def test_weights(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> None:
    """Within a priority the requests are shared by weight."""
    first, second = emulators
    async with pool_on(clock, member(first, weight=3), member(second)) as pool:
        for _ in range(40):
            await pool.audio.transcriptions.create(file=("talk.mp3", DATA))
    assert (len(first.requests), len(second.requests)) == (30, 10)


async def test_max_concurrency_of_a_deployment(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> None:
    """A deployment never has more requests at once than it was given places; the others do the rest."""
    first, second = emulators
    peaks: Counter[str] = Counter()
    async with pool_on(clock, member(first, max_concurrency=2), member(second, priority=1)) as pool:
        lanes = {lane.name: lane for lane in pool.group.lanes}

        def look(_: object) -> None:
            for name, lane in lanes.items():
                peaks[name] = max(peaks[name], lane.in_flight)

        outcomes = await BatchRunner(pool, max_concurrency=12, on_progress=look).gather(
            [named(number) for number in range(60)]
        )
    assert all(outcome.is_done for outcome in outcomes)
    assert max(peaks[name] for name in lanes if first.endpoint.endswith(name.partition("/")[0])) <= 2
    assert len(first.requests) + len(second.requests) == 60
    assert len(second.requests) > 0


async def test_a_broken_deployment_is_probed_with_one_request(regions: Region, clock: ManualClock) -> None:
    """After three failures it is left alone; once the rest is over exactly one request of many tries it."""
    regions.first.set_faults([Fault(status=500)] * 4)
    runner = BatchRunner(regions.pool, max_concurrency=1)
    await runner.gather([named(number) for number in range(10)])
    assert [request.status for request in regions.first.requests] == [500, 500, 500]
    await clock.advance(1)
    outcomes = await BatchRunner(regions.pool, max_concurrency=8).gather([named(number) for number in range(8)])
    assert all(outcome.is_done for outcome in outcomes)
    assert [request.status for request in regions.first.requests] == [500] * 4
    await clock.advance(2)
    await runner.gather([named(number) for number in range(5)])
    assert [request.status for request in regions.first.requests] == [500] * 4 + [200] * 5


@pytest.mark.parametrize("options", [{"api_key": "wrong"}, {"model": "whisker"}])
async def test_a_deployment_that_is_not_there(
    clock: ManualClock, emulators: list[AzureOpenAIEmulator], options: dict[str, Any]
) -> None:
    """A wrong key or name of one deployment is not the request's end: another one answers."""
    first, second = emulators
    async with pool_on(clock, member(first, **options), member(second, priority=1)) as pool:
        for _ in range(5):
            assert await pool.audio.transcriptions.create(file=("talk.mp3", DATA))
    assert [request.status for request in first.requests] in ([401], [404])
    assert len(second.requests) == 5


async def test_all_fail(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> None:
    """When every deployment fails, the last one's error is raised, with the number of attempts."""
    first, second = emulators
    first.set_faults([Fault(status=500)] * 9)
    second.set_faults([Fault(status=503)] * 9)
    async with pool_on(clock, member(first), member(second, priority=1), retries=1) as pool:
        with pytest.raises(InternalServerError) as caught:
            await pool.audio.transcriptions.create(file=("talk.mp3", DATA))
    assert (caught.value.status_code, caught.value.attempts) == (503, 2)
    async with pool_on(clock, member(first, api_key="x"), member(second, api_key="x")) as pool:
        first.set_faults([])
        second.set_faults([])
        with pytest.raises(AuthenticationError) as refusal:
            await pool.audio.transcriptions.create(file=("talk.mp3", DATA))
    assert refusal.value.attempts == 2


async def test_a_call_does_not_wait_longer_than_its_timeout(regions: Region, clock: ManualClock) -> None:
    """A call that would wait for a quota beyond its timeout fails at once and says when to come back."""
    for emulator in (regions.first, regions.second):
        emulator.set_faults([Fault(status=429, headers={"Retry-After": "50", "x-ratelimit-reset-requests": "50"})])
    with pytest.raises(RateLimitError) as caught:
        await regions.pool.audio.transcriptions.create(file=("talk.mp3", DATA), timeout=30)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 30
    with pytest.raises(APITimeoutError, match="come back in"):
        await regions.pool.audio.transcriptions.create(file=("talk.mp3", DATA), timeout=10)
    assert len(regions.first.requests) + len(regions.second.requests) == 2
    assert clock.waits == []


async def test_a_stream_that_is_spent(regions: Region) -> None:
    """A stream that can be read once is not sent again empty: the outcome is the first deployment's error."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield DATA

    regions.first.set_faults([Fault(status=503)])
    with pytest.raises(InternalServerError) as caught:
        await regions.pool.audio.transcriptions.create(file=("talk.mp3", pieces()))
    assert caught.value.attempts == 1
    assert caught.value.__notes__
    assert regions.second.requests == []


async def test_a_batch_over_a_pool_loses_nothing(
    emulators: list[AzureOpenAIEmulator], clock: ManualClock, running: ManualClock
) -> None:
    """With faults of every kind on both sides, each job is done, and answered once."""
    first, second = emulators
    odd = [Fault(status=503), Fault(), Fault(cut_after_read=10), Fault(status=429), Fault(), Fault(cut_after_sent=5)]
    first.set_faults(odd)
    second.set_faults(odd[::-1])
    # One job may meet them all: which does is the network's choice.
    async with pool_on(clock, member(second, priority=1), member(first), retries=2 * len(odd)) as pool:
        with anyio.fail_after(PATIENCE):
            outcomes = await BatchRunner(pool, max_concurrency=6).gather([named(number) for number in range(40)])
    assert [outcome.error for outcome in outcomes if not outcome.is_done] == []
    arrived = first.requests + second.requests
    assert sum(outcome.attempts for outcome in outcomes) == len(arrived)
    whole = [request for request in arrived if request.parts]
    assert {name for name in names_in(whole) if name} == {str(number) for number in range(40)}


async def test_close(clock: ManualClock, emulators: list[AzureOpenAIEmulator]) -> None:
    """A closed pool has closed every client; to close it twice is no error, to ask it is one."""
    pool = pool_on(clock, *(member(emulator) for emulator in emulators))
    async with pool:
        for _ in range(4):
            await pool.audio.transcriptions.create(file=("talk.mp3", DATA))
    await pool.close()
    for client in pool._clients:
        with pytest.raises(ConfigurationError, match="closed"):
            await client.audio.transcriptions.create(file=("talk.mp3", DATA))
    with pytest.raises(ConfigurationError, match="closed"):
        await pool.audio.transcriptions.create(file=("talk.mp3", DATA))


def test_a_pool_of_nothing() -> None:
    """A pool without a deployment is refused."""
    with pytest.raises(ConfigurationError, match="at least one"):
        DeploymentPool([])


@pytest.mark.parametrize(
    "options",
    [{"weight": 0}, {"weight": -1}, {"requests_per_minute": 0}, {"max_concurrency": 0}],
)
def test_numbers_of_a_deployment(options: dict[str, Any]) -> None:
    """A number out of its range is refused when the deployment is described."""
    with pytest.raises(ValueError, match=next(iter(options))):
        Deployment(model="whisper", azure_endpoint="http://127.0.0.1:9", **options)


def test_no_secret_in_a_repr() -> None:
    """A deployment's repr shows neither key nor token."""
    shown = repr(Deployment(model="whisper", api_key="secret-1", azure_ad_token="secret-2", credential="secret-3"))
    assert "secret" not in shown
