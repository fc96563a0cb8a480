"""Processes that share a deployment take turns; here all are in one loop, on a clock moved by hand."""

import asyncio
import logging
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from batch.batch_tools import PATIENCE, ManualClock, Service, good, named, settle, tasks_are_gone
from batch.sharing_tools import Limited, Raw, exists, is_there, parties, party, raw

from aoai_async import APITimeoutError, AsyncAzureOpenAI, ConfigurationError
from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.batch.runner import BatchRunner
from aoai_async.batch.sharing import SharedQuota
from aoai_async.emulator import AzureOpenAIEmulator, Quota
from aoai_async.transport.listening import Listener

ASK = b'{"is":"Ask","pace":0,"number":1,"lane":"lane 0"}'
STARTED = b'{"is":"Started","pace":0,"number":1}'
PONG = b'{"is":"Pong","version":1}'

MakeClient = Callable[..., AsyncAzureOpenAI]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quota.sock"


async def never(_: str) -> Any:
    await asyncio.Event().wait()


async def mode_of(path: Path) -> int:
    return stat.S_IMODE((await asyncio.to_thread(path.stat)).st_mode)


async def comes_true(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE):
        while not condition():
            await checkpoint()


def keeps(quota: SharedQuota) -> bool:
    """Whether it paces itself, as the keeper or alone."""
    return quota._desk is quota._at_home


def follows(quota: SharedQuota) -> bool:
    return quota._desk is not None and not keeps(quota)


async def test_a_quota_that_all_were_told_is_used_up_and_never_exceeded(running: ManualClock, path: Path) -> None:
    """Three that share 60 in a minute start 60 at once in each minute, and none of 180 requests is refused."""
    service = Limited(running, Quota(60, 60))
    begun = running.now
    async with parties(3, running, path, Service(service), told=60) as sharing:
        await asyncio.gather(*(one.carry_all(str(number), 60) for number, one in enumerate(sharing)))
    assert (len(service.names), service.refusals) == (180, 0)
    assert service.times[-1] - begun == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize("kind", ["fixed", "even"])
@pytest.mark.parametrize(("told", "most", "most_refused"), [(360.0, 1.05, 0.02), (None, 1.15, 0.08)])
async def test_two_are_as_good_as_one(
    running: ManualClock, path: Path, kind: Any, told: float | None, most: float, most_refused: float
) -> None:
    """Whatever the limiter is like, two with 150 jobs each keep the bounds that one with 300 jobs has to keep."""
    service = Limited(running, Quota(60, 10, kind=kind))
    begun = running.now
    async with parties(2, running, path, Service(service), told=told) as sharing:
        await asyncio.gather(*(one.carry_all(str(number), 150) for number, one in enumerate(sharing)))
    least = 40.0 if kind == "fixed" else 299 / 6
    assert service.times[-1] - begun < most * least
    assert service.refusals < most_refused * len(service.names)


async def test_turns_come_in_the_order_they_were_asked_for(running: ManualClock, path: Path) -> None:
    """Who has many requests does not get more turns than who has few, be it the keeper or not."""
    service = Limited(running, Quota(60, 60, kind="even"))
    async with parties(3, running, path, Service(service), told=60) as sharing:
        await asyncio.gather(*(one.carry_all("abc"[number], 12) for number, one in enumerate(sharing)))
    # The keeper had the first turn and asked again before the others had come.
    letters = "".join(name[0] for name in service.names)[1:]
    assert all(sorted(letters[at : at + 3]) == ["a", "b", "c"] for at in range(0, 30, 3)), letters


async def test_when_the_keeper_ends_another_one_takes_over(running: ManualClock, path: Path) -> None:
    """The jobs of the others go on with the first of them as the keeper, and who comes later finds it."""
    service = Limited(running, Quota(60, 60, kind="even", burst=5))
    async with parties(3, running, path, Service(service), told=60) as sharing:
        first, *others = sharing
        assert [keeps(one.quota) for one in sharing] == [True, False, False]
        jobs = [asyncio.create_task(one.carry_all("bc"[number], 12)) for number, one in enumerate(others)]
        await first.carry_all("a", 3)
        await first.quota.close()
        for job in jobs:
            assert all(carried.unwrap() for carried in await job)
        await comes_true(lambda: [keeps(one.quota) for one in others].count(True) == 1)
        await comes_true(lambda: [follows(one.quota) for one in others].count(True) == 1)
        await first.quota.open()
        assert follows(first.quota)
        assert (await first.carry("again")).attempts == 1
        await first.quota.close()
    assert len(set(service.names)) == 28
    await is_there(path, is_expected=False)


