"""The journal by itself: what a file of outcomes survives."""

import asyncio
import base64
import os
import random
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from batch.batch_tools import lines_of, named, open_files, settle, standing_in

from aoai_async import AudioResponse, GenerateImagesResponse, ImageResult, RateLimitError
from aoai_async.batch import index as index_module
from aoai_async.batch import journal as journal_module
from aoai_async.batch.jobs import Outcome
from aoai_async.batch.journal import Journal
from aoai_async.batch.records import Record, record_of
from aoai_async.errors import JournalError

HOLDER = """
import asyncio, sys
from aoai_async.batch.journal import Journal
journal = asyncio.run(Journal.open(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "night.jsonl"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(path)
    try:
        yield journal
    finally:
        await journal.close()


def record(name: object, text: str = "heard") -> Record:
    outcome = Outcome(id=str(name), index=0, request=named(name).request, result=AudioResponse(text=text), attempts=1)
    return record_of(outcome, None, 1.0)


def refusal(name: object) -> Record:
    error = RateLimitError("no", status_code=429, retry_after=9)
    return record_of(Outcome(id=str(name), index=0, request=named(name).request, error=error), None, 1.0)


def picture(name: str, size: int) -> Record:
    data = [ImageResult(b64_json=base64.b64encode(random.Random(name).randbytes(size)).decode())]  # noqa: S311 - a picture
    outcome = Outcome(
        id=name, index=0, request=named(name).request, result=GenerateImagesResponse(created=1, data=data)
    )
    return record_of(outcome, None, 1.0)


async def done_in(path: Path) -> set[str]:
    async with opened(path) as journal:
        return {name for name, status in (await standing_in(journal)).items() if status == "done"}


async def text_of(path: Path, name: str) -> str:
    async with opened(path) as journal:
        result, error = await told_of(journal, name)
        assert error is None
        return str(result.text)


async def told_of(journal: Journal, name: str) -> tuple[Any, Any]:
    kept = await journal.read(name)
    assert kept is not None
    assert kept.record.id == name
    return kept.result, kept.error


async def test_what_was_written_is_read(path: Path) -> None:
    """Outcomes come back from a journal that was closed and opened again; the last one of a job counts."""
    async with opened(path) as journal:
        await journal.write(record("a"))
        await journal.write(refusal("b"))
        await journal.write(refusal("c"))
        await journal.write(record("c", "later"))
    async with opened(path) as journal:
        assert await standing_in(journal) == {"a": "done", "b": "failed", "c": "done"}
        assert await told_of(journal, "c") == (AudioResponse(text="later"), None)
        result, error = await told_of(journal, "b")
        assert result is None
        assert isinstance(error, RateLimitError)
        assert error.retry_after == 9
    assert [line["id"] for line in await lines_of(path)] == ["a", "b", "c", "c"]


async def test_a_new_journal_is_an_empty_file(path: Path) -> None:
    """To open a journal that is not there begins one; nothing else appears beside it."""
    async with opened(path) as journal:
        assert await standing_in(journal) == {}
    assert await asyncio.to_thread(path.read_bytes) == b""
    assert await asyncio.to_thread(os.listdir, path.parent) == ["night.jsonl"]


async def test_large_results_lie_beside_it(path: Path) -> None:
    """A picture of more than a line's 64 KiB lies as a file of its own; a smaller one stands in its line."""
    async with opened(path) as journal:
        await journal.write(picture("large", 60_000))
        await journal.write(picture("small", 30_000))
    large, small = await lines_of(path)
    assert ("value" in large, "file" in small) == (False, False)
    folder = path.with_name("night.jsonl.results")
    assert await asyncio.to_thread(os.listdir, folder) == [large["file"]]
    async with opened(path) as journal:
        for name, size in (("large", 60_000), ("small", 30_000)):
            result, _ = await told_of(journal, name)
            assert base64.b64decode(result.data[0].b64_json) == random.Random(name).randbytes(size)  # noqa: S311 - a picture


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
async def test_a_large_result_that_is_damaged(path: Path, damage: str) -> None:
    """A result whose file is gone or damaged is an error of the journal that names the job, and no foreign one."""
    async with opened(path) as journal:
        await journal.write(picture("large", 60_000))
    [file] = await asyncio.to_thread(lambda: list(path.with_name("night.jsonl.results").iterdir()))
    actions: dict[str, Callable[[], object]] = {
        "gone": file.unlink,
        "cut": lambda: os.truncate(file, 50_000),
        "other": lambda: file.write_bytes(b'{"data": 7}'),
    }
    await asyncio.to_thread(actions[damage])
    async with opened(path) as journal:
        assert await standing_in(journal) == {"large": "done"}
        result, error = await told_of(journal, "large")
        assert result is None
        assert isinstance(error, JournalError)
        assert "large" in error.message


