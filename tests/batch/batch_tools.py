"""What the tests of batches share: a clock moved by hand, lanes without a network, and a look at what is open."""

import asyncio
import os
import re
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field
from multidict import CIMultiDict

from aoai_async import (
    AudioResponse,
    AzureOpenAIError,
    CreateTranscriptionRequest,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
)
from aoai_async.batch.dispatch import Group
from aoai_async.batch.health import Health
from aoai_async.batch.jobs import Job, Outcome
from aoai_async.batch.journal import Journal
from aoai_async.batch.lanes import Lane
from aoai_async.batch.pool import Deployment, DeploymentPool
from aoai_async.emulator import RecordedRequest
from aoai_async.transport.settings import CallOptions
from aoai_async.wire.convert import decode_json, encode_json
from aoai_async.wire.plan import Request
from aoai_async.wire.reply import Reply
from aoai_async.wire.response import RawResponse

__all__ = [
    "DATA",
    "PATIENCE",
    "ManualClock",
    "PlainPace",
    "Service",
    "broken",
    "drain",
    "files_are_closed",
    "good",
    "group_of",
    "lane_to",
    "lines_of",
    "named",
    "names_in",
    "open_files",
    "pool_of",
    "refused",
    "settle",
    "standing_in",
    "tasks_are_gone",
]

DATA = b"ID3" + bytes(range(256)) * 40
PATIENCE = 20.0
"""Seconds after which a test that waits for something is broken; none waits so long."""