@pytest.mark.parametrize("has_kept", [False, True])
async def test_a_new_keeper_waits_as_long_as_the_one_before_would_have(
    clock: ManualClock, path: Path, has_kept: bool
) -> None:
    """Who was told how long there can be no turn gets none before from the next keeper, also if that kept before."""
    service = Service()
    async with parties(2, clock, path, service, told=6) as (keeper, other):
        if has_kept:
            await keeper.quota.close()
            await other.carry("early")
            await other.quota.close()
            await keeper.quota.open()
            await other.quota.open()
        await keeper.carry_all("a", 6)
        job = asyncio.create_task(other.carry("late"))
        await comes_true(lambda: other.group.lanes[0].pace.wait(clock.now) > 0)
        await keeper.quota.close()
        await comes_true(lambda: keeps(other.quota))
        await clock.advance(59)
        assert "late" not in service.asked
        await clock.advance(2)
        with anyio.fail_after(PATIENCE):
            assert (await job).attempts == 1


async def test_a_new_keeper_does_not_wait_for_an_answer_it_will_never_get(clock: ManualClock, path: Path) -> None:
    """While nothing is known an answer lets the next request start; who takes over does not wait in its place."""
    service = Limited(clock, Quota(60, 60))
    async with parties(2, clock, path, Service(service)) as (keeper, other):
        first = asyncio.create_task(keeper.carry("first"))
        await comes_true(lambda: service.names == ["first"])
        second = asyncio.create_task(other.carry("second"))
        await comes_true(lambda: other.group.lanes[0].pace.wait(clock.now) > 0)
        await keeper.quota.close()
        await comes_true(lambda: service.names == ["first", "second"])
        await clock.advance(service.seconds)
        with anyio.fail_after(PATIENCE):
            assert [carried.attempts for carried in await asyncio.gather(first, second)] == [1, 1]


async def test_requests_of_who_is_gone_tell_nothing(clock: ManualClock, path: Path) -> None:
    """When a process dies with the one request in flight that may be, the next turn is given at once."""
    service = Service()
    async with parties(1, clock, path, service) as (keeper,), raw(path) as other:
        await other.say(ASK)
        assert b"Turn" in await other.hear()
        await other.say(STARTED)
        await other.say(b'{"is":"Ping","version":1}')
        assert b"Pong" in await other.hear()
        job = asyncio.create_task(keeper.carry("mine"))
        await settle()
        assert service.asked == []
        await other.close()
        with anyio.fail_after(PATIENCE):
            assert (await job).unwrap()


async def test_who_does_not_use_a_turn_loses_it(clock: ManualClock, path: Path) -> None:
    """A turn is for who uses it at once; after five seconds the next one gets it, and a late start still counts."""
    async with parties(1, clock, path, Service()) as (keeper,), raw(path) as other:
        await other.say(ASK)
        assert b"Turn" in await other.hear()
        job = asyncio.create_task(keeper.carry("mine"))
        await settle()
        await clock.advance(4.9)
        assert not job.done()
        await clock.advance(0.1)
        assert (await job).unwrap()
        await other.say(STARTED, b'{"is":"Failed","pace":0,"number":1}', ASK.replace(b"1", b"2"))
        assert b"Turn" in await other.hear()


@pytest.mark.parametrize(("seconds", "counted"), [(0.001, 0.0), (0.5, 0.498)])
async def test_news_of_a_start_has_been_on_its_way(
    clock: ManualClock, path: Path, seconds: float, counted: float
) -> None:
    """A request counts from two milliseconds before the news of it, but not from before it had its turn."""
    begun = clock.now
    async with parties(1, clock, path, Service(), told=60) as (keeper,), raw(path) as other:
        await other.say(ASK.replace(b"}", b',"told":60}'))
        assert b"Turn" in await other.hear()
        await clock.advance(seconds)
        await other.say(STARTED, b'{"is":"Ping","version":1}')
        assert b"Pong" in await other.hear()
        job = asyncio.create_task(keeper.carry("mine"))
        await settle()
        assert keeper.group.lanes[0].pace.wait(begun) == pytest.approx(1 + counted, abs=1e-6)
        await clock.advance(1 + counted)
        with anyio.fail_after(PATIENCE):
            assert (await job).unwrap()


