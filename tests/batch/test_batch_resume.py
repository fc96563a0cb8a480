"""Batches with a journal: what a rerun does again, and what not."""

import asyncio
import base64
import os
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, frozen
from batch.batch_tools import (
    DATA,
    ManualClock,
    Service,
    good,
    lane_to,
    lines_of,
    named,
    pool_of,
    settle,
    standing_in,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from aoai_async import (
    AsyncAzureOpenAI,
    AudioFile,
    AudioResponse,
    BadRequestError,
    ContentFilteredError,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    GenerateImagesResponse,
    ImageGenerationsRequest,
    InvalidInputError,
)
from aoai_async.batch import index as index_module
from aoai_async.batch import journal as journal_module
from aoai_async.batch.jobs import Job, Outcome, content_id
from aoai_async.batch.journal import Journal, Kept
from aoai_async.batch.keeping import Keeper, kept_in
from aoai_async.batch.records import Record
from aoai_async.batch.runner import BatchRunner
from aoai_async.emulator import AzureOpenAIEmulator
from aoai_async.errors import JournalError
from aoai_async.wire.convert import encode_json
from aoai_async.wire.reply import Reply
from aoai_async.wire.response import RawResponse


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "night.jsonl"


def requests_in(recording: Path) -> list[Any]:
    return [
        CreateTranscriptionRequest(file=recording),
        CreateTranscriptionRequest(file=("b.mp3", DATA), response_format="srt"),
        CreateTranscriptionRequest(file=recording, response_format="verbose_json", timestamp_granularities=["word"]),
        CreateTranslationRequest(file=str(recording), response_format="text"),
        ImageGenerationsRequest(prompt="a corgi", model="dall-e-3"),
        ImageGenerationsRequest(prompt="a corgi", model="dall-e-3", size="1792x1024", response_format="b64_json"),
        ImageGenerationsRequest(prompt="forbidden-content", model="dall-e-3"),
        CreateTranscriptionRequest(file=recording.with_name("none.mp3")),
        CreateTranscriptionRequest(file=recording, model="whisker"),
        CreateTranscriptionRequest(file=("talk.opus", DATA)),
    ]


def facts_of(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    told = None if error is None else {"kind": type(error), **vars(error), "headers": None, "seconds": None}
    return {
        "id": outcome.id,
        "index": outcome.index,
        "request": outcome.request,
        "result": outcome.result,
        "info": getattr(outcome.result, "info", None),
        "error": told,
        "attempts": outcome.attempts,
        "deployment": outcome.deployment,
    }


async def test_a_rerun_gives_the_same_outcomes_and_asks_nobody(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, journal: Path
) -> None:
    """Every answer and every error of a run comes back from its journal as it was, and nothing is sent."""
    first = await BatchRunner(client, journal=journal).gather(requests_in(recording))
    assert [outcome.is_done for outcome in first] == [True] * 6 + [False] * 4
    emulator.clear_requests()
    second = await BatchRunner(client, journal=journal).gather(requests_in(recording))
    assert [facts_of(outcome) for outcome in second] == [facts_of(outcome) for outcome in first]
    assert all(outcome.is_from_journal for outcome in second)
    assert emulator.requests == []
    assert len(await lines_of(journal)) == 10
    assert isinstance(second[6].error, ContentFilteredError)
    assert second[6].error.filter_results == first[6].error.filter_results  # type: ignore[union-attr]


async def test_pictures_of_a_journal_can_be_saved(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, journal: Path, tmp_path: Path
) -> None:
    """A picture that comes from the journal can be fetched, or decoded, and saved."""
    requests = [
        ImageGenerationsRequest(prompt="a corgi", model="dall-e-3", response_format=form)
        for form in ("url", "b64_json")
    ]
    await BatchRunner(client, journal=journal).gather(requests)
    for number, outcome in enumerate(await BatchRunner(client, journal=journal).gather(requests)):
        assert outcome.is_from_journal
        saved = await outcome.result.data[0].save(tmp_path / f"{number}.png")
        assert (await asyncio.to_thread(saved.read_bytes)).startswith(b"\x89PNG")


async def test_a_large_picture_comes_back(clock: ManualClock, journal: Path) -> None:
    """A picture too large for a line is the same one after a rerun."""
    body = encode_json({"created": 1, "data": [{"b64_json": base64.b64encode(DATA * 20).decode()}]})
    raw = RawResponse(Reply(200, {"Content-Type": "application/json"}, [body]), "", 0, 0.0, GenerateImagesResponse)
    runner = BatchRunner(pool_of(clock, lane_to(Service(lambda _: raw))), journal=journal)
    job = [named("large")]
    [made] = await runner.gather(job)
    [line] = await lines_of(journal)
    assert "file" in line
    assert (await asyncio.to_thread(os.stat, journal)).st_size < 1000
    [again] = await runner.gather(job)
    assert again.is_from_journal
    assert again.result == made.result
    [file] = await asyncio.to_thread(lambda: list(journal.with_name("night.jsonl.results").iterdir()))
    await asyncio.to_thread(file.unlink)
    [lost] = await runner.gather(job)
    assert lost.is_from_journal
    assert isinstance(lost.error, JournalError)


@define
class Flaky:
    """Fails for the names it is told; counts who asked."""

    bad: set[str]

    def __call__(self, name: str) -> Any:
        """Answer."""
        return BadRequestError(f"no {name}", status_code=400) if name in self.bad else good(name)


@pytest.mark.parametrize("retry_failed", [False, True])
async def test_failures_are_done_again_if_asked(clock: ManualClock, journal: Path, *, retry_failed: bool) -> None:
    """With `retry_failed` a rerun does what failed again, and only that; without it the failures come back."""
    service = Service(Flaky({"1", "3"}))
    jobs = [named(number) for number in range(5)]
    await BatchRunner(pool_of(clock, lane_to(service)), journal=journal).gather(jobs)
    service.asked.clear()
    service.behave = Flaky({"3"})
    runner = BatchRunner(pool_of(clock, lane_to(service)), journal=journal, retry_failed=retry_failed)
    outcomes = await runner.gather(jobs)
    assert sorted(service.asked) == (["1", "3"] if retry_failed else [])
    assert [outcome.is_done for outcome in outcomes] == [True, retry_failed, True, False, True]
    assert [outcome.is_from_journal for outcome in outcomes] == [True, not retry_failed, True, not retry_failed, True]
    assert runner.progress.skipped == (3 if retry_failed else 5)


async def test_what_was_done_again_counts_from_then_on(clock: ManualClock, journal: Path) -> None:
    """Of several outcomes of one job the last one is final: a success is never done again."""
    service = Service(Flaky({"a"}))
    runner = BatchRunner(pool_of(clock, lane_to(service)), journal=journal, retry_failed=True)
    for _ in range(3):
        await runner.gather([named("a")])
    service.behave = Flaky(set())
    for _ in range(3):
        await runner.gather([named("a")])
    assert len(service.asked) == 4
    assert [line["status"] for line in await lines_of(journal)] == ["failed"] * 3 + ["done"]


async def test_new_jobs_are_done_and_old_ones_left_out(clock: ManualClock, journal: Path) -> None:
    """A rerun with other jobs does the new ones; an outcome has the place its job has in this run."""
    service = Service()
    runner = BatchRunner(pool_of(clock, lane_to(service)), journal=journal)
    await runner.gather([named(name) for name in "abc"])
    outcomes = await runner.gather([named(name) for name in "xcya"])
    assert [(outcome.id, outcome.index, outcome.is_from_journal) for outcome in outcomes] == [
        ("x", 0, False),
        ("c", 1, True),
        ("y", 2, False),
        ("a", 3, True),
    ]
    assert service.asked == ["a", "b", "c", "x", "y"]


@pytest.mark.parametrize("change", ["content", "time"])
async def test_a_recording_that_changed_is_done_again(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, journal: Path, change: str
) -> None:
    """A file whose size or time is another than when it was sent is a new job; after that it is done."""
    runner = BatchRunner(client, journal=journal)
    request = CreateTranscriptionRequest(file=recording)
    await runner.gather([request])

    def alter() -> None:
        if change == "content":
            recording.write_bytes(DATA * 2)
        os.utime(recording, (1_600_000_001, 1_600_000_001))

    await asyncio.to_thread(alter)
    for is_from_journal in (False, True):
        [outcome] = await runner.gather([request])
        assert outcome.is_from_journal == is_from_journal
    assert len(emulator.requests) == 2


async def test_a_recording_that_was_moved_away_stays_done(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, journal: Path
) -> None:
    """To tidy away what is done does not undo it."""
    runner = BatchRunner(client, journal=journal)
    request = CreateTranscriptionRequest(file=recording)
    await runner.gather([request])
    await asyncio.to_thread(recording.unlink)
    [outcome] = await runner.gather([request])
    assert outcome.is_from_journal
    assert outcome.is_done
    assert len(emulator.requests) == 1


async def test_a_recording_that_appears_is_done(client: AsyncAzureOpenAI, recording: Path, journal: Path) -> None:
    """A job that failed because its file was not there is done once it is, without being asked for."""
    runner = BatchRunner(client, journal=journal)
    request = CreateTranscriptionRequest(file=recording.with_name("late.mp3"))
    [outcome] = await runner.gather([request])
    assert isinstance(outcome.error, InvalidInputError)
    await asyncio.to_thread(recording.rename, recording.with_name("late.mp3"))
    [outcome] = await runner.gather([request])
    assert (outcome.is_done, outcome.is_from_journal) == (True, False)


async def test_equal_requests_are_jobs_of_their_own(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, journal: Path
) -> None:
    """Three equal requests are three jobs, in each run the same three."""
    requests = [ImageGenerationsRequest(prompt="a corgi", model="dall-e-3")] * 3
    runner = BatchRunner(client, journal=journal)
    first = await runner.gather(requests)
    assert len({outcome.id for outcome in first}) == len(emulator.requests) == 3
    second = await runner.gather(requests)
    assert sorted(outcome.id for outcome in second) == sorted(outcome.id for outcome in first)
    assert len(emulator.requests) == 3
    assert len({outcome.id for outcome in await runner.gather(requests[:1] * 4)}) == 4
    assert len(emulator.requests) == 4


async def test_equal_requests_come_back_in_their_order(
    clock: ManualClock, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of equal requests gets back its own outcome, however long the journal takes to find the first one's."""
    numbers = iter(range(3))
    runner = BatchRunner(pool_of(clock, lane_to(Service(lambda _: good(str(next(numbers)))))), journal=journal)
    requests = [CreateTranscriptionRequest(file="talk.mp3", prompt="the same")] * 3
    first = await runner.gather(requests)
    gate, read, sought = asyncio.Event(), Journal.read, []

    async def slow(self: Journal, job_id: str) -> Kept | None:
        sought.append(job_id)
        await gate.wait()
        return await read(self, job_id)

    monkeypatch.setattr(Journal, "read", slow)
    second = asyncio.create_task(runner.gather(requests))
    while not sought:
        await settle()
    await settle()
    assert sought == [first[0].id]
    gate.set()
    assert [facts_of(outcome) for outcome in await second] == [facts_of(outcome) for outcome in first]


async def test_jobs_that_are_indexed_alike(clock: ManualClock, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the journal's index cannot tell jobs apart, those that stand in it come back and the others are done."""
    whole, apart = index_module._digest, (1 << 34) - 1
    monkeypatch.setattr(index_module, "_digest", lambda text: (whole(text) & apart) << 10)
    service = Service(Flaky({"1", "3"}))
    runner = BatchRunner(pool_of(clock, lane_to(service)), journal=journal)
    requests = [*(named(number) for number in range(6)), *(CreateTranscriptionRequest(file="a.mp3") for _ in range(2))]
    first = await runner.gather(requests)
    service.asked.clear()
    second = await runner.gather([*requests, *(named(number) for number in range(6, 9)), requests[-1]])
    assert sorted(service.asked) == ["", "6", "7", "8"]
    assert [facts_of(outcome) for outcome in second[:8]] == [facts_of(outcome) for outcome in first]
    assert [outcome.is_from_journal for outcome in second] == [True] * 8 + [False] * 4


async def test_two_jobs_of_one_id(clock: ManualClock, journal: Path) -> None:
    """A journal refuses a second job of an id by name; without one the id is the caller's own affair."""
    jobs = [named("a"), named("a")]
    runner = BatchRunner(pool_of(clock, lane_to(Service())), journal=journal, max_concurrency=1)
    with pytest.raises(InvalidInputError, match="Two jobs have the id 'a'"):
        await runner.gather(jobs)
    assert [line["id"] for line in await lines_of(journal)] == ["a"]
    with pytest.raises(InvalidInputError, match="Two jobs have the id 'a'"):
        await runner.gather(jobs)
    outcomes = await BatchRunner(pool_of(clock, lane_to(Service()))).gather(jobs)
    assert [outcome.id for outcome in outcomes] == ["a", "a"]


async def _stream() -> AsyncGenerator[bytes, None]:
    yield DATA


@pytest.mark.parametrize("odd", [{"file": ("a.mp3", _stream)}, {"file": DATA, "extra": {"set": {1}}}])
async def test_a_request_that_cannot_be_known_again(clock: ManualClock, journal: Path, odd: dict[str, Any]) -> None:
    """A journal takes a stream only with an id, and says so; with one it does."""
    runner = BatchRunner(pool_of(clock, lane_to(Service())), journal=journal)
    with pytest.raises(InvalidInputError, match="give the job an id"):
        await runner.gather([CreateTranscriptionRequest(**odd)])
    [outcome] = await runner.gather([Job(CreateTranscriptionRequest(**odd), id="mine")])
    assert outcome.is_done


def test_ids_follow_from_what_is_asked() -> None:
    """The same question has the same id wherever and whenever it is asked; any other one has another."""
    requests = [
        CreateTranscriptionRequest(file="a.mp3"),
        CreateTranslationRequest(file="a.mp3"),
        CreateTranscriptionRequest(file="b.mp3"),
        CreateTranscriptionRequest(file="a\udcff.mp3"),
        CreateTranscriptionRequest(file="a.mp3", language="de"),
        CreateTranscriptionRequest(file="a.mp3", timestamp_granularities=["word"]),
        CreateTranscriptionRequest(file="a.mp3", extra={"b": 1, "a": 2}),
        CreateTranscriptionRequest(file=DATA),
        CreateTranscriptionRequest(file=DATA + b"."),
        ImageGenerationsRequest(prompt="a.mp3"),
        ImageGenerationsRequest(prompt="a.mp3", size="1024x1024"),
    ]
    ids = [content_id(request) for request in requests]
    assert len(set(ids)) == len(ids)
    assert content_id(CreateTranscriptionRequest(file=Path("a.mp3"))) == ids[0]
    assert content_id(CreateTranscriptionRequest(file=AudioFile("a.mp3"))) == ids[0]
    assert content_id(CreateTranscriptionRequest(file=("a.mp3", bytearray(DATA)))) == ids[7]
    assert content_id(CreateTranscriptionRequest(file="a.mp3", extra={"a": 2, "b": 1})) == ids[6]
    assert ids[0] == "ca44dfa7e169ed9f"


async def test_nothing_but_the_index_grows(clock: ManualClock, recording: Path, journal: Path) -> None:
    """Of jobs that are done, in this run or an earlier one, no text and no object is left."""
    jobs = [Job(CreateTranscriptionRequest(file=recording), id=name) for name in "abc"]
    for is_known in (False, True):
        async with kept_in(journal, clock, retry_failed=False) as keeper:
            assert isinstance(keeper, Keeper)
            for job in jobs:
                known = await keeper.recall(0, job)
                assert isinstance(known, Outcome) == is_known
                if isinstance(known, str):
                    await keeper.keep(Outcome(id=known, index=0, request=job.request, result=AudioResponse(text="x")))
            assert not keeper._stamps
            assert not keeper._repeats
            assert not keeper._turns


async def test_names_that_are_no_utf8(client: AsyncAzureOpenAI, tmp_path: Path, journal: Path) -> None:
    """A folder's odd file names, and an error that names one, stop neither a batch nor its journal."""
    odd = tmp_path / "a\udcff.mp3"
    await asyncio.to_thread(odd.write_bytes, DATA)
    requests = [
        CreateTranscriptionRequest(file=odd),
        CreateTranscriptionRequest(file=odd.with_name("b\udcff.mp3")),
    ]
    for _ in range(2):
        fine, lost = await BatchRunner(client, journal=journal).gather(requests)
        assert fine.is_done
        assert isinstance(lost.error, InvalidInputError)


async def test_an_outcome_stands_in_the_journal_before_it_is_told(clock: ManualClock, journal: Path) -> None:
    """Whoever gets an outcome finds it in the journal."""
    runner = BatchRunner(pool_of(clock, lane_to(Service())), journal=journal, max_concurrency=5)
    async for outcome in runner.run(named(number) for number in range(60)):
        content = await asyncio.to_thread(journal.read_bytes)  # whose last line may still be on its way
        records = [Record.of_line(line) for line in content.splitlines()]
        assert outcome.id in {record.id for record in records if record is not None}


async def test_a_full_disk_ends_the_run(clock: ManualClock, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the journal cannot be written the run ends with an error that says so, and asks for no more jobs."""

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    service = Service()
    monkeypatch.setattr(journal_module.os, "write", full)
    before = asyncio.all_tasks()
    with pytest.raises(JournalError, match="No space left"):
        await BatchRunner(pool_of(clock, lane_to(service)), journal=journal, max_concurrency=3).gather(
            named(number) for number in range(1000)
        )
    assert len(service.asked) < 20
    assert asyncio.all_tasks() == before


async def test_a_journal_in_use(clock: ManualClock, journal: Path) -> None:
    """A second run on a journal that a first one is writing is refused; the first one goes on."""
    gate = asyncio.Event()

    async def slow(name: str) -> Any:
        await gate.wait()
        return good(name)

    runner = BatchRunner(pool_of(clock, lane_to(Service(slow))), journal=journal)
    first = asyncio.create_task(runner.gather([named("a")]))
    while not runner.progress.in_flight:
        await settle()
    with pytest.raises(JournalError, match="being written by another batch"):
        await BatchRunner(pool_of(clock, lane_to(Service())), journal=journal).gather([named("a")])
    gate.set()
    assert (await first)[0].is_done


# Any interleaving of successes, failures, interruptions and reruns


@frozen
class Life:
    """One run: which jobs fail, after how many answers it is cut off (or never), and whether failures are redone."""

    failing: frozenset[int]
    cut_after: int | None
    retry_failed: bool
    remains: int
    concurrency: int


LIVES = st.builds(
    Life,
    failing=st.frozensets(st.integers(0, 6)),
    cut_after=st.none() | st.integers(0, 8),
    retry_failed=st.booleans(),
    remains=st.integers(0, 120),
    concurrency=st.integers(1, 4),
)
NAMES = [str(number) for number in range(7)]


async def live(life: Life, journal: Path, asked: list[str]) -> None:
    """Run a batch, and cancel it after so many answers; leave the beginning of a line, as a killed process may."""
    clock, over = ManualClock(), asyncio.Event()
    answers = 0

    async def behave(name: str) -> Any:
        nonlocal answers
        asked.append(name)
        await asyncio.sleep(0)
        if answers == life.cut_after:
            over.set()
            await asyncio.Event().wait()
        answers += 1
        return BadRequestError("no", status_code=400) if int(name) in life.failing else good(name)

    runner = BatchRunner(
        pool_of(clock, lane_to(Service(behave))),
        max_concurrency=life.concurrency,
        journal=journal,
        retry_failed=life.retry_failed,
    )
    run = asyncio.create_task(runner.gather([named(name) for name in NAMES]))
    ended = asyncio.create_task(over.wait())
    await asyncio.wait([run, ended], return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        assert {outcome.id for outcome in run.result()} == set(NAMES)
    for task in (run, ended):
        task.cancel()
    await asyncio.wait([run, ended])
    line = b'{"id":"%s","index":0,"status":"done","kind":"AudioResponse","value":{"text":"never answered"}}\n' % b"5"

    def leave() -> None:
        with journal.open("ab") as file:
            file.write(line[: min(life.remains, len(line) - 2)])

    await asyncio.to_thread(leave)


async def status_in(journal: Path) -> dict[str, str]:
    opened = await Journal.open(journal)
    try:
        return await standing_in(opened)
    finally:
        await opened.close()


async def live_through(lives: Sequence[Life], journal: Path) -> None:
    known: dict[str, str] = {}
    for life in lives:
        asked: list[str] = []
        await live(life, journal, asked)
        settled = {name for name, status in known.items() if status == "done" or not life.retry_failed}
        assert settled.isdisjoint(asked)
        assert len(set(asked)) == len(asked)
        now = await status_in(journal)
        assert {name: now.get(name) for name in settled} == {name: known[name] for name in settled}
        known = now
    assert known == dict.fromkeys(NAMES, "done")


@settings(max_examples=80, deadline=None)
@given(lives=st.lists(LIVES, min_size=1, max_size=5))
def test_any_interleaving(lives: Sequence[Life]) -> None:
    """However runs fail, are cut off and follow each other, every job ends with exactly one final outcome.

    What stood as done is never asked for again, what failed only if that was wished.
    """
    last = Life(frozenset(), None, retry_failed=True, remains=0, concurrency=3)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live_through([*lives, last], Path(folder) / "night.jsonl"))
