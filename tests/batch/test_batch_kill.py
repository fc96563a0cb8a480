"""Processes that are killed in the middle of a batch: nothing that was done is lost, and nothing done again."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from batch.batch_tools import names_in

from aoai_async.batch.records import Record
from aoai_async.emulator import AzureOpenAIEmulator, Heard, ScriptedRecognizer, emulator_in_thread

VICTIM = Path(__file__).with_name("batch_victim.py")
ROOT = Path(__file__).parents[2]
NAMES = [f"job {number}" for number in range(15)]
AT_ONCE = 3
KILLS = 50
"""Those that hit a process with jobs in flight; the others come on top."""


@define
class Victim:
    """A process that runs a batch."""

    pid: int
    is_over: threading.Event = field(factory=threading.Event)

    def kill(self) -> None:
        """Kill it, unless it is dead."""
        if not self.is_over.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@define
class Breeder:
    """The program whose children are the victims."""

    program: "subprocess.Popen[str]"

    def run(self, work: dict[str, Any], prepare: Callable[[Victim], None]) -> int:
        """Let a child do some work, and return its exit code; `prepare` sees it before it begins."""
        assert self.program.stdin is not None
        print(json.dumps(work), file=self.program.stdin, flush=True)
        victim = Victim(self._number())
        prepare(victim)
        os.kill(victim.pid, signal.SIGCONT)
        try:
            return self._number()
        finally:
            victim.is_over.set()

    def _number(self) -> int:
        assert self.program.stdout is not None
        return int(self.program.stdout.readline())


@contextmanager
def breeder() -> Iterator[Breeder]:
    """Lend the program; it and what it has bred are gone in the end."""
    with subprocess.Popen(
        [sys.executable, str(VICTIM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as program:
        try:
            yield Breeder(program)
        finally:
            os.killpg(program.pid, signal.SIGKILL)


@define
class Assassin:
    """Hears what is scripted, and kills a process when so many recordings have arrived."""

    victim: Victim | None = None
    countdown: int = 0

    async def hear(self, recording: Path) -> Heard:
        """Hear, and perhaps kill."""
        self.countdown -= 1
        if self.countdown == 0 and self.victim is not None:
            self.victim.kill()
        return await ScriptedRecognizer().hear(recording)

    async def aclose(self) -> None:
        """Do nothing."""


@define
class Night:
    """A batch that is begun again until it is done.

    Attributes:
        before: For each run what stood in the journal when it began, by the run's number.
    """

    emulator: AzureOpenAIEmulator
    assassin: Assassin
    journal: Path
    breeder: Breeder
    pictures: bool = True
    kills: int = 0
    before: dict[str, set[str]] = field(factory=dict)

    def finished(self) -> Counter[str]:
        """How many whole outcomes of each job stand in the journal."""
        lines = self.journal.read_bytes().splitlines(keepends=True) if self.journal.exists() else []
        records = [Record.of_line(line) for line in lines if line.endswith(b"\n")]
        return Counter(record.id for record in records if record is not None)

    def run(self, killing: Callable[[Victim], None] = lambda _: None, file_size: int = 0) -> bool:
        """Run the batch in a process that may be killed; whether it came to its end."""
        number = str(len(self.before))
        self.before[number] = set(self.finished())
        self.assassin.victim = None
        code = self.breeder.run(
            {
                "endpoint": self.emulator.endpoint,
                "run": number,
                "journal": str(self.journal),
                "names": NAMES,
                "at_once": AT_ONCE,
                "pictures": self.pictures,
                "file_size": file_size,
            },
            killing,
        )
        assert code in (0, -signal.SIGKILL, -signal.SIGXFSZ)
        self.kills += code != 0 and any(request.headers["x-run"] == number for request in self.emulator.requests)
        return code == 0

    def check(self) -> None:
        """Look at what every run sent, and at what stands in the journal in the end."""
        assert self.finished() == dict.fromkeys(NAMES, 1)
        earlier: set[str] = set()
        for number, done in self.before.items():
            requests = [request for request in self.emulator.requests if request.headers["x-run"] == number]
            sent = [name for name in names_in(requests) if name]
            assert done.isdisjoint(sent), "a job was sent again whose outcome stood in the journal"
            assert len(sent) == len(set(sent)), "a job was sent twice by one run"
            assert len(earlier.intersection(sent)) <= AT_ONCE, "more was repeated than was in flight"
            earlier.update(sent)
        self.emulator.clear_requests()


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Callable[[int], Night]]:
    assassin = Assassin()
    with emulator_in_thread(recognizer=assassin) as emulator, breeder() as program:
        yield lambda number: Night(emulator, assassin, tmp_path / f"night {number}.jsonl", program)


def when_so_many_arrived(night: Night, chance: random.Random) -> Callable[[Victim], None]:
    """Kill when the n-th recording of the run has arrived, before it is answered."""

    def prepare(victim: Victim) -> None:
        night.assassin.victim, night.assassin.countdown = victim, chance.randint(1, 4)

    return prepare


def at_any_time(night: Night, chance: random.Random) -> Callable[[Victim], None]:
    """Kill after some time, which may be before anything was sent or after everything is done."""

    def prepare(victim: Victim) -> None:
        timer = threading.Timer(chance.uniform(0.02, 0.15), victim.kill)
        timer.daemon = True
        timer.start()

    return prepare


def when_the_journal_grows(night: Night, chance: random.Random) -> Callable[[Victim], None]:
    """Kill as soon as the journal has a line more than it had."""
    lines = chance.randint(1, 3)

    def prepare(victim: Victim) -> None:
        size = night.journal.stat().st_size if night.journal.exists() else 0

        def watch() -> None:
            grown = 0
            while not victim.is_over.is_set() and grown < lines:
                now = night.journal.stat().st_size if night.journal.exists() else 0
                grown += now != size
            victim.kill()

        threading.Thread(target=watch, daemon=True).start()

    return prepare


def test_killed_at_any_moment(night: Callable[[int], Night]) -> None:
    """Killed fifty times and more, each batch comes to its end, and no finished job is sent again.

    Processes die as requests arrive, as outcomes are written, and whenever; in the end every job has exactly one
    outcome.
    """
    chance = random.Random(20241021)  # noqa: S311 - the same moments in every run, as far as that goes
    moments = [when_so_many_arrived, at_any_time, when_the_journal_grows]
    kills, number = 0, 0
    while kills < KILLS:
        number += 1
        batch = night(number)
        while not batch.run(chance.choice(moments)(batch, chance)):
            pass
        assert batch.run()
        batch.check()
        kills += batch.kills


def test_killed_in_the_middle_of_a_line(night: Callable[[int], Night]) -> None:
    """A process that dies in the middle of a write leaves half a line, which costs no outcome but its own.

    The system kills it when its journal reaches a size; in the end every job has exactly one outcome.
    """
    chance = random.Random(7)  # noqa: S311 - the same sizes in every run
    batch = night(0)
    batch.pictures = False
    halves, size = 0, 0
    while len(batch.finished()) < len(NAMES) - 2:
        size += chance.randint(100, 900)
        batch.run(file_size=size)
        halves += not batch.journal.read_bytes().endswith(b"\n")
    assert halves >= 3
    assert batch.run()
    batch.check()