async def test_a_turn_that_is_not_needed_is_given_back(clock: ManualClock, path: Path) -> None:
    """Who stands in line and is cancelled, or finds its deadline passed, leaves the line."""
    async with parties(2, clock, path, Service(never), told=60) as (keeper, other):
        first = asyncio.create_task(keeper.carry("first"))
        await settle()
        cancelled = asyncio.create_task(other.carry("cancelled"))
        await settle()
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        late = asyncio.create_task(other.carry("late", deadline=clock.now + 0.5))
        await settle()
        assert isinstance((await late).outcome, APITimeoutError)
        last = asyncio.create_task(keeper.carry("last"))
        await settle()
        await clock.advance(1.0)
        assert keeper.group.lanes[0].in_flight == 2
        for job in (first, last):
            job.cancel()
        await asyncio.wait([first, last])


async def test_a_deadline_that_cannot_be_kept_is_told_at_once(clock: ManualClock, path: Path) -> None:
    """Also who has to ask for its turns is told at once that its turn would come too late, and when to come back."""
    async with parties(2, clock, path, Service(), told=6) as (keeper, other):
        await keeper.carry_all("a", 6)
        with anyio.fail_after(PATIENCE):
            carried = await other.carry("b", deadline=clock.now + 5)
        assert isinstance(carried.outcome, APITimeoutError)
        assert carried.outcome.retry_after == pytest.approx(60, rel=0.02)
        await settle()
        assert clock.waits == []


async def test_two_deployments(running: ManualClock, path: Path) -> None:
    """Those who share two deployments fill the preferred one's window before they use the other one."""
    near, far = Limited(running, Quota(10, 60)), Limited(running, Quota(100, 60))
    async with parties(2, running, path, Service(near), Service(far), told=10) as sharing:
        await asyncio.gather(*(one.carry_all(str(number), 10) for number, one in enumerate(sharing)))
    assert (len(near.names), len(far.names)) == (10, 10)
    assert (near.refusals, far.refusals) == (0, 0)


async def test_a_deployment_that_is_not_used_is_left_to_others(clock: ManualClock, path: Path) -> None:
    """Who has asked two deployments for a turn and needs one gives the other one back at once."""
    async with parties(2, clock, path, Service(never), Service(never)) as (keeper, other):
        jobs = [asyncio.create_task(one.carry(name)) for one in (keeper, other, other) for name in "ab"]
        await settle()
        assert [sum(one.group.lanes[lane].in_flight for one in (keeper, other)) for lane in (0, 1)] == [1, 1]
        assert [line._holder for line in keeper.quota._keeper._lines.values()] == [None, None]
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
        assert not any(line._waiting for line in keeper.quota._keeper._lines.values())


async def test_the_smallest_quota_that_anybody_was_told_holds(running: ManualClock, path: Path) -> None:
    """Who was told more, or nothing, goes by what another one was told, from when that one asks."""
    service = Service()
    async with parties(1, running, path, service, told=6000) as (rich,):
        poor, blind = party(running, path, service, told=6), party(running, path, service)
        for one in (poor, blind):
            await one.quota.open()
        try:
            await asyncio.gather(poor.carry_all("poor", 1), blind.carry_all("blind", 1))
            begun = running.now
            await asyncio.gather(rich.carry_all("rich", 3), blind.carry_all("blind", 3))
            assert running.now - begun >= 30
        finally:
            await poor.quota.close()
            await blind.quota.close()


async def test_only_the_owner_can_open_it(clock: ManualClock, path: Path) -> None:
    """Socket and lock are for their user only; the socket is gone when nobody needs it."""
    async with parties(2, clock, path, Service()):
        assert await mode_of(path) == 0o600
        assert await mode_of(Path(f"{path}.lock")) == 0o600
    await is_there(path, is_expected=False)


