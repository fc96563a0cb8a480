"""What the benchmarks are described with: loads, measures, goals, cases and contenders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Literal

from attrs import field, frozen

__all__ = [
    "CLIENTS",
    "OURS",
    "AtLeast",
    "AtMost",
    "Case",
    "Contender",
    "Flat",
    "Goal",
    "Job",
    "Load",
    "Measure",
    "Operation",
    "Run",
]

OURS = "aoai_async"
CLIENTS = (OURS, "openai-python, Path", "openai-python, file", "openai-python, aiohttp", "aiohttp")
"""Who uploads by way of a library in Python."""

Operation = Literal["upload", "image", "verbose", "save_base64", "save_url", "start"]
Disk = Literal["cached", "evicted", "slow"]


@frozen(kw_only=True)
class Load:
    """What one process does.

    Attributes:
        count: How many calls.
        at_once: How many of them are in flight together.
        kilobytes: The size of a recording, in thousands of bytes.
        tls: Whether it goes over TLS.
        disk: ``cached``: one file, in the page cache. ``evicted``: a file for each call, none in the page cache.
            ``slow``: one file behind a simulated slow disk.
        warm: How many calls go before those that count for time; their memory counts.
    """

    count: int
    at_once: int
    kilobytes: int = 1
    tls: bool = False
    disk: Disk = "cached"
    warm: int = 0


@frozen(kw_only=True)
class Run:
    """What one process found.

    Attributes:
        cpu_seconds: User and system time, with that of child processes.
        wall_seconds: From the first call that counts to the end of the last one.
        memory_mb: The most memory above that of the idle client; None where it cannot be told.
        stall_ms: The longest time for which the event loop did not turn; None where there is none.
        calls: How many calls counted.
        at_once: How many were in flight together.
        megabytes: How many million bytes of recordings or pictures they moved.
    """

    cpu_seconds: float
    wall_seconds: float
    memory_mb: float | None
    stall_ms: float | None
    calls: int
    at_once: int
    megabytes: float


@frozen
class Measure:
    """A number that is told of a run.

    Attributes:
        name: By which results and goals know it.
        label: With its unit, for people.
        of: Takes it from a run; None where the run does not tell.
        digits: How many are worth showing after the point.
    """

    name: str
    label: str
    of: Callable[[Run], float | None] = field(repr=False)
    digits: int = 2


@frozen
class AtMost:
    """Our number is at most `bound`, or at most `bound` times that of `contender`.

    Attributes:
        ours: What stands for us.
        is_must: Whether missing it means that something is wrong, rather than slow.
    """

    measure: Measure
    bound: float
    contender: str | None = None
    ours: str = OURS
    is_must: bool = False


@frozen
class AtLeast:
    """Our number is at least `bound` times that of `contender`."""

    measure: Measure
    bound: float
    contender: str
    ours: str = OURS


@frozen
class Flat:
    """Over all loads of a case, our largest number is at most `bound` (0.1: 10 %) above our smallest."""

    measure: Measure
    bound: float
    ours: str = OURS


Goal = AtMost | AtLeast | Flat


@frozen(kw_only=True)
class Case:
    """One thing to measure.

    Attributes:
        name: For the command line.
        title: For people.
        operation: Which of the contenders' methods is called.
        contenders: Who takes part, in the order of the table.
        loads: What is done: one load, or several that make a curve.
        quick: What is done when only correctness is asked for.
        measures: What is shown; the first one is drawn.
        goals: What ours must reach.
        axis: What tells the loads of a curve apart.
        ours: Who of the contenders is us.
        floor: Who of the contenders does no more than must be.
    """

    name: str
    title: str
    operation: Operation
    contenders: tuple[str, ...]
    loads: tuple[Load, ...]
    quick: tuple[Load, ...]
    measures: tuple[Measure, ...]
    goals: tuple[Goal, ...]
    axis: Literal["kilobytes", "at_once"] = "at_once"
    ours: str = OURS
    floor: str = "raw socket"


@frozen(kw_only=True)
class Job:
    """One call.

    Attributes:
        file: The recording to upload.
        target: Where to save the picture.
    """

    file: Path
    target: Path


@frozen(kw_only=True)
class Contender:
    """One way to do the same work.

    Attributes:
        name: In tables.
        opened: Lends an object with a method for each operation it can do, which takes a `Job`; or with a method
            ``all_`` and the operation's name, which takes all jobs and how many may run together.
            A method that returns a float has taken the time itself, in seconds.
        modules: What must be importable.
        program: What must be installed.
        has_loop: Whether the work is done on the event loop of the measured process.
    """

    name: str
    opened: Callable[[str], AbstractAsyncContextManager[Any]] = field(repr=False)
    modules: tuple[str, ...] = ()
    program: str | None = None
    has_loop: bool = True

    def missing(self) -> str | None:
        """Return what has to be installed before this contender can run, or None."""
        for module in self.modules:
            if find_spec(module) is None:
                return module
        return self.program if self.program is not None and which(self.program) is None else None
