"""What a person sees of a batch, on standard error, and what a program reads, on standard output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TextIO

from attrs import define, field

from aoai_async.batch.progress import Progress
from aoai_async.cli.display_lines import Upload, board, printable, put
from aoai_async.cli.settling import facts_of, status_of
from aoai_async.transport.threads import in_thread
from aoai_async.wire.plan import Request

if TYPE_CHECKING:
    from argparse import Namespace
    from types import TracebackType

    from aoai_async.batch.jobs import Outcome
    from aoai_async.cli.settling import Settled

__all__ = ["Display"]

_REFRESH = 0.1
_LINES = 24
_ERASE_BELOW = "\x1b[J"
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"


@define(eq=False)
class _Writing:
    stream: TextIO
    text: bytes
    before: bytes = b""
    after: bytes = b""
    is_done: asyncio.Future[None] = field(factory=lambda: asyncio.get_running_loop().create_future(), init=False)

    def carry_out(self) -> None:
        for stream, text in ((sys.stderr, self.before), (self.stream, self.text), (sys.stderr, self.after)):
            put(stream, text)

    def settle(self, error: Exception | None) -> None:
        if self.is_done.done():
            return
        if error is None:
            self.is_done.set_result(None)
        else:
            self.is_done.set_exception(error)


@define(eq=False)
class Display:
    """Shows how far a batch is: lines that are redrawn on a terminal, plain lines elsewhere, or nothing.

    Results alone go to standard output. Everything is written in threads, one thing after the other, so that a
    terminal that stands still, or a reader that is slow, does not stall what is in flight. It needs no extra.

    Attributes:
        progress: What is counted.
        is_quiet: Whether only results, failures and what cannot be left unsaid are printed.
        is_json: Whether results are JSON objects.
        label: What a request is called.
        is_verbose: Whether every outcome is told in a line.
        is_live: Whether there is a terminal to redraw lines on.
    """

    progress: Progress
    is_quiet: bool
    is_json: bool
    label: Callable[[Request], str]
    is_verbose: bool
    is_live: bool
    _uploads: dict[int, Upload] = field(factory=dict, init=False)
    _drawn: int = field(default=0, init=False)
    _to_write: asyncio.Queue[_Writing | None] = field(factory=asyncio.Queue, init=False)
    _is_over: asyncio.Event = field(factory=asyncio.Event, init=False)
    _tasks: list[asyncio.Task[None]] = field(factory=list, init=False)

    @classmethod
    def of(cls, arguments: Namespace, total: int, label: Callable[[Request], str]) -> Self:
        """Return the display that the options ask for, for so many jobs."""
        now = time.monotonic()
        progress = Progress(total=total, begun=now, now=now)
        is_live = not arguments.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        return cls(progress, arguments.quiet, arguments.json, label, arguments.verbose > 0, is_live)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write_all()), asyncio.create_task(self._refresh())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.is_live = False
        self._is_over.set()
        self._to_write.put_nowait(_Writing(sys.stderr, b""))
        self._to_write.put_nowait(None)
        await asyncio.gather(*self._tasks)

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
        lines = (printable(line) for line in text.splitlines())
        await self._write(sys.stderr, "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))

    async def count(self, outcome: Outcome, settled: Settled) -> None:
        """Count an outcome, and print what became of it; one from the journal is a job that needed no doing."""
        self.progress.note(outcome, time.monotonic())
        await self._hand_out(outcome, settled)
        is_told = not outcome.is_from_journal and not self.is_live
        if is_told or self.is_verbose:
            await self.inform(f"{self.progress.finished} of {self.progress.total}: {self._story(outcome)}")

    async def _hand_out(self, outcome: Outcome, settled: Settled) -> None:
        if self.is_json:
            text = json.dumps(facts_of(self.label(outcome.request), outcome, settled)).encode() + b"\n"
        else:
            text = b"".join(os.fsencode(path) + b"\n" for path in settled.written)
        if text:
            await self._write(sys.stdout, text)

    def _story(self, outcome: Outcome) -> str:
        story = f"{self.label(outcome.request)}: {status_of(outcome)}"
        if not self.is_verbose:
            return story
        return (
            f"{story} ({outcome.seconds:.1f} s, attempts: {outcome.attempts}, {outcome.deployment or 'nobody asked'})"
        )

    async def _refresh(self) -> None:
        # When the terminal is gone there is nobody to show anything to.
        with suppress(OSError):
            while self.is_live:
                await self._write(sys.stderr, b"")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._is_over.wait(), _REFRESH)

    async def _write(self, stream: TextIO, text: bytes) -> None:
        writing = _Writing(stream, text)
        self._to_write.put_nowait(writing)
        await writing.is_done

    async def _write_all(self) -> None:
        while (writing := await self._to_write.get()) is not None:
            # The lines that are redrawn are part of what is written, so that nothing comes between.
            writing.before, writing.after = self._erasure(), self._board()
            try:
                await in_thread(writing.carry_out)
            # A stream that is closed is a ValueError.
            except (OSError, ValueError) as error:
                writing.settle(error)
            else:
                writing.settle(None)

    def _erasure(self) -> bytes:
        drawn, self._drawn = self._drawn, 0
        return f"\x1b[{drawn}A\r{_ERASE_BELOW}".encode() if drawn else b""

    def _board(self) -> bytes:
        if not self.is_live:
            return b""
        lines = board(self.progress, self._uploads.values(), time.monotonic(), _height())
        self._drawn = len(lines)
        # A line that is too long is cut off by the terminal, which alone knows how wide its letters are.
        return "".join([_WRAP_OFF, *(f"{line}\n" for line in lines), _WRAP_ON]).encode(errors="backslashreplace")


def _height() -> int:
    with suppress(OSError):
        # A terminal that does not know its size says that it has no lines.
        return max(2, (os.get_terminal_size(sys.stderr.fileno()).lines or _LINES) - 1)
    return _LINES