async def test_the_socket_of_a_process_that_was_killed_is_replaced(clock: ManualClock, path: Path) -> None:
    """A socket file at which nobody listens does not matter."""

    def leave_behind() -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
            dead.listen()

    await asyncio.to_thread(leave_behind)
    async with parties(2, clock, path, Service()) as sharing:
        assert [keeps(one.quota) for one in sharing] == [True, False]
        assert (await sharing[1].carry("a")).unwrap()


async def test_of_many_that_come_at_once_one_is_the_keeper(clock: ManualClock, path: Path) -> None:
    """However many want to be the keeper at the same moment, exactly one is, and the others find it."""
    many = [party(clock, path, Service()) for _ in range(20)]
    mover = asyncio.create_task(clock.run())
    try:
        with anyio.fail_after(PATIENCE):
            await asyncio.gather(*(one.quota.open() for one in many))
        assert [keeps(one.quota) for one in many].count(True) == 1
        await asyncio.gather(*(one.carry_all("a", 1) for one in many))
        with anyio.fail_after(PATIENCE):
            await asyncio.gather(*(one.quota.close() for one in many))
    finally:
        mover.cancel()
    await is_there(path, is_expected=False)


GARBAGE = [
    b"",
    b"\xff\xfe",
    b"garbage",
    b"[]",
    b'"Ask"',
    b'{"is":["Ask"]}',
    b'{"is":"Ask"}',
    b'{"is":"Turn","pace":0,"number":1}',
    b'{"is":"Started","pace":7,"number":1}',
    b'{"is":"Leave","pace":7,"number":1}',
    b'{"is":"Succeeded","pace":0,"number":1}',
    b'{"is":"Ask","pace":"0","number":1,"lane":"lane 0"}',
    b'{"is":"Ask","pace":0,"number":1,"lane":5}',
    b'{"is":"Ask","pace":1,"number":1,"lane":"lane 0","told":0}',
    b'{"is":"Ask","pace":1,"number":1,"lane":"lane 0","told":-5}',
    b'{"is":"Ask","pace":1,"number":1,"lane":"lane 0","told":1e999}',
    b'{"is":"Ask","pace":1,"number":1,"lane":"lane 0","after":"soon"}',
    b'{"is":"Ping","version":2}',
    b"[" * 60_000,
    b"x" * 200_000,
]


@pytest.mark.parametrize("line", GARBAGE, ids=lambda line: line[:40].decode("latin-1"))
async def test_garbage_ends_its_connection_and_nothing_else(clock: ManualClock, path: Path, line: bytes) -> None:
    """Who says what makes no sense is let go, its turn is free again, and the others notice nothing."""
    async with parties(2, clock, path, Service(), told=6e6) as sharing, raw(path) as stranger:
        await stranger.say(ASK)
        assert b"Turn" in await stranger.hear()
        # A line that is too long is not read to its end.
        with suppress(ConnectionError):
            await stranger.say(line)
            assert await stranger.hear() == b""
        for one in sharing:
            assert (await one.carry_all("a", 3))[2].unwrap()


