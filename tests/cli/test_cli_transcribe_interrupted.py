"""`aoai transcribe` on a terminal and off it, interrupted, killed and resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cli.cli_tools import LINES, PATIENCE, RECORDING, HeldRecognizer, Run, Terminal

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
    assert terminal.screen[-2].startswith("2 done, 0 failed, 6 left in ")
    assert terminal.has_cursor
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
    assert_all_is_told_of_the_stop(terminal)
    assert written_in(talks) == set()
    # What nobody waits for any more takes its turn first.
    holding.let(2)
    assert_the_rest_is_done(held_run, holding, held_emulator, talks, 8)


def assert_all_is_told_of_the_stop(terminal: Terminal) -> None:
    *_, summary, last = terminal.screen
    assert re.fullmatch(r"0 done, 0 failed, 8 left in \d+ s", summary)
    assert last == "Interrupted. To go on, run the same command."
    assert not any("MB" in line or "━" in line for line in terminal.screen)
    assert terminal.has_cursor


def test_terminate_stops_at_once_on_a_terminal(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """SIGTERM is as good as a second Ctrl-C; the lines are gone, and the cursor is there again."""
    with held_run.on_terminal(*COMMAND) as terminal:
        holding.wait_for(2)
        terminal.wait_for("02.mp3|01.mp3")
        assert not terminal.has_cursor
        interrupted(terminal.process, signal.SIGTERM)
        assert terminal.wait_for_end() == 130
    assert_all_is_told_of_the_stop(terminal)
    assert written_in(talks) == set()


def test_terminate_stops_at_once(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """Off a terminal, too."""
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
    assert terminal.written == b""


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
        terminal.wait_for(
            r"^━+ 0 of 8, 0 failed\n  talks/0[01].mp3 ━+ 10.2 kB of 10.2 kB\n  talks/0[01].mp3 ━+ 10.2 kB of 10.2 kB$"
        )
        assert not terminal.has_cursor
        holding.let(1)
        holding.wait_for(1)
        terminal.wait_for(
            r"^talks/0[01].txt\n[━╸╺]+ 1 of 8, [\d.]+ a \w+, [\d:]+ s? ?left, 0 failed\n"
            r"  talks/0[01].mp3 ━+ 10.2 kB of 10.2 kB\n  talks/02.mp3 ━+ 10.2 kB of 10.2 kB$"
        )
        holding.let(7)
        assert terminal.wait_for_end() == 0
    *results, summary = terminal.screen
    assert sorted(results) == [f"talks/{name.replace('.mp3', '.txt')}" for name in NAMES]
    assert re.fullmatch(r"8 done, 0 failed in \d+ s", summary)
    assert terminal.has_cursor


def test_results_alone_on_standard_output(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """With a terminal for standard error alone, the results go where they are sent, and nowhere else."""
    holding.let(8)
    results = talks.parent / "results"
    with results.open("wb") as file, held_run.on_terminal(*COMMAND, stdout=file) as terminal:
        assert terminal.wait_for_end() == 0
    assert results.read_text().count(".txt\n") == 8
    assert b".txt" not in terminal.written
    assert len(terminal.screen) == 1


def test_lines_alone_off_the_terminal(run: Run, talks: Path) -> None:
    """With a terminal for standard output alone, it has the results as they are, and the lines are plain."""
    plain = talks.parent / "plain"
    with plain.open("wb") as file, run.on_terminal(*COMMAND, stderr=file) as terminal:
        assert terminal.wait_for_end() == 0
    assert sorted(terminal.screen) == [f"talks/{name.replace('.mp3', '.txt')}" for name in NAMES]
    assert b"\x1b" not in terminal.written
    assert plain.read_text().count(": done\n") == 8


def test_json_on_a_terminal(run: Run, talks: Path) -> None:
    """An object is one line, as long as it may be, which the terminal breaks."""
    with run.on_terminal(*COMMAND, "--json") as terminal:
        assert terminal.wait_for_end() == 0
    objects = re.findall(rb"\{.*\}", terminal.written)
    assert {json.loads(line)["input"] for line in objects} == {f"talks/{name}" for name in NAMES}


def test_names_are_text_on_a_terminal(held_run: Run, holding: HeldRecognizer, tmp_path: Path) -> None:
    """What a name says is neither obeyed by the terminal nor taken for markup, in no line."""
    (tmp_path / "[bold]:tea:\x1b[2J\n.mp3").write_bytes(RECORDING)
    with held_run.on_terminal("transcribe", ".", "-v") as terminal:
        terminal.wait_for(r"  \[bold\]:tea:\\x1b\[2J\\n.mp3 +")
        holding.let(1)
        assert terminal.wait_for_end() == 0
    result, story, *_ = terminal.screen
    assert result == r"[bold]:tea:\x1b[2J\n.txt"
    assert story.startswith(r"1 of 1: [bold]:tea:\x1b[2J\n.mp3: done (")
    with held_run.on_terminal("transcribe", ".", "-q", "--format", "srt") as terminal:
        holding.let(1)
        assert terminal.wait_for_end() == 0
    assert terminal.screen == [r"[bold]:tea:\x1b[2J\n.srt"]


def test_more_uploads_than_lines(held_run: Run, holding: HeldRecognizer, tmp_path: Path) -> None:
    """Those for which there is no room are left out, also when it is stopped, and then none is left."""
    for number in range(40):
        (tmp_path / f"{number}.mp3").write_bytes(RECORDING)
    with held_run.on_terminal("transcribe", ".", "--concurrency", "40", "--rpm", "60000") as terminal:
        holding.wait_for(40)
        terminal.wait_for(r"0 of 40.*\n +\.\.\.$")
        assert len(terminal.screen) == LINES
        interrupted(terminal.process, signal.SIGTERM)
        assert terminal.wait_for_end() == 130
    assert len(terminal.screen) == 2
    # One more where a frame was drawn in the moment when there was just room for all that had begun.
    assert len(set(re.findall(rb"\d+.mp3", terminal.written))) in (LINES - 2, LINES - 1)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TTY_COMPATIBLE": "0"}])
def test_a_terminal_that_draws_nothing(run: Run, talks: Path, environment: dict[str, str]) -> None:
    """On a terminal that understands no control sequences the lines are plain."""
    plain = Run(run.folder, {**run.environment, **environment})
    with plain.on_terminal(*COMMAND) as terminal:
        assert terminal.wait_for_end() == 0
    assert b"\x1b" not in terminal.written
    assert terminal.written.count(b": done\r\n") == 8


def test_without_colours(held_run: Run, holding: HeldRecognizer, talks: Path) -> None:
    """NO_COLOR leaves the lines without colours."""
    holding.let(8)
    with Run(held_run.folder, {**held_run.environment, "NO_COLOR": "1"}).on_terminal(*COMMAND) as terminal:
        assert terminal.wait_for_end() == 0
    assert b" of 8, " in terminal.written
    assert not re.search(rb"\x1b\[[\d;]+m", terminal.written)


def test_without_rich(run: Run, talks: Path) -> None:
    """On a terminal the lines are plain, and what is missing is told; elsewhere it makes no difference."""
    script = "import sys; sys.modules['rich'] = None; from aoai_async.cli.main import main; sys.exit(main())"
    bare = Run(run.folder, run.environment, [sys.executable, "-Ic", script])
    with bare.on_terminal(*COMMAND) as terminal:
        assert terminal.wait_for_end() == 0
    assert terminal.screen[0] == "Progress is told in plain lines; pip install 'aoai-async[cli]' draws it."
    assert terminal.written.count(b": done\r\n") == 8
    assert b"\x1b" not in terminal.written
    assert "pip install" not in bare(*COMMAND).stderr


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
    assert sorted(terminal.written.decode().split()) == [f"talks/{name.replace('.mp3', '.txt')}" for name in NAMES]


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
