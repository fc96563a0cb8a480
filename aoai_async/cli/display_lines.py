"""The lines in which a batch's progress is told, and how a line gets out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import TextIO

    from aoai_async.batch.progress import Progress

__all__ = ["Upload", "board", "printable", "put", "summary"]

_BAR_WIDTH = 24
_NAME_WIDTH = 44
_MEGABYTE = 1_000_000


@define
class Upload:
    """A recording on its way.

    Attributes:
        label: What it is called.
        sent: Bytes sent so far.
        total: All of its bytes.
    """

    label: str
    sent: int
    total: int

    def line(self) -> str:
        """Return how far it is."""
        name = _shortened(printable(self.label)).ljust(_NAME_WIDTH)
        total = f"{self.total / _MEGABYTE:.1f} MB"
        if self.sent >= self.total:
            return f"  {name}  {total} sent"
        return f"  {name}  {self.sent / _MEGABYTE:.1f} of {total}"


def board(progress: Progress, uploads: Collection[Upload], now: float, height: int) -> list[str]:
    """Return the overall line and one for each upload, but no more than `height` lines."""
    shown = list(uploads)[: max(0, height - 2)]
    hidden = len(uploads) - len(shown)
    more = [f"  … and {hidden} more"] if hidden else []
    return [_overall(progress, now), *(upload.line() for upload in shown), *more]


def _overall(progress: Progress, now: float) -> str:
    total = progress.total or 0
    filled = _BAR_WIDTH * progress.finished // total if total else _BAR_WIDTH
    bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
    return ", ".join([f"{bar} {progress.finished} of {total}", *_pace(progress, now), *_counts(progress)])


def _pace(progress: Progress, now: float) -> list[str]:
    left = progress.seconds_left
    pace = [_rate(progress.rate)] if progress.rate else []
    # Since the last outcome some of what was left then has passed.
    return pace + ([] if left is None else [f"{_duration(max(0.0, left - (now - progress.now)))} left"])


def _rate(a_second: float) -> str:
    return f"{a_second:.1f} a second" if a_second >= 1 else f"{a_second * 60:.1f} a minute"


def _counts(progress: Progress) -> list[str]:
    skipped = [f"{progress.skipped} done before"] if progress.skipped else []
    return [*skipped, f"{progress.failed} failed"]


def summary(progress: Progress, now: float) -> str:
    """Return what a batch came to."""
    told = [f"{progress.done} done", *_counts(progress)]
    left = (progress.total or 0) - progress.finished
    return ", ".join([*told, *([f"{left} left"] if left else [])]) + f" in {_duration(now - progress.begun)}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds % 60:02.0f}"


def printable(text: str) -> str:
    """Return a text without anything that a terminal would obey: such characters are spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def put(stream: TextIO, content: bytes) -> None:
    """Write to standard output or error; raises `OSError`.

    Nothing is left in a buffer, which Python would try to write once more at its end when a reader has gone.
    """
    stream.flush()
    left = memoryview(content)
    while left:
        left = left[os.write(stream.fileno(), left) :]


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"…{name[1 - _NAME_WIDTH :]}"