@pytest.mark.parametrize("answers", [[], [PONG], [STARTED]], ids=["never", "no more", "nonsense"])
async def test_a_keeper_that_does_not_answer(
    clock: ManualClock, path: Path, answers: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the keeper has stopped, a process warns, paces alone, and looks again later."""
    listener = await Listener.claimed(path)
    assert listener is not None
    stopped: list[Raw] = []

    async def listen() -> None:
        while True:
            stopped.append(Raw(*await listener.accept()))
            await stopped[-1].say(*answers)
            answers.clear()

    listening = asyncio.create_task(listen())
    lonely = party(clock, path, Service(), patience=0.2)
    try:
        with caplog.at_level(logging.WARNING), anyio.fail_after(PATIENCE):
            assert (await asyncio.gather(lonely.quota.open(), lonely.carry("a")))[1].unwrap()
        assert "alone" in caplog.text
        listening.cancel()
        await listener.close()
        await clock.someone_sleeps()
        await clock.advance(5)
        await is_there(path)
        assert keeps(lonely.quota)
    finally:
        await lonely.quota.close()
        for connection in stopped:
            await connection.close()


@pytest.mark.parametrize("line", [b'{"is":"Turn","pace":-1,"number":1}', STARTED, b"no"])
async def test_a_keeper_that_talks_nonsense_is_left(running: ManualClock, path: Path, line: bytes) -> None:
    """What is no word of a keeper ends the connection, and the batch goes on without it."""
    listener = await Listener.claimed(path)
    assert listener is not None
    one = party(running, path, Service())
    opening = asyncio.create_task(one.quota.open())
    with anyio.fail_after(PATIENCE):
        keeper = Raw(*await listener.accept())
        try:
            await keeper.say(PONG)
            await opening
            assert follows(one.quota)
            await keeper.say(line)
            while await keeper.hear():
                pass
            await listener.close()
            assert (await one.carry("a")).unwrap()
            assert keeps(one.quota)
        finally:
            await one.quota.close()
            await keeper.close()


async def test_who_comes_while_listening_is_cancelled_is_met_later(path: Path) -> None:
    """A connection that arrives in the same turn of the loop is not lost, and nothing is reported to the loop."""
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    listener = await Listener.claimed(path)
    assert listener is not None
    accepting = asyncio.create_task(listener.accept())
    await checkpoint()
    with socket.socket(socket.AF_UNIX) as guest:
        guest.setblocking(False)
        guest.connect(str(path))
        asyncio.get_running_loop().call_soon(accepting.cancel)
        await asyncio.wait([accepting])
        assert accepting.cancelled()
        with anyio.fail_after(PATIENCE):
            met = Raw(*await listener.accept())
            guest.sendall(b"here\n")
            assert await met.hear() == b"here\n"
    await met.close()
    await listener.close()
    assert not reported


async def test_who_does_not_read_is_let_go(clock: ManualClock, path: Path) -> None:
    """What a stopped process is told does not fill the memory of the keeper."""
    async with parties(1, clock, path, Service()), raw(path) as stopped:
        stopped.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError), anyio.fail_after(PATIENCE):
            await stopped.say_for_ever(b'{"is":"Ping","version":1}')


def jobs(count: int, model: str | None = None) -> list[Any]:
    return [named(number, model=model) for number in range(count)]


async def test_a_path_that_is_too_long(path: Path, make_client: MakeClient) -> None:
    """It is refused when the runner or the pool is made, with its length and what would do."""
    long = path.with_name("q" * 100)
    with pytest.raises(ConfigurationError, match="100 at the most"):
        BatchRunner(make_client("http://127.0.0.1:9"), shared_quota=long)
    with pytest.raises(ConfigurationError, match="100 at the most"):
        DeploymentPool([Deployment(model="m", azure_endpoint="http://127.0.0.1:9", api_key="k")], shared_quota=long)


async def test_a_path_at_which_there_can_be_no_socket(path: Path, make_client: MakeClient) -> None:
    """A folder that is not there, and a file that is something else, are errors of the run; the file stays."""
    client = make_client("http://127.0.0.1:9")
    await asyncio.to_thread(path.write_text, "precious")
    for place in (path, path.with_name("nowhere") / "quota.sock"):
        runner = BatchRunner(client, shared_quota=place)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="cannot be used"):
                await runner.gather(jobs(3))
        pool = DeploymentPool(
            [Deployment(model="m", azure_endpoint="http://127.0.0.1:9", api_key="k")], shared_quota=place
        )
        async with pool:
            with pytest.raises(ConfigurationError, match="cannot be used"):
                await pool.audio.transcriptions.create(file=("talk.mp3", b"ID3"))
    assert await asyncio.to_thread(path.read_text) == "precious"


async def test_a_pool_has_its_own(path: Path, make_client: MakeClient) -> None:
    """A runner on a pool leaves the sharing to the pool."""
    pool = DeploymentPool([Deployment(model="m", azure_endpoint="http://127.0.0.1:9", api_key="k")])
    async with pool:
        with pytest.raises(ConfigurationError, match="give shared_quota to the pool"):
            BatchRunner(pool, shared_quota=path)


async def test_runners(
    running: ManualClock, emulator: AzureOpenAIEmulator, make_client: MakeClient, path: Path
) -> None:
    """Two runners that share a path, whose jobs name their deployment or not, do them all, again and again."""
    emulator.set_quota("whisper", Quota(20, 60))
    runners = [BatchRunner(make_client(emulator.endpoint), requests_per_minute=20, shared_quota=path) for _ in range(2)]
    for _ in range(2):
        with anyio.fail_after(PATIENCE):
            done = await asyncio.gather(*(runner.gather(jobs(5) + jobs(5, "whisper")) for runner in runners))
        assert all(outcome.is_done for outcomes in done for outcome in outcomes)
    assert [request.status for request in emulator.requests].count(200) == 40
    await is_there(path, is_expected=False)


async def test_pools(running: ManualClock, emulator: AzureOpenAIEmulator, path: Path) -> None:
    """Pools that share a path take turns as clients and below runners; a closed one says so, and the others go on."""
    members = [Deployment(model="whisper", azure_endpoint=emulator.endpoint, api_key="emulator-key")]
    pools = [DeploymentPool(members, shared_quota=path, clock=running) for _ in range(2)]
    with anyio.fail_after(PATIENCE):
        async with pools[1]:
            async with pools[0]:
                assert (await pools[0].audio.transcriptions.create(file=("talk.mp3", b"ID3"))).text
                outcomes = await BatchRunner(pools[1]).gather(jobs(20))
                assert all(outcome.is_done for outcome in outcomes)
                assert await exists(path)
            # On this clock a call's timeout would pass while a thread opens the socket.
            shared = pools[1]._shared
            assert shared is not None
            await comes_true(lambda: keeps(shared))
            with pytest.raises(ConfigurationError, match="closed"):
                await pools[0].audio.transcriptions.create(file=("talk.mp3", b"ID3"))
            assert (await pools[1].audio.transcriptions.create(file=("talk.mp3", b"ID3"))).text
    await is_there(path, is_expected=False)


async def cancel_one(run: "asyncio.Task[Any]", _: Any) -> None:
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run


async def cancel_twice(run: "asyncio.Task[Any]", _: Any) -> None:
    run.cancel()
    await asyncio.sleep(0)
    await cancel_one(run, _)


@pytest.mark.parametrize("ending", [cancel_one, cancel_twice])
@pytest.mark.parametrize("is_keeper", [True, False])
async def test_cancelling_closes_everything(
    clock: ManualClock,
    emulator: AzureOpenAIEmulator,
    make_client: MakeClient,
    path: Path,
    is_keeper: bool,
    ending: Callable[..., Awaitable[None]],
) -> None:
    """A run that is cancelled leaves no task, no socket and no lock behind, as the keeper or not."""
    gate = asyncio.Event()

    def look(_: object) -> None:
        gate.set()

    async with parties(0 if is_keeper else 1, clock, path, Service(good)):
        before = asyncio.all_tasks()
        runner = BatchRunner(make_client(emulator.endpoint), max_concurrency=3, shared_quota=path, on_progress=look)
        run = asyncio.create_task(runner.gather(jobs(1000)))
        with anyio.fail_after(PATIENCE):
            await gate.wait()
        await ending(run, None)
        await is_there(path, is_expected=not is_keeper)
        await comes_true(lambda: all(is_of_emulator(task) for task in asyncio.all_tasks() - before))
    again = await Listener.claimed(path)
    assert again is not None
    await again.close()


def is_of_emulator(task: "asyncio.Task[Any]") -> bool:
    return "RequestHandler" in repr(task)


async def test_it_can_be_left_early(clock: ManualClock, path: Path) -> None:
    """To open twice is to open once; to close what was not opened is no error; nothing is left."""
    before = asyncio.all_tasks()
    one = party(clock, path, Service())
    await one.quota.close()
    await asyncio.gather(one.quota.open(), one.quota.open())
    await one.quota.close()
    opening = asyncio.create_task(one.quota.open())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await one.quota.close()
    await tasks_are_gone(before)
    # A thread may just be about to open what is no longer wanted.
    await is_there(path, is_expected=False)
    again = await Listener.claimed(path)
    while again is None:
        again = await Listener.claimed(path)
    await again.close()
