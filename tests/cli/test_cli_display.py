"""The lines of progress, the failures, and what is known of written files."""

from __future__ import annotations

import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest
from cli.cli_tools import PATIENCE
from rich.console import Console

from aoai_async import (
    AzureOpenAIError,
    CreateTranscriptionRequest,
    InternalServerError,
    InvalidInputError,
    RequestTooLargeError,
)
from aoai_async.batch import Outcome, Progress
from aoai_async.cli.display import Display
from aoai_async.cli.display_lines import Upload, overall, printable, summary
from aoai_async.cli.failures import Failures, output_error
from aoai_async.cli.live_lines import live_lines
from aoai_async.cli.outputs import Ledger
from aoai_async.cli.remedies import OutputError, is_locked_out, remedy_for

if TYPE_CHECKING:
    from pathlib import Path

    from rich.live import Live


def outcome(name: str, error: AzureOpenAIError | None = None, *, is_from_journal: bool = False) -> Outcome:
    request = CreateTranscriptionRequest(file=name)
    return Outcome(id=name, index=0, request=request, error=error, is_from_journal=is_from_journal)


def progress_of(total: int, *outcomes: Outcome, every: float = 1.0) -> Progress:
    progress = Progress(total=total)
    for number, each in enumerate(outcomes, start=1):
        progress.note(each, number * every)
    return progress


@pytest.mark.parametrize(
    ("progress", "now", "line"),
    [
        (progress_of(4), 0.0, "0 of 4, 0 failed"),
        (progress_of(4, outcome("a")), 1.0, "1 of 4, 1.0 a second, 3 s left, 0 failed"),
        # Time goes by between two outcomes.
        (progress_of(4, outcome("a")), 3.0, "1 of 4, 1.0 a second, 1 s left, 0 failed"),
        (progress_of(100, outcome("a"), every=120), 120.0, "1 of 100, 0.5 a minute, 3:18:00 left, 0 failed"),
        (
            progress_of(2, outcome("a", is_from_journal=True), outcome("b", InvalidInputError("no"))),
            2.0,
            "2 of 2, 30.0 a minute, 0 s left, 1 done before, 1 failed",
        ),
        (progress_of(0), 0.0, "0 of 0, 0 s left, 0 failed"),
    ],
)
def test_the_overall_line(progress: Progress, now: float, line: str) -> None:
    """It has how many of how many, the rate, the time left, what was done before, and failures."""
    assert overall(progress, now) == line


def lines_on(terminal: io.StringIO, uploads: dict[int, Upload]) -> Live:
    console = Console(file=terminal, force_terminal=True, width=100, height=5, color_system=None)
    return live_lines(Progress(total=9), uploads, console)


def test_a_line_for_each_upload() -> None:
    """It names the recording and says how many bytes are sent; a long name keeps its end, and nothing is obeyed."""
    uploads = {
        1: Upload("talk.mp3", 500_000, 12_300_000),
        2: Upload("a" * 50 + ".mp3", 12_300_000, 12_300_000),
        3: Upload("\x1b[2J.mp3", 0, 1),
    }
    with lines_on(terminal := io.StringIO(), uploads) as live:
        live.refresh()
        first, second, third = (line.split() for line in terminal.getvalue().splitlines()[-3:])
    assert (first[0], first[-5:]) == ("talk.mp3", ["500.0", "kB", "of", "12.3", "MB"])
    assert second[0] == f"…{'a' * 35}.mp3"
    assert third[0] == "\\x1b[2J.mp3"


def test_no_more_lines_than_the_terminal_has() -> None:
    """Uploads for which there is no room are left out, and that is seen."""
    lines = lines_on(terminal := io.StringIO(), {number: Upload(f"{number}.mp3", 0, 1) for number in range(9)})
    lines.start(refresh=True)
    first, *uploads, last = terminal.getvalue().splitlines()
    lines.stop()
    assert "0 of 9" in first
    assert [upload.split()[0] for upload in uploads] == ["0.mp3", "1.mp3", "2.mp3"]
    assert last.strip() == "..."


