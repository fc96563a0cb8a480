"""`aoai images` on a terminal, interrupted, killed and resumed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli.cli_painters import HeldPainter, billed, manifest, pictures_in
from cli.cli_tools import PATIENCE, Run, settings

from aoai_async.emulator import AzureOpenAIEmulator, emulator_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROMPTS = [f"prompt {number}" for number in range(1, 7)]
NAMES = [f"{number:04}-prompt-{number}.png" for number in range(1, 7)]
COMMAND = ("images", "prompts.txt", "--model", "dall-e-3", "--out", "out", "--rpm", "60000", "--concurrency", "2")


@pytest.fixture
def painter() -> HeldPainter:
    """Paints when the test lets it."""
    return HeldPainter()


@pytest.fixture
def studio(painter: HeldPainter) -> Iterator[AzureOpenAIEmulator]:
    """An emulator that paints when the test lets it."""
    with emulator_in_thread(painter=painter) as emulator:
        try:
            yield emulator
        finally:
            painter.let(1000)


@pytest.fixture
def draw(tmp_path: Path, studio: AzureOpenAIEmulator) -> Run:
    """Runs the command with six prompts."""
    (tmp_path / "prompts.txt").write_text("\n".join(PROMPTS))
    return Run(tmp_path, settings(studio))


def assert_the_rest_is_done(draw: Run, painter: HeldPainter, studio: AzureOpenAIEmulator, count: int) -> None:
    studio.clear_requests()
    painter.let(count)
    done = draw(*COMMAND)
    assert done.returncode == 0, done.stderr
    assert len(billed(studio)) == count
    assert pictures_in(draw.folder / "out") == NAMES
    assert [line["file"] for line in manifest(draw.folder / "out")] == NAMES
    assert not list((draw.folder / "out").glob(".*.part"))


def test_the_first_interrupt_finishes_what_is_in_flight(
    draw: Run, painter: HeldPainter, studio: AzureOpenAIEmulator
) -> None:
    """What is in flight is drawn and saved and stands in manifest and gallery; the next run does the rest."""
    with draw.on_terminal(*COMMAND) as terminal:
        painter.wait_for(2)
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_for("Finishing 2 in flight; Ctrl-C again stops at once. To go on later, run the same command.")
        painter.let(2)
        assert terminal.wait_for_end() == 130
    assert pictures_in(draw.folder / "out") == NAMES[:2]
    assert [line["file"] for line in manifest(draw.folder / "out")] == NAMES[:2]
    assert "prompt 2" in (draw.folder / "out" / "index.html").read_text()
    assert_the_rest_is_done(draw, painter, studio, 4)


def test_the_second_interrupt_stops_at_once(draw: Run, painter: HeldPainter, studio: AzureOpenAIEmulator) -> None:
    """Nobody waits any more; the status is 130, there is no traceback, and the next run does all."""
    with draw.on_terminal(*COMMAND) as terminal:
        painter.wait_for(2)
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_for("Ctrl-C again")
        os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.wait_for_end() == 130
    assert b"Traceback" not in terminal.written
    # What nobody waits for any more takes its turn first.
    painter.let(2)
    assert_the_rest_is_done(draw, painter, studio, 6)


@pytest.mark.parametrize("after", [1, 4])
def test_a_killed_run_is_resumed(draw: Run, painter: HeldPainter, studio: AzureOpenAIEmulator, after: int) -> None:
    """After SIGKILL the same command pays at most what was in flight a second time, and nothing is lost."""
    with draw.started(*COMMAND, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        painter.let(after)
        told = [process.stdout.readline().decode().strip() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    assert all((draw.folder / path).exists() for path in told)
    assert {f"out/{line['file']}" for line in manifest(draw.folder / "out")} >= set(told)
    # Those who are let only now were in flight.
    painter.let(2)
    done = len((draw.folder / "out/.aoai/images.jsonl").read_text().splitlines())
    assert done >= after
    assert_the_rest_is_done(draw, painter, studio, 6 - done)


def test_killed_while_the_manifest_was_written(draw: Run, painter: HeldPainter, studio: AzureOpenAIEmulator) -> None:
    """Half a line of the manifest is no line; its picture is fetched again, and the lines that follow are whole."""
    painter.let(6)
    assert draw(*COMMAND).returncode == 0
    path = draw.folder / "out" / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert_the_rest_is_done(draw, painter, studio, 0)


def test_on_a_terminal(draw: Run, painter: HeldPainter) -> None:
    """An overall bar with rate, time left and failures is redrawn in place; what is left are paths and the sum."""
    with draw.on_terminal(*COMMAND) as terminal:
        painter.wait_for(2)
        terminal.wait_for("0 of 6, 0 failed")
        painter.let(1)
        terminal.wait_for(r"[━╸╺]+ 1 of 6, [\d.]+ a \w+, [\d:]+ s? ?left, 0 failed")
        painter.let(5)
        assert terminal.wait_for_end() == 0
    screen = terminal.screen
    assert sorted(screen[:6]) == [f"out/{name}" for name in NAMES]
    assert re.fullmatch(r"6 done, 0 failed in \d+ s", screen[6])
    assert screen[7:] == ["The gallery is out/index.html"]


def test_plain_lines_off_a_terminal(draw: Run, painter: HeldPainter) -> None:
    """Where there is no terminal each outcome is a line, without a control character."""
    painter.let(6)
    told = draw(*COMMAND).stderr
    assert "\x1b" not in told
    assert re.search(r"^6 of 6: #\d prompt \d: done$", told, re.MULTILINE)
