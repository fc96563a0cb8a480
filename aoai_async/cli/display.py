"""What a person sees of a batch, on standard error, and what a program reads, on standard output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

from attrs import frozen

from aoai_async.batch.progress import Progress
from aoai_async.cli.display_lines import Upload, printable, put
from aoai_async.cli.settling import facts_of, status_of
from aoai_async.transport.threads import in_thread
from aoai_async.wire.plan import Request

if TYPE_CHECKING:
    from argparse import Namespace

    from rich.live import Live  # noqa: TC004 - it may be missing where this class is made

    from aoai_async.batch.jobs import Outcome
    from aoai_async.cli.settling import Settled

__all__ = ["Display", "displayed"]

_NO_RICH = "Progress is told in plain lines; pip install 'aoai-async[cli]' draws it."


@frozen(eq=False)
class Display:
    """Shows how far a batch is: lines that are redrawn on a terminal, plain lines elsewhere, or nothing.

    Results alone go to standard output. Everything is written in one thread, one thing after the other, so that a
    terminal that stands still, or a reader that is slow, does not stall what is in flight.

    Attributes:
        progress: What is counted.
        label: What a request is called.
        is_quiet: Whether only results, failures and what cannot be left unsaid are printed.
        is_json: Whether results are JSON objects.
        is_verbose: Whether every outcome is told in a line.
    """

    progress: Progress
    label: Callable[[Request], str]
    is_quiet: bool
    is_json: bool
    is_verbose: bool
    _writer: ThreadPoolExecutor
    _uploads: dict[int, Upload]
    _live: Live | None

    @asynccontextmanager
    async def live(self) -> AsyncIterator[None]:
        """Redraw lines, if this is a terminal; in the end they are gone, and the cursor is there again."""
        if self._live is None:
            yield
            return
        try:
            await self._in_turn(self._live.start, True)
            yield
        finally:
            # Rich draws all lines a last time, also those for which the terminal has no room.
            self._uploads.clear()
            await self._in_turn(self._live.stop)

    def uploading(self, request: Request, sent: int, total: int) -> None:
        """Note how far an upload is."""
        self._uploads[id(request)] = Upload(self.label(request), sent, total)

    def settled(self, request: Request) -> None:
        """Note that a request has its outcome."""
        self._uploads.pop(id(request), None)

    async def inform(self, text: str) -> None:
        """Say something that a person may want to know, unless they want it quiet."""
        if not self.is_quiet:
            await self.say(text)

    async def say(self, text: str) -> None:
        """Say something on standard error that cannot be left unsaid."""
        lines = [printable(line) for line in text.splitlines()]
        await self._in_turn(self._put, sys.stderr, lines, str.encode)

    async def count(self, outcome: Outcome, settled: Settled) -> None:
        """Count an outcome, and print what became of it; one from the journal is a job that needed no doing."""
        self.progress.note(outcome, time.monotonic())
        if results := self._results(outcome, settled):
            await self._in_turn(self._put, sys.stdout, results, os.fsencode)
        is_told = not outcome.is_from_journal and self._live is None
        if is_told or self.is_verbose:
            await self.inform(f"{self.progress.finished} of {self.progress.total}: {self._story(outcome)}")

    def _results(self, outcome: Outcome, settled: Settled) -> list[str]:
        if self.is_json:
            return [json.dumps(facts_of(self.label(outcome.request), outcome, settled))]
        shown = printable if sys.stdout.isatty() else str
        return [shown(str(path)) for path in settled.written]

    def _story(self, outcome: Outcome) -> str:
        story = f"{printable(self.label(outcome.request))}: {status_of(outcome)}"
        asked = outcome.deployment or "nobody asked"
        more = f" ({outcome.seconds:.1f} s, attempts: {outcome.attempts}, {asked})"
        return story + more if self.is_verbose else story

    def _put(self, stream: TextIO, lines: Sequence[str], encode: Callable[[str], bytes]) -> None:
        if self._live is not None and os.path.sameopenfile(stream.fileno(), sys.stderr.fileno()):
            # Above the lines that are redrawn; the terminal breaks long ones, so that they are whole where copied.
            self._live.console.out("\n".join(lines), highlight=False)
        else:
            put(stream, encode("".join(f"{line}\n" for line in lines)))

    async def _in_turn(self, call: Callable[..., None], *arguments: object) -> None:
        # What a task that is cancelled leaves behind has its turn before what is said later.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._writer, call, *arguments))


@asynccontextmanager
async def displayed(arguments: Namespace, total: int, label: Callable[[Request], str]) -> AsyncIterator[Display]:
    """Give the display that the options ask for, for so many jobs."""
    now = time.monotonic()
    progress = Progress(total=total, begun=now, now=now)
    uploads: dict[int, Upload] = {}
    is_drawn = not arguments.quiet and sys.stderr.isatty()
    has_rich = find_spec("rich") is not None
    live = await in_thread(_live_on_terminal, progress, uploads) if is_drawn and has_rich else None
    writer = ThreadPoolExecutor(1, "aoai-display")
    display = Display(progress, label, arguments.quiet, arguments.json, arguments.verbose > 0, writer, uploads, live)
    try:
        if is_drawn and not has_rich:
            await display.inform(_NO_RICH)
        yield display
    finally:
        # Whoever waits for what is written has done so before.
        writer.shutdown(wait=False)


def _live_on_terminal(progress: Progress, uploads: dict[int, Upload]) -> Live | None:
    from rich.console import Console

    from aoai_async.cli.live_lines import live_lines

    console = Console(stderr=True)
    return live_lines(progress, uploads, console) if console.is_interactive else None
