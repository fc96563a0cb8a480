"""`aoai transcribe` on a terminal and off it, interrupted, killed and resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cli.cli_tools import PATIENCE, RECORDING, HeldRecognizer, Run, Terminal

from aoai_async.emulator import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import AzureOpenAIEmulator

# A quota that is told is used at once; one that has to be learnt is felt for first.
COMMAND = ("transcribe", "talks", "--concurrency", "2", "--rpm", "60000")
NAMES = [f"{number:02}.mp3" for number in range(8)]


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """A folder of eight recordings."""
    folder = tmp_path / "talks"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(RECORDING + name.encode())
    return folder


def written_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.txt")}


def journaled(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / ".aoai/transcribe.jsonl").read_text().splitlines()]


def interrupted(process: subprocess.Popen[bytes], number: int = signal.SIGINT) -> None:
    os.kill(process.pid, number)


# Ctrl-C


def test_the_first_interrupt_finishes_what_is_in_flight(
    held_run: Run, holding: HeldRecognizer, held_emulator: AzureOpenAIEmulator, talks: Path
) -> None:
    """It says how many are in flight and how to go on; they end and are written; no others begin; the status is 130."""
    with held_run.on_terminal(*COMMAND) as terminal:
        holding.wait_for(2)
        interrupted(terminal.process)
        terminal.wait_for("Finishing 2 in flight; Ctrl-C again stops at once. To go on later, run the same command.")
        holding.let(2)
        assert terminal.wait_for_end() == 130
    assert written_in(talks) == {"00.txt", "01.txt"}
    assert "2 done, 0 failed, 6 left" in terminal.written
    assert len(held_emulator.requests) == 2
    assert_the_rest_is_done(held_run, holding, held_emulator, talks, 6)


def assert_the_rest_is_done(
    run: Run, holding: HeldRecognizer, emulator: AzureOpenAIEmulator, talks: Path, count: int
) -> None:
    emulator.clear_requests()
    holding.let(count)
    assert run(*COMMAND).returncode == 0
    assert len(emulator.requests) == count
    assert written_in(talks) == {name.replace(".mp3", ".txt") for name in NAMES}
    assert not list(talks.glob(".*.part"))


def test_the_second_interrupt_stops_at_once(
    held_run: Run, holding: HeldRecognizer, held_emulator: AzureOpenAIEmulator, talks: Path
) -> None:
    """Nobody waits for what is in flight any more, and the next run does it."""
    with held_run.on_terminal(*COMMAND) as terminal:
        holding.wait_for(2)
        interrupted(terminal.process)
        terminal.wait_for("Ctrl-C again")
        interrupted(terminal.process)
        assert terminal.wait_for_end() == 130
    assert "Traceback" not in terminal.written
    assert terminal.screen[-2:] == ["Interrupted. To go on, run the same command.", ""]
    assert written_in(talks) == set()
    # What nobody waits for any more takes its turn first.
    holding.let(2)
    assert_the_rest_is_done(held_run, holding, held_emulator, talks, 8)


def test_terminate_stops_at_once(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """SIGTERM is as good as a second Ctrl-C, off a terminal as well."""
    with held_run.started(*COMMAND, stderr=subprocess.PIPE) as process:
        holding.wait_for(2)
        interrupted(process, signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Interrupted. To go on, run the same command." in told
    assert b"Traceback" not in told
    assert written_in(talks) == set()


def test_an_interrupt_while_waiting_for_standard_input(run: Run) -> None:
    """Ctrl-C ends the wait at once."""
    with run.on_terminal("transcribe", "-", stdin=subprocess.PIPE) as terminal:
        assert terminal.process.stdin is not None
        # More than a pipe holds: when it is written, the command reads.
        terminal.process.stdin.write(RECORDING * 20)
        terminal.process.stdin.flush()
        interrupted(terminal.process)
        assert terminal.wait_for_end() == 130
        terminal.process.stdin.close()
    assert terminal.written == ""


# Killed


@pytest.mark.parametrize("after", [1, 3])
def test_a_killed_run_is_resumed(
    held_run: Run, holding: HeldRecognizer, held_emulator: AzureOpenAIEmulator, talks: Path, after: int
) -> None:
    """After SIGKILL the same command does what was not done, and pays at most what was in flight a second time."""
    with held_run.started(*COMMAND, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        holding.let(after)
        told = [process.stdout.readline().decode().strip() for _ in range(after)]
        interrupted(process, signal.SIGKILL)
        process.wait(PATIENCE)
    done = len(journaled(talks.parent))
    assert all((talks.parent / path).read_text() for path in told)
    assert done >= after
    # Those who are let only now were in flight.
    holding.let(2)
    assert_the_rest_is_done(held_run, holding, held_emulator, talks, 8 - done)


def test_killed_between_the_answer_and_the_file(run: Run, aoai_emulator: AzureOpenAIEmulator, talks: Path) -> None:
    """What the journal has and the disk has not, or has only of the recording as it was before, is written."""
    assert run(*COMMAND).returncode == 0
    ledger = talks.parent / ".aoai/transcribe.outputs.jsonl"
    before = ledger.read_bytes(), (talks / "00.txt").stat()
    (talks / "00.mp3").write_bytes(RECORDING * 2)
    (talks / "01.mp3").write_bytes(RECORDING * 2)
    aoai_emulator.set_faults([Fault(body="Something new."), Fault(body="Something new.")])
    assert run(*COMMAND).returncode == 0
    # As if it had been killed before any of these files was written.
    ledger.write_bytes(before[0])
    (talks / "00.txt").write_text("The kettle is on. Would you like some tea?\n")
    os.utime(talks / "00.txt", ns=(before[1].st_mtime_ns, before[1].st_mtime_ns))
    (talks / "01.txt").unlink()
    aoai_emulator.clear_requests()
    done = run(*COMMAND)
    assert (done.returncode, sorted(done.stdout.split())) == (0, ["talks/00.txt", "talks/01.txt"])
    assert (talks / "00.txt").read_text() == (talks / "01.txt").read_text() == "Something new.\n"
    assert aoai_emulator.requests == []


# What is seen


def test_on_a_terminal(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """An overall bar, a line for each upload in flight, redrawn in place; in the end results and the sum are left."""
    with held_run.on_terminal(*COMMAND) as terminal:
        holding.wait_for(2)
        terminal.wait_for(r"0 of 8, 0 failed\r\n  talks/0[01].mp3 +0.0 MB sent\r\n  talks/0[01].mp3 +0.0 MB sent")
        holding.let(1)
        terminal.wait_for(r"█+░+ 1 of 8, [\d.]+ a \w+, [\d:]+ s? ?left, 0 failed")
        holding.let(7)
        assert terminal.wait_for_end() == 0
    screen = terminal.screen
    assert sorted(screen[:8]) == [f"talks/{name.replace('.mp3', '.txt')}" for name in NAMES]
    assert re.fullmatch(r"8 done, 0 failed in \d+ s", screen[8])
    assert screen[9:] == [""]


def test_results_alone_on_standard_output(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """With a terminal for standard error alone, the results go where they are sent, and nowhere else."""
    holding.let(8)
    results = talks.parent / "results"
    with results.open("wb") as file, held_run.on_terminal(*COMMAND, stdout=file) as terminal:
        assert terminal.wait_for_end() == 0
    assert results.read_text().count(".txt\n") == 8
    assert ".txt" not in terminal.written
    assert len(terminal.screen) == 2


def test_plain_lines_off_a_terminal(run: Run, talks: Path) -> None:
    """Where there is no terminal each outcome is a line, without a control character."""
    told = run(*COMMAND).stderr
    assert "\x1b" not in told
    assert re.search(r"^8 of 8: talks/\d\d.mp3: done$", told, re.MULTILINE)
    assert told.count("\n") == 9


def test_quiet_on_a_terminal(run: Run, talks: Path) -> None:
    """-q shows no progress on a terminal, either; the results are all there is."""
    with run.on_terminal(*COMMAND, "-q") as terminal:
        assert terminal.wait_for_end() == 0
    assert sorted(terminal.written.split()) == [f"talks/{name.replace('.mp3', '.txt')}" for name in NAMES]


def test_a_reader_that_hangs_up(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """When nobody reads the results any more it ends with a line, not with a traceback."""
    reading, writing = os.pipe()
    with held_run.started(*COMMAND, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.close(reading)
        holding.let(8)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert b"Traceback" not in told


def test_two_at_once_are_told_of_each_other(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """Two runs cannot share a journal: the second one says so, and with a journal of its own it runs."""
    with held_run.on_terminal(*COMMAND) as terminal:
        holding.wait_for(2)
        second = held_run("transcribe", "talks", "--language", "en")
        assert second.returncode == 1
        assert "is being written by another batch" in second.stderr
        holding.let(8)
        assert terminal.wait_for_end() == 0
    holding.let(8)
    assert held_run("transcribe", "talks", "--journal", "own.jsonl", "--overwrite").returncode == 0


def test_a_terminal_knows_what_is_seen() -> None:
    """The screen of these tests does what the command's control sequences say."""
    terminal = Terminal(None, 0)  # type: ignore[arg-type] - nothing runs on it
    terminal.written = "kept\r\none\r\ntwo\r\n\x1b[2A\r\x1b[Jthree\r\n"
    assert terminal.screen == ["kept", "three", ""]
