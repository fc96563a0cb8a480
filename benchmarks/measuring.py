"""What the benchmarks share: servers and measured runs in processes of their own, and what a process has used."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

__all__ = ["allow_many_files", "asked", "cpu_seconds", "measured", "peak_memory_mb", "served"]

_LONGEST_RUN = 600.0


@contextmanager
def served(module: str, *arguments: object) -> Iterator[str]:
    """Run a server, lend the line it prints once it listens, and end it by ending its standard input."""
    with _started(module, arguments) as (_, answers):
        yield answers.readline().strip()


@contextmanager
def asked(module: str, *arguments: object) -> Iterator[Callable[[], dict[str, float]]]:
    """Run a program that answers each line with an object of JSON, and lend what asks it once."""
    with _started(module, arguments) as (questions, answers):

        def ask() -> dict[str, float]:
            print(file=questions, flush=True)
            return _object(answers.readline())

        yield ask


@contextmanager
def _started(module: str, arguments: tuple[object, ...]) -> Iterator[tuple[IO[str], IO[str]]]:
    command = _command(module, arguments)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdin, process.stdout


def measured(
    module: str, *arguments: object, environment: Mapping[str, str] | None = None, within: float = _LONGEST_RUN
) -> dict[str, float]:
    """Run a program, ten minutes or `within` seconds, and return the object of its last line, which is JSON."""
    done = subprocess.run(
        _command(module, arguments),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=within,
        env={**os.environ, **(environment or {})},
    )
    return _object(done.stdout.splitlines()[-1])


def allow_many_files() -> None:
    """Let this process have as many open sockets as the system gives it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def cpu_seconds() -> float:
    """Return what this process and its children have used."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_memory_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _object(line: str) -> dict[str, float]:
    result: dict[str, float] = json.loads(line)
    return result


def _command(module: str, arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", module, *(str(argument) for argument in arguments)]
