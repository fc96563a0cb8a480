"""What the tests of the command share: the command as a process, a terminal, and an emulator that can be held."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyte
from anyio import to_thread
from attrs import define, field

from aoai_async.emulator import Fault, Heard, ScriptedRecognizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aoai_async.emulator import AzureOpenAIEmulator

__all__ = [
    "AOAI",
    "LINES",
    "PATIENCE",
    "RECORDING",
    "REFUSES_VERBOSE",
    "HeldRecognizer",
    "Run",
    "Terminal",
    "asked",
    "settings",
]

AOAI = [sys.executable, "-Im", "aoai_async.cli.main"]
RECORDING = b"ID3" + bytes(range(256)) * 40
LINES, COLUMNS = 24, 120
PATIENCE = 30.0
"""Seconds after which a test that waits for something is broken; none waits so long."""

REFUSES_VERBOSE = Fault(
    status=400,
    body={
        "error": {
            "message": "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'.",
            "type": "invalid_request_error",
            "param": "response_format",
            "code": "unsupported_value",
        }
    },
)


def settings(emulator: AzureOpenAIEmulator, **more: str) -> dict[str, str]:
    """The environment of a command that talks to an emulator, and to nobody else."""
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AZURE_OPENAI_", "OPENAI_")) and not name.lower().endswith("_proxy")
    }
    service = {
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": emulator.api_key,
        "AZURE_OPENAI_DEPLOYMENT": "whisper",
    }
    terminal = {"TERM": "xterm-256color", "LINES": str(LINES), "COLUMNS": str(COLUMNS)}
    return {**bare, **service, **terminal, **more}


@define
class Run:
    """Runs the command in a folder, against an emulator."""

    folder: Path
    environment: Mapping[str, str]
    command: Sequence[str] = AOAI

    def __call__(
        self, *arguments: str | bytes | Path, stdin: Any = subprocess.DEVNULL
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `stdin` is an open file, or bytes."""
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
            **given,
        )
        texts = (text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, *texts)

    @contextmanager
    def started(self, *arguments: str | Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; it is killed in the end, if it still runs."""
        with subprocess.Popen([*self.command, *arguments], cwd=self.folder, env=self.environment, **options) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def on_terminal(self, *arguments: str | Path, **options: Any) -> Iterator[Terminal]:
        """Start it on a terminal; standard output is one of `options`, or the terminal, too."""
        ours, theirs = pty.openpty()
        try:
            places = {"stdin": theirs, "stdout": theirs, "stderr": theirs, **options}
            with self.started(*arguments, start_new_session=True, **places) as process:
                os.close(theirs)
                yield Terminal(process, ours)
        finally:
            os.close(ours)


@define(eq=False)
class Terminal:
    """A terminal on which a command runs.

    Attributes:
        process: The command.
        written: All that was written to it.
    """

    process: subprocess.Popen[bytes]
    _descriptor: int
    _seen: pyte.Screen = field(factory=lambda: pyte.Screen(COLUMNS, LINES), init=False)
    _stream: pyte.ByteStream = field(init=False)
    written: bytes = field(default=b"", init=False)

    def __attrs_post_init__(self) -> None:
        self._stream = pyte.ByteStream(self._seen)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return when what is seen matches."""
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, "\n".join(self.screen), re.DOTALL)):
            assert self._read(), f"{pattern!r} never came: {self.screen}"
            assert time.monotonic() < deadline, f"{pattern!r} does not come: {self.screen}"
        return match

    def wait_for_end(self) -> int:
        """Read to the end, and return the exit status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    @property
    def screen(self) -> list[str]:
        """The lines that a person sees, without the blank ones below."""
        return "\n".join(line.rstrip() for line in self._seen.display).rstrip().split("\n")

    @property
    def has_cursor(self) -> bool:
        """Whether the cursor is seen."""
        return not self._seen.cursor.hidden

    def _read(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], PATIENCE)
        assert ready, f"nothing more came: {self.screen}"
        try:
            piece = os.read(self._descriptor, 65536)
        except OSError:
            # So Linux says that nobody holds the other end any more.
            return False
        self.written += piece
        self._stream.feed(piece)
        return bool(piece)


@define(eq=False)
class HeldRecognizer:
    """Hears what a script says, but only when it is let: it tells of each recording that arrived."""

    arrived: threading.Semaphore = field(factory=lambda: threading.Semaphore(0), init=False)
    _let: threading.Semaphore = field(factory=lambda: threading.Semaphore(0), init=False)

    async def hear(self, recording: Path) -> Heard:
        """Hear, once it is let."""
        self.arrived.release()
        await to_thread.run_sync(self._let.acquire, True, PATIENCE, abandon_on_cancel=True)
        return await ScriptedRecognizer().hear(recording)

    def wait_for(self, count: int) -> None:
        """Return when so many more recordings have arrived."""
        for _ in range(count):
            assert self.arrived.acquire(timeout=PATIENCE)

    def let(self, count: int) -> None:
        """Let so many recordings be heard."""
        self._let.release(count)

    async def aclose(self) -> None:
        """Let all go."""
        self._let.release(1000)


def asked(emulator: AzureOpenAIEmulator, field: str = "response_format") -> list[str | None]:
    """What the requests that arrived say in a field; None where they have none."""
    return [next((p.text for p in request.parts if p.name == field), None) for request in emulator.requests]
