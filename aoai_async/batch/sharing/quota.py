"""A process's part in a shared quota: to be the keeper, to know one, or to be alone for a while."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from anyio import fail_after
from attrs import define, field

from aoai_async.batch.sharing.keeper import Keeper, Seat
from aoai_async.batch.sharing.link import Link
from aoai_async.batch.sharing.messages import Message, Pong, Turn, Wait
from aoai_async.batch.sharing.pace import Desk, SharedPace
from aoai_async.errors import ConfigurationError
from aoai_async.transport.clock import Clock
from aoai_async.transport.listening import LONGEST_PATH, Listener
from aoai_async.wire.convert import UnfitError

__all__ = ["SharedQuota"]

_log = logging.getLogger("aoai_async")

_PATIENCE = 5.0
_A_MOMENT = 0.02
_LOOK_AGAIN = 5.0
# A number may be of the right form and still too large to reckon with.
_NONSENSE = (OSError, UnfitError, ArithmeticError)


def _absolute(path: str | os.PathLike[str]) -> Path:
    # The working directory may change between two meetings.
    return Path(path).absolute()


@define(eq=False)
class SharedQuota:
    """Paces that all processes on this machine share that name the same path.

    Between `open` and `close`, or while it is `lent`, a task of its own connects it with the others.

    Attributes:
        path: Where the processes meet.
        clock: Tells and passes time.
        jitter: Gives a number from 0 to 1, by which waits are spread.
        patience: Seconds of silence after which another process is asked whether it is there, and again as many in
            which it has to answer.

    Raises:
        ConfigurationError: The path is too long for a socket.
    """

    path: Path = field(converter=_absolute)
    clock: Clock
    jitter: Callable[[], float] = field(repr=False)
    patience: float = _PATIENCE
    _paces: list[SharedPace] = field(factory=list, init=False)
    _keeper: Keeper = field(init=False)
    _home: Seat = field(init=False)
    _at_home: Desk = field(init=False)
    _desk: Desk | None = field(default=None, init=False)
    _opening: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _is_open: asyncio.Event = field(factory=asyncio.Event, init=False)
    _error: ConfigurationError | None = field(default=None, init=False)
    _life: asyncio.Task[None] | None = field(default=None, init=False)
    _borrowers: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        if (length := len(os.fsencode(self.path))) > LONGEST_PATH:
            raise ConfigurationError(
                f"shared_quota={self.path} has {length} bytes; the path of a socket has {LONGEST_PATH} at the most"
            )
        self._keeper = Keeper(self.clock, self.jitter)
        self._home = Seat(self._keeper, self._take)
        # Each look at a method makes a new object, and desks are told apart.
        self._at_home = self._home.take

    def pace(self, lane: str, told: float | None, ring: Callable[[], None]) -> SharedPace:
        """Return a pace of this process.

        Args:
            lane: Whose quota it is.
            told: The quota in requests a minute, or None.
            ring: Called when it is worth while to look whether a request may start.
        """
        pace = SharedPace(len(self._paces), lane, told, ring)
        self._paces.append(pace)
        pace.sit(self._desk)
        return pace

    async def open(self) -> None:
        """Meet the others, unless that has been done.

        Raises:
            ConfigurationError: There can be no socket at the path.
        """
        async with self._opening:
            if self._life is None:
                self._is_open.clear()
                self._life = asyncio.create_task(self._live())
            await self._is_open.wait()
            if self._error is not None:
                self._life, error, self._error = None, self._error, None
                raise error

    async def close(self) -> None:
        """Leave the others; they go on. It can be opened again."""
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
            await asyncio.wait([life])

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Open it for who needs it, and close it after the last one; raises as `open`."""
        self._borrowers += 1
        try:
            await self.open()
            yield
        finally:
            self._borrowers -= 1
            if not self._borrowers:
                await self.close()

    async def _live(self) -> None:
        keeping = asyncio.create_task(self._keeper.run())
        try:
            while self._error is None:
                await self._meet()
        finally:
            self._sit(None)
            self._is_open.set()
            keeping.cancel()
            await asyncio.wait([keeping])

    async def _meet(self) -> None:
        try:
            async with self._other_or_listener() as other:
                if isinstance(other, Link):
                    await self._follow(other)
                else:
                    await self._keep(other)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch goes on
            if not self._is_open.is_set() and isinstance(error, OSError) and not isinstance(error, TimeoutError):
                self._error = ConfigurationError(f"shared_quota={self.path} cannot be used: {error.strerror}")
                self._is_open.set()
                return
            _log.warning("shared_quota=%s: pacing alone for a while: %r", self.path, error)
            self._sit(self._at_home)
            await self.clock.sleep(_LOOK_AGAIN)

    @asynccontextmanager
    async def _other_or_listener(self) -> AsyncIterator[Link | Listener]:
        with fail_after(self.patience):
            other = await self._met()
        try:
            yield other
        finally:
            await other.close()

    async def _met(self) -> Link | Listener:
        while (listener := await Listener.claimed(self.path)) is None:
            # Who has the lock may not listen yet, or not any more.
            with suppress(FileNotFoundError, ConnectionError):
                return await Link.to_keeper(self.path)
            await self.clock.sleep(_A_MOMENT)
        return listener

    async def _follow(self, keeper: Link) -> None:
        self._sit(keeper.send)
        with suppress(*_NONSENSE):
            while True:
                self._take(await keeper.message_or_ping(self.patience))
        self._sit(None)

    async def _keep(self, listener: Listener) -> None:
        self._sit(self._at_home)
        async with asyncio.TaskGroup() as guests:
            while True:
                guest = Link(*await listener.accept())
                # Not in the task: one that is cancelled before it begins closes nothing.
                guests.create_task(self._serve(guest)).add_done_callback(guest.ended)

    async def _serve(self, guest: Link) -> None:
        seat = Seat(self._keeper, guest.send)
        try:
            with suppress(*_NONSENSE):
                while True:
                    seat.take(await guest.message())
        finally:
            seat.close()

    def _take(self, message: Message) -> None:
        match message:
            case Pong():
                pass
            case Turn() | Wait() if 0 <= message.pace < len(self._paces):
                self._paces[message.pace].take(message, self.clock.monotonic())
            case _:
                raise UnfitError(f"no keeper says {message}")

    def _sit(self, desk: Desk | None) -> None:
        self._desk = desk
        for pace in self._paces:
            pace.sit(desk)
        if desk is not None:
            self._is_open.set()
        if desk is not self._at_home:
            self._home.close()
            self._keeper.rest()
