"""Processes that share a quota, one of which is killed: nobody loses a job."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from attrs import define
from batch.batch_tools import names_in

from aoai_async.emulator import AzureOpenAIEmulator, Quota, emulator_in_thread

SHARER = Path(__file__).with_name("batch_sharer.py")
ROOT = Path(__file__).parents[2]
QUOTA = Quota(20, 0.25)
PER_MINUTE = 4800


@define
class Sharer:
    """A process that shares the quota."""

    program: "subprocess.Popen[str]"

    def do(self, names: list[str]) -> None:
        """Give it jobs."""
        assert self.program.stdin is not None
        self.program.stdin.writelines(f"{name}\n" for name in names)
        self.program.stdin.flush()

    def done(self, count: int) -> list[str]:
        """The names of the next jobs that it has done."""
        assert self.program.stdout is not None
        return [self.program.stdout.readline().strip() for _ in range(count)]

    def killed(self) -> list[str]:
        """Kill it; what it had done by then."""
        os.kill(self.program.pid, signal.SIGKILL)
        names, _ = self.program.communicate()
        assert self.program.returncode == -signal.SIGKILL
        return names.split()

    def ended(self) -> list[str]:
        """Give it no more jobs; what it has still done."""
        names, _ = self.program.communicate()
        assert self.program.returncode == 0
        return names.split()


Start = Callable[[list[str]], Sharer]


@pytest.fixture
def emulator() -> Iterator[AzureOpenAIEmulator]:
    with emulator_in_thread() as emulator:
        emulator.set_quota("whisper", QUOTA)
        yield emulator


@pytest.fixture
def start(emulator: AzureOpenAIEmulator, tmp_path: Path) -> Iterator[Start]:
    """Starts processes that share a quota; they are gone in the end."""
    command = [sys.executable, str(SHARER), emulator.endpoint, str(PER_MINUTE), str(tmp_path / "quota.sock")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:

        def start(names: list[str]) -> Sharer:
            program = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            )
            stack.callback(program.kill)
            sharer = Sharer(program)
            sharer.do(names)
            return sharer

        yield start


def names(letter: str, count: int = 40) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


def test_three_processes(emulator: AzureOpenAIEmulator, start: Start) -> None:
    """They do all their jobs, each job once."""
    sharers = [start(names(letter)) for letter in "abc"]
    done = [name for sharer in sharers for name in sharer.ended()]
    assert sorted(done) == sorted(names("a") + names("b") + names("c"))
    assert [request.status for request in emulator.requests].count(200) == len(done)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["the keeper", "another one", "a third one"])
def test_one_of_three_is_killed(emulator: AzureOpenAIEmulator, start: Start, number: int) -> None:
    """Whoever is killed in the middle, the others do all their jobs; what it had not done, a new one does."""
    sharers: list[Sharer] = []
    seen: list[str] = []
    for letter in "abc":
        sharers.append(start(names(letter, 1)))
        seen += sharers[-1].done(1)
    for sharer, letter in zip(sharers, "abc", strict=True):
        sharer.do(names(letter)[1:])
    victim = sharers.pop(number)
    seen += victim.done(5)
    seen += victim.killed()
    for sharer in sharers:
        seen += sharer.ended()
    seen += start([name for name in names("abc"[number]) if name not in seen]).ended()
    assert sorted(seen) == sorted(names("a") + names("b") + names("c"))
    sent = Counter(names_in(request for request in emulator.requests if request.status == 200))
    assert sum(count - 1 for count in sent.values()) <= 16, "more was repeated than was in flight"