class Stalled(io.StringIO):
    """A terminal that takes what is written only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached, self.is_let = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        """Write, once it is let."""
        self.is_reached.set()
        assert self.is_let.wait(PATIENCE)
        return super().write(text)


async def test_a_terminal_that_stands_still() -> None:
    """Neither the loop nor what it tells of uploads waits for the terminal."""
    uploads: dict[int, Upload] = {}
    lines = lines_on(terminal := Stalled(), uploads)
    writer = ThreadPoolExecutor(1)
    display = Display(Progress(), lambda _: "talk.mp3", False, False, False, writer, uploads, lines)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shown_until_let, display)
        await anyio.to_thread.run_sync(terminal.is_reached.wait, PATIENCE)
        display.uploading(request := CreateTranscriptionRequest(file="talk.mp3"), 1, 2)
        display.settled(request)
        terminal.is_let.set()
    writer.shutdown(wait=False)
    assert terminal.getvalue()


async def shown_until_let(display: Display) -> None:
    async with display.live():
        pass


def test_the_sum() -> None:
    """It tells what was done, failed and left, and how long it took."""
    progress = progress_of(5, outcome("a"), outcome("b", InvalidInputError("no")))
    assert summary(progress, 90.0) == "1 done, 1 failed, 3 left in 0:01:30"


@pytest.mark.parametrize(
    ("text", "seen"),
    [("héllo 🎉", "héllo 🎉"), ("a\nb\x1b[0m", "a\\nb\\x1b[0m"), ("\udcff", "\\udcff"), ("\u202e", "\\u202e")],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, seen: str) -> None:
    """Names and messages cannot move the cursor, change colours or turn the line round."""
    assert printable(text) == seen


# Failures


def failures_in(folder: Path, *outcomes: Outcome) -> Failures:
    failures = Failures(folder / "failures.jsonl", lambda request: getattr(request, "file", ""))
    for each in outcomes:
        assert each.error is not None
        failures.add(each, each.error)
    return failures


def test_failures_are_told_with_what_to_do(tmp_path: Path) -> None:
    """Each is named with its error and a remedy; one of an earlier run says so; the file is named."""
    failures = failures_in(
        tmp_path,
        outcome("a", RequestTooLargeError("Too large", status_code=413)),
        outcome("b", InternalServerError("Broken", status_code=500), is_from_journal=True),
    )
    first, second, last = failures.told(is_traced=False)
    assert first.startswith("a failed: 413: Too large\n  To do: compress it")
    assert second == "b failed in an earlier run: 500: Broken\n  To do: run the same command with --retry-failed."
    assert last.endswith("failures.jsonl")


def test_very_many_failures(tmp_path: Path) -> None:
    """Not all are told to a person; all are in the file, and that is said."""
    failures = failures_in(tmp_path, *(outcome(str(number), InvalidInputError("no")) for number in range(60)))
    told = list(failures.told(is_traced=False))
    assert len(told) == 51
    assert told[-1].startswith("… and 10 more; all are in ")
    failures.write()
    lines = (tmp_path / "failures.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in lines] == [str(number) for number in range(60)]


def test_no_failures_leave_no_file(tmp_path: Path) -> None:
    """The file of an earlier run is removed, and nothing is told."""
    failures_in(tmp_path, outcome("a", InvalidInputError("no"))).write()
    failures_in(tmp_path).write()
    assert list(tmp_path.iterdir()) == []
    assert list(failures_in(tmp_path).told(is_traced=False)) == []


def test_an_error_of_the_system_is_one_of_ours() -> None:
    """It keeps its reason and place; one of ours stays what it is."""
    ours = InvalidInputError("no")
    assert output_error(ours) is ours
    theirs = output_error(PermissionError(13, "Permission denied", "talk.txt"))
    assert isinstance(theirs, OutputError)
    assert str(theirs) == "Permission denied: talk.txt"
    assert str(output_error(OSError("odd"))) == "odd"


def test_every_error_has_a_remedy() -> None:
    """Also one that nobody thought of; only some mean that nobody is let in."""
    assert remedy_for(AzureOpenAIError("odd"))
    assert not is_locked_out(AzureOpenAIError("odd"))


# What is known of written files


def test_the_ledger_knows_its_files(tmp_path: Path) -> None:
    """A file is known by its recording, content and looks, also after a run that ended in the middle of a line."""
    place, recording = tmp_path / "out/talk.txt", tmp_path / "talk.mp3"
    path = tmp_path / "ledger"
    Ledger.opened(path, tmp_path).write(place, b"said", recording)
    path.write_bytes(path.read_bytes() + b'\n["half')
    ledger = Ledger.opened(path, tmp_path)
    ledger.write(tmp_path / "other.txt", b"other", recording)
    ledger = Ledger.opened(path, tmp_path)
    assert place.read_bytes() == b"said"
    assert ledger.was_written(place, b"said")
    assert not ledger.was_written(place, b"other")
    assert ledger.was_written(tmp_path / "other.txt", b"other")
    assert ledger.is_known(place, recording)
    assert not ledger.is_known(place, tmp_path / "another.mp3")
    assert ledger.is_untouched(place, recording)
    place.write_bytes(b"corrected")
    assert not ledger.is_untouched(place, recording)
    assert ledger.was_written(place, b"said")
    place.unlink()
    assert not ledger.was_written(place, b"said")


def test_a_file_that_was_to_be_replaced(tmp_path: Path) -> None:
    """When a run is killed after it noted a file and before it put it in its place, the old one is not taken for it."""
    place, recording, path = tmp_path / "talk.txt", tmp_path / "talk.mp3", tmp_path / "ledger"
    Ledger.opened(path, tmp_path).write(place, b"old", recording)
    os.link(place, tmp_path / "kept")
    Ledger.opened(path, tmp_path).write(place, b"new", recording)
    os.replace(tmp_path / "kept", place)
    ledger = Ledger.opened(path, tmp_path)
    assert place.read_bytes() == b"old"
    assert not ledger.was_written(place, b"new")
    assert ledger.is_untouched(place, recording)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """When it cannot be put in its place, nothing is left behind."""
    (tmp_path / "talk.txt").mkdir()
    with pytest.raises(OSError, match="talk"):
        Ledger.opened(tmp_path / "ledger", tmp_path).write(tmp_path / "talk.txt", b"said", tmp_path / "talk.mp3")
    assert {path.name for path in tmp_path.iterdir()} == {"talk.txt", "ledger"}
