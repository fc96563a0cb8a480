"""What the tests of shared quotas have in common: parties that share one, and one that says anything."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field
from batch.batch_tools import PATIENCE, ManualClock, Service, good, group_of, lane_to, named, refused

from aoai_async.batch.dispatch import Group
from aoai_async.batch.journey import Journey
from aoai_async.batch.sharing import SharedQuota
from aoai_async.emulator.quota import Quota, Quotas
from aoai_async.transport.settings import CallOptions

__all__ = ["Limited", "Party", "Raw", "exists", "is_there", "parties", "party", "raw"]


@define
class Limited:
    """A deployment with a quota, on a virtual clock; what it answers takes some time."""

    clock: ManualClock
    quota: Quota
    seconds: float = 0.2
    names: list[str] = field(factory=list)
    times: list[float] = field(factory=list)
    refusals: int = 0
    _quotas: Quotas = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._quotas = Quotas(self.clock.unix)
        self._quotas.set("here", self.quota)

    async def __call__(self, name: str) -> Any:
        """Let a request in, or refuse it as the service does."""
        left, wait = self._quotas.take("here")
        self.names.append(name)
        self.times.append(self.clock.now)
        self.refusals += wait > 0
        await self.clock.sleep(self.seconds)
        return refused(max(1, math.ceil(wait))) if wait else good(name, remaining=left)


@define
class Party:
    """One of those who share a quota, with a group of its own."""

    quota: SharedQuota
    group: Group

    async def carry(self, name: object, deadline: float = math.inf) -> Journey:
        """Send one request."""
        return await self.group.carry(named(name).request, CallOptions(), deadline)

    async def carry_all(self, name: str, count: int) -> list[Journey]:
        """Send many at once."""
        with anyio.fail_after(PATIENCE):
            return await asyncio.gather(*(self.carry(f"{name}{number}") for number in range(count)))


def party(
    clock: ManualClock, path: Path, *services: Service, told: float | None = None, patience: float = 5.0
) -> Party:
    """Someone whose deployments, the first of them preferred, are the same for all who have the same path."""
    quota = SharedQuota(path, clock, lambda: 0.5, patience)
    change = asyncio.Event()
    lanes = [
        lane_to(service, f"lane {number}", priority=number, pace=quota.pace(f"lane {number}", told, change.set))
        for number, service in enumerate(services)
    ]
    group = group_of(clock, *lanes)
    group.change = change
    return Party(quota, group)


@asynccontextmanager
async def parties(
    count: int, clock: ManualClock, path: Path, *services: Service, told: float | None = None, patience: float = 5.0
) -> AsyncIterator[list[Party]]:
    """So many; the first one is the keeper."""
    found = [party(clock, path, *services, told=told, patience=patience) for _ in range(count)]
    try:
        with anyio.fail_after(PATIENCE):
            for one in found:
                await one.quota.open()
        yield found
    finally:
        for one in found:
            await one.quota.close()


@define
class Raw:
    """A connection on which anything can be said."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, *lines: bytes) -> None:
        """Write lines."""
        self.writer.writelines(line + b"\n" for line in lines)
        with anyio.fail_after(PATIENCE):
            await self.writer.drain()

    async def say_for_ever(self, line: bytes) -> None:
        """Write a line again and again."""
        while True:
            await self.say(*[line] * 1000)
            await checkpoint()

    async def hear(self) -> bytes:
        """Return the next line; nothing where the connection is over."""
        with anyio.fail_after(PATIENCE):
            return await self.reader.readline()

    async def close(self) -> None:
        """End it at once, as the system does for a process that is killed."""
        self.writer.transport.abort()
        with anyio.fail_after(PATIENCE), suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def raw(path: Path) -> AsyncIterator[Raw]:
    """Connect to who listens."""
    connection = Raw(*await asyncio.open_unix_connection(path))
    try:
        yield connection
    finally:
        await connection.close()


async def exists(path: Path) -> bool:
    """Tell whether there is a socket."""
    return await asyncio.to_thread(path.exists)


async def is_there(path: Path, *, is_expected: bool = True) -> None:
    """Wait until there is a socket, or none."""
    with anyio.fail_after(PATIENCE):
        while await exists(path) is not is_expected:
            await checkpoint()