async def test_what_a_killed_process_left_half_is_removed(path: Path) -> None:
    """A result under its temporary name belongs to nobody once the journal is opened again."""
    folder = path.with_name("night.jsonl.results")

    def leave_part() -> None:
        folder.mkdir()
        (folder / ".abc.json.1234.part").write_bytes(b'{"created": 1, "da')
        (folder / "abc.json").write_bytes(b"{}")

    await asyncio.to_thread(leave_part)
    async with opened(path):
        assert await asyncio.to_thread(os.listdir, folder) == ["abc.json"]


async def test_a_last_line_cut_at_every_byte(path: Path) -> None:
    """Wherever its last line is cut, the others count, and what is written next is not spoilt by the remains."""
    async with opened(path) as journal:
        await journal.write(record("a"))
        await journal.write(record("b", "Grüße \U0001f600"))
    whole = await asyncio.to_thread(path.read_bytes)
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        await asyncio.to_thread(path.write_bytes, whole[:cut])
        async with opened(path) as journal:
            assert set(await standing_in(journal)) == ({"a", "b"} if cut == len(whole) - 1 else {"a"})
            await journal.write(record("c"))
        assert await done_in(path) == ({"a", "b", "c"} if cut == len(whole) - 1 else {"a", "c"})
        assert await text_of(path, "c") == "heard"


async def test_a_first_line_cut_at_every_byte(path: Path) -> None:
    """A journal whose only line is half is as good as empty."""
    line = record("a").line()
    for cut in range(len(line) - 1):
        await asyncio.to_thread(path.write_bytes, line[:cut])
        async with opened(path) as journal:
            assert await standing_in(journal) == {}
            await journal.write(record("a"))
        assert await done_in(path) == {"a"}


async def test_lines_of_no_meaning_are_passed_over(path: Path) -> None:
    """Empty lines, other JSON, bytes of no meaning and very long lines do not keep the others from counting."""
    odd = [b"", b"{}", b"null", b"\x00" * 5000, b"\xff\xfe", b"x" * 300_000, b'{"id": "a"}', b"\r"]
    lines = [record("a").line().rstrip(), *odd, record("b").line().rstrip(), *odd, record("c").line().rstrip()]
    await asyncio.to_thread(path.write_bytes, b"\n".join(lines))
    assert await done_in(path) == {"a", "b", "c"}
    assert await text_of(path, "a") == await text_of(path, "c") == "heard"


async def test_refuses_a_second_writer_in_another_process(path: Path) -> None:
    """While another process writes a journal, it cannot be opened, and the error says so; afterwards it can."""

    def hold() -> "subprocess.Popen[str]":
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    holder = await asyncio.to_thread(hold)
    try:
        with pytest.raises(JournalError, match=r"night\.jsonl is being written by another batch"):
            await Journal.open(path)
    finally:
        await asyncio.to_thread(holder.communicate)
    async with opened(path) as journal:
        await journal.write(record("a"))


async def test_refuses_a_second_writer_in_this_process(path: Path) -> None:
    """Two batches of one process cannot share a journal either, and the refused one leaves nothing open."""
    async with opened(path):
        before = await open_files()
        with pytest.raises(JournalError, match="another batch"):
            await Journal.open(path)
        assert await open_files() == before


@pytest.mark.parametrize("place", ["no/such/folder/a.jsonl", "."])
async def test_a_place_that_takes_no_journal(tmp_path: Path, place: str) -> None:
    """A journal in a folder that does not exist, or that is one, is refused with its name and the reason."""
    before = await open_files()
    with pytest.raises(JournalError, match="cannot be opened"):
        await Journal.open(tmp_path / place)
    assert await open_files() == before


class Disk:
    """Stands before `os.write`: counts, holds writes back, and is full after so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: float = float("inf")
        self.blocks: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._write = os.write
        monkeypatch.setattr(journal_module.os, "write", self.write)

    def write(self, descriptor: int, data: Any) -> int:
        """Write as much as there is room for."""
        self.blocks.append(bytes(data).count(b"\n"))
        assert self.gate.wait(20)
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        written = self._write(descriptor, data[: int(min(self.room, len(data)))])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_many_outcomes_share_a_write(path: Path, disk: Disk) -> None:
    """While one write goes on all further outcomes gather for the next one; each caller returns when its own stands."""
    async with opened(path) as journal:
        disk.gate.clear()
        first = asyncio.create_task(journal.write(record("first")))
        await settle()
        rest = [asyncio.create_task(journal.write(record(number))) for number in range(500)]
        await settle()
        assert not any(task.done() for task in (first, *rest))
        disk.gate.set()
        await asyncio.gather(first, *rest)
        assert disk.blocks == [1, 500]
    assert len(await lines_of(path)) == 501


async def test_a_full_disk_is_an_error_of_the_journal(path: Path, disk: Disk) -> None:
    """An outcome that finds no room is refused with the reason, leaves no half line, and the next one fits again."""
    async with opened(path) as journal:
        await journal.write(record("a"))
        disk.room = 20
        with pytest.raises(JournalError, match="No space left on device"):
            await journal.write(record("b"))
        disk.room = float("inf")
        await journal.write(record("c"))
    assert [line["id"] for line in await lines_of(path)] == ["a", "c"]


async def test_a_large_result_that_finds_no_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a result's own file cannot be written, the outcome is refused, and no part of it is left."""
    write_bytes = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write_bytes(self, data[:1000])
        raise OSError(28, "No space left on device")

    async with opened(path) as journal:
        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(JournalError, match="No space left on device"):
            await journal.write(picture("large", 60_000))
    assert await asyncio.to_thread(os.listdir, path.with_name("night.jsonl.results")) == []
    assert await lines_of(path) == []