@define
class ManualClock:
    """Time that passes when a test says so; sleepers whose time has come wake up."""

    now: float = 1_700_000_000.0
    _sleepers: list[tuple[float, asyncio.Event]] = field(factory=list)
    _arrival: asyncio.Event = field(factory=asyncio.Event)

    def monotonic(self) -> float:
        """Return the same as `unix`."""
        return self.now

    def unix(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until so much time has passed."""
        if seconds <= 0:
            return await checkpoint()
        sleeper = (self.now + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        self._arrival.set()
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)
        return None

    @property
    def waits(self) -> list[float]:
        """The seconds until each sleeper wakes, shortest first."""
        return sorted(when - self.now for when, _ in self._sleepers)

    async def someone_sleeps(self, count: int = 1) -> list[float]:
        """Return the waits as soon as there are so many sleepers."""
        with anyio.fail_after(PATIENCE):
            while len(self._sleepers) < count:
                self._arrival.clear()
                await self._arrival.wait()
        return self.waits

    async def advance(self, seconds: float) -> None:
        """Let time pass, and let whom it wakes go on as far as they get without the world."""
        self.now += seconds
        for when, event in self._sleepers:
            if when <= self.now:
                event.set()
        await settle()

    async def run(self) -> None:
        """Let time pass whenever tasks can only sleep, or wait for something from outside; to be cancelled."""
        while True:
            await self.someone_sleeps()
            await settle()
            if self._sleepers:
                await self.advance(max(0.0, self.waits[0]))


async def drain(outcomes: AsyncIterable[Outcome], seen: list[Outcome]) -> None:
    """Collect outcomes in `seen`, where they are found even when the next one raises."""
    async for outcome in outcomes:
        seen.append(outcome)  # noqa: PERF401 - what came before an error counts


async def settle() -> None:
    """Let every task run until it waits for something that no task gives."""
    for _ in range(50):
        await checkpoint()


@define
class PlainPace:
    """A pace without a memory: free at all times, but for the pause a refusal asks for."""

    is_shared = False

    free_at: float = 0.0
    starts: int = 0
    noted: list[str] = field(factory=list)
    remaining: int | None = None

    def wait(self, now: float) -> float:
        """Return the seconds until it is free."""
        return max(0.0, self.free_at - now)

    def claim(self, _now: float) -> bool:
        """Return True: nobody shares it."""
        return True

    def leave(self) -> None:
        """Do nothing."""

    def started(self, _now: float) -> int:
        """Count a start."""
        self.starts += 1
        return self.starts

    def succeeded(self, _ticket: int, _now: float, *, remaining: int | None = None) -> None:
        """Note it, and what was left of the quota."""
        self.noted.append("succeeded")
        self.remaining = remaining

    def failed(self, _ticket: int, _now: float) -> None:
        """Note it."""
        self.noted.append("failed")

    def refused(self, _ticket: int, now: float, *, retry_after: float | None = None) -> None:
        """Note it, and pause."""
        self.noted.append("refused")
        self.free_at = max(self.free_at, now + (retry_after or 1.0))


Answer = RawResponse[Any] | AzureOpenAIError
Behaviour = Callable[[str], Awaitable[Answer] | Answer]


@define
class Service:
    """Stands where a client's `ask` stands: records who asked, and how many at once."""

    behave: Behaviour = field(default=lambda name: good(name))
    asked: list[str] = field(factory=list)
    models: list[str | None] = field(factory=list)
    at_once: int = 0
    peak: int = 0

    async def ask(self, request: Request, _options: CallOptions) -> RawResponse[Any]:
        """Answer as told."""
        name = request.prompt or ""
        self.asked.append(name)
        self.models.append(request.model)
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        try:
            answer = self.behave(name)
            if isinstance(answer, Awaitable):
                answer = await answer
        finally:
            self.at_once -= 1
        if isinstance(answer, AzureOpenAIError):
            raise answer
        return answer


def good(text: str = "good", remaining: int | None = None) -> RawResponse[Any]:
    """A good answer that says `text`."""
    headers = CIMultiDict({"Content-Type": "application/json", "apim-request-id": f"id of {text}"})
    if remaining is not None:
        headers["x-ratelimit-remaining-requests"] = str(remaining)
    return RawResponse(Reply(200, headers, [encode_json({"text": text})]), "http://service", 0, 0.0, AudioResponse)


def refused(retry_after: float | None = None) -> RateLimitError:
    """A refusal for quota."""
    return RateLimitError("The quota is used up", status_code=429, retry_after=retry_after)


def broken(status: int = 503) -> InternalServerError:
    """An answer of a service that is out of order."""
    return InternalServerError("Out of order", status_code=status)


def lane_to(service: Service, name: str = "here", **options: Any) -> Lane:
    """A lane whose requests go to `service`."""
    pace: Any = options.pop("pace", None) or PlainPace()
    return Lane(name=name, model=None, ask=service.ask, pace=pace, health=Health(lambda: 1.0), **options)


def group_of(clock: ManualClock, *lanes: Lane, retries: int = 2) -> Group:
    """A group of lanes that waits without jitter."""
    return Group(list(lanes), clock, RetryPolicy(max_retries=retries, jitter=lambda: 1.0))


def pool_of(clock: ManualClock, *lanes: Lane, retries: int = 2) -> DeploymentPool:
    """A pool of such lanes."""
    pool = DeploymentPool([Deployment(model="m", azure_endpoint="http://127.0.0.1:9", api_key="key")], clock=clock)
    pool.group = group_of(clock, *lanes, retries=retries)
    return pool


def named(name: object, **options: Any) -> Job:
    """A job whose id and prompt are its name."""
    return Job(CreateTranscriptionRequest(file=("talk.mp3", DATA), prompt=str(name), **options), id=str(name))


def names_in(requests: Iterable[RecordedRequest]) -> list[str]:
    """The prompts that arrived, in order; an empty one where a request was cut before its prompt."""
    return [_name_in(request) for request in requests]


def _name_in(request: RecordedRequest) -> str:
    if isinstance(request.json, dict):
        return str(request.json.get("prompt", ""))
    return next((part.text or "" for part in request.parts if part.name == "prompt"), "")


async def lines_of(journal: Path) -> list[dict[str, Any]]:
    """The lines of a journal; each must be JSON."""
    content = await asyncio.to_thread(journal.read_bytes)
    return [decode_json(line) for line in content.splitlines()]


async def standing_in(journal: Journal) -> dict[str, str]:
    """The status of each job that an open journal knows, of all whose ids stand in it, be it in half a line."""
    content = await asyncio.to_thread(journal.path.read_bytes)
    ids = {found.decode() for found in re.findall(rb'"id": ?"([^"\n]*)', content)}
    kept = {job_id: await journal.read(job_id) for job_id in ids}
    return {job_id: "done" if found.is_done else "failed" for job_id, found in kept.items() if found is not None}


def _open_files() -> list[str]:
    targets = []
    for number in os.listdir("/proc/self/fd"):
        try:
            targets.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue
    return sorted(target for target in targets if target.startswith("/") and not target.startswith(("/dev", "/proc")))


async def open_files() -> list[str]:
    """The files that this process has open."""
    return await asyncio.to_thread(_open_files)


async def files_are_closed(before: list[str]) -> None:
    """Return once no other files are open than `before`; the last reads in threads may take a moment."""
    with anyio.fail_after(PATIENCE):
        while not set(await open_files()) <= set(before):
            await checkpoint()


async def tasks_are_gone(before: set["asyncio.Task[Any]"]) -> None:
    """Return once no other tasks are left than `before`."""
    with anyio.fail_after(PATIENCE):
        while asyncio.all_tasks() - before:
            await checkpoint()
