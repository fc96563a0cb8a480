"""The lines in which a batch's progress is told, and how a line gets out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TextIO

    from aoai_async.batch.progress import Progress

__all__ = ["Upload", "overall", "printable", "put", "summary"]


class Upload(NamedTuple):
    """A file on its way: what it is called, bytes sent so far, all of its bytes."""

    label: str
    sent: int
    total: int


def overall(progress: Progress, now: float) -> str:
    """Return how far a batch is at a monotonic second: its count, rate, time left and failures."""
    return ", ".join([f"{progress.finished} of {progress.total or 0}", *_pace(progress, now), *_counts(progress)])


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