async def test_short_writes_are_continued(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the system takes only a part of is continued."""
    write = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    async with opened(path) as journal:
        await asyncio.gather(*(journal.write(record(number)) for number in range(5)))
    assert len(await lines_of(path)) == 5


async def test_a_cancelled_writer_loses_no_outcome(path: Path, disk: Disk) -> None:
    """Outcomes whose callers were cancelled while they were written, or waited to be, stand in the closed journal."""
    before = await open_files()
    async with opened(path) as journal:
        disk.gate.clear()
        tasks = [asyncio.create_task(journal.write(record("first")))]
        await settle()
        tasks += [asyncio.create_task(journal.write(record(number))) for number in range(3)]
        await settle()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        disk.gate.set()
    assert [line["id"] for line in await lines_of(path)] == ["first", "0", "1", "2"]
    assert await open_files() == before


async def test_closing_waits_for_what_is_written_even_when_cancelled(path: Path, disk: Disk) -> None:
    """A journal whose closing is cancelled closes its file all the same, and not before the last line is out."""
    before = await open_files()
    journal = await Journal.open(path)
    disk.gate.clear()
    writing = asyncio.create_task(journal.write(record("a")))
    await settle()
    closing = asyncio.create_task(journal.close())
    await settle()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert await open_files() != before
    disk.gate.set()
    await writing
    await settle()
    assert await open_files() == before
    assert len(await lines_of(path)) == 1


async def test_a_closed_journal_takes_nothing(path: Path) -> None:
    """What comes after the end is refused, and goes into nobody else's file."""
    journal = await Journal.open(path)
    await journal.close()
    with pytest.raises(JournalError):
        await journal.write(record("a"))


async def test_a_journal_changed_under_its_reader(path: Path) -> None:
    """When somebody else rewrote the journal while it was open, what is read from it is refused."""
    async with opened(path) as journal:
        await journal.write(record("a"))
    async with opened(path) as journal:
        await asyncio.to_thread(path.write_bytes, b"x" * 1000)
        with pytest.raises(JournalError, match="changed by somebody else"):
            await journal.read("a")


async def test_a_journal_whose_lines_were_moved_under_its_reader(path: Path) -> None:
    """When the line of another job stands where a job's line was, it is taken for neither's, but refused."""
    async with opened(path) as journal:
        await journal.write(record("a"))
        await journal.write(record("b"))
    first, second = (await asyncio.to_thread(path.read_bytes)).splitlines(keepends=True)
    async with opened(path) as journal:
        await asyncio.to_thread(path.write_bytes, second + first)
        for name in "ab":
            with pytest.raises(JournalError, match="changed by somebody else"):
                await journal.read(name)


async def test_a_journal_of_jobs_that_are_indexed_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index cannot tell jobs apart, each gets back its own, and one that is not there gets nothing."""
    monkeypatch.setattr(index_module, "_digest", lambda _: 7)
    async with opened(path) as journal:
        for written in (record("a"), refusal("b"), refusal("c"), record("d"), record("c", "later"), refusal("d")):
            await journal.write(written)
    async with opened(path) as journal:
        assert await standing_in(journal) == {"a": "done", "b": "failed", "c": "done", "d": "failed"}
        assert await told_of(journal, "a") == (AudioResponse(text="heard"), None)
        assert await told_of(journal, "c") == (AudioResponse(text="later"), None)
        assert await journal.read("e") is None


async def test_a_job_is_met_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of a journal is new to a run until it was met, whoever else was, also where the index tells none apart."""
    monkeypatch.setattr(index_module, "_digest", lambda _: 7)
    async with opened(path) as journal:
        for name in "abab":
            await journal.write(record(name))
    for _ in range(2):
        async with opened(path) as journal:
            met = [kept for name in "aabba" if (kept := await journal.read(name)) is not None]
            assert [journal.mark(kept) for kept in met] == [True, False, True, False, False]
