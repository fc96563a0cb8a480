"""A painter that can be held, and what is read in the folder of its pictures."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from attrs import define, field
from cli.cli_tools import PATIENCE

from aoai_async.emulator import PlainPainter

if TYPE_CHECKING:
    from pathlib import Path

    from aoai_async.emulator import AzureOpenAIEmulator, PictureWanted, RecordedRequest

__all__ = ["HeldPainter", "billed", "manifest", "pictures_in"]


@define(eq=False)
class HeldPainter:
    """Paints only when it is let, and tells of each prompt that arrived."""

    arrived: threading.Semaphore = field(factory=lambda: threading.Semaphore(0), init=False)
    _let: threading.Semaphore = field(factory=lambda: threading.Semaphore(0), init=False)

    async def paint(self, picture: PictureWanted) -> bytes:
        """Paint, once it is let."""
        self.arrived.release()
        await to_thread.run_sync(self._let.acquire, True, PATIENCE, abandon_on_cancel=True)
        return await PlainPainter().paint(picture)

    def wait_for(self, count: int) -> None:
        """Return when so many more prompts have arrived."""
        for _ in range(count):
            assert self.arrived.acquire(timeout=PATIENCE)

    def let(self, count: int) -> None:
        """Let so many pictures be painted."""
        for _ in range(count):
            self._let.release()

    async def aclose(self) -> None:
        """Let all go."""
        self.let(1000)


def billed(emulator: AzureOpenAIEmulator) -> list[RecordedRequest]:
    """The requests that ask for a picture, in their order; those that fetch one cost nothing."""
    return [request for request in emulator.requests if request.method == "POST"]


def manifest(folder: Path) -> list[dict[str, Any]]:
    """What the manifest tells, line by line."""
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def pictures_in(folder: Path) -> list[str]:
    """The names of the pictures, sorted; each is a whole PNG file."""
    pictures = sorted(path for path in folder.iterdir() if path.suffix == ".png")
    assert all(path.read_bytes().endswith(b"IEND\xaeB`\x82") for path in pictures)
    return [path.name for path in pictures]
