"""A connection between two processes that share a quota."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from anyio import fail_after, move_on_after
from attrs import define, field

from aoai_async.batch.sharing.messages import Message, Ping, Pong, line_of, message_in
from aoai_async.wire.convert import UnfitError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Link"]

# Who reads so little has stopped; what it is told would fill memory.
_MOST_UNREAD = 64 * 1024


@define(eq=False)
class Link:
    """Messages to and from another process.

    Attributes:
        reader: Where they come from.
        writer: Where they go.
    """

    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)

    @classmethod
    async def to_keeper(cls, path: Path) -> Self:
        """Connect to who listens on a path, once it has answered; raises `OSError` or `UnfitError`."""
        link = cls(*await asyncio.open_unix_connection(path))
        try:
            await link._greet()
        except BaseException:
            link.drop()
            raise
        return link

    async def _greet(self) -> None:
        self.send(Ping())
        if not isinstance(answer := await self.message(), Pong):
            raise UnfitError(f"{answer} is no answer to a greeting")

    def send(self, message: Message) -> None:
        """Send a message; who does not read what was sent before is let go."""
        transport = self.writer.transport
        if transport.get_write_buffer_size() > _MOST_UNREAD:
            self.drop()
        elif not transport.is_closing():
            transport.write(line_of(message))

    async def message(self) -> Message:
        """Wait for the next message, as long as it takes.

        Raises:
            ConnectionError: There is none any more.
            UnfitError: What came is none.
        """
        try:
            line = await self.reader.readline()
        except ValueError:
            raise UnfitError("a line without an end") from None
        if not line.endswith(b"\n"):
            raise ConnectionResetError("The other process is gone")
        return message_in(line)

    async def message_or_ping(self, patience: float) -> Message:
        """Wait for the next message; after some seconds of silence ask whether the other one is there.

        Raises:
            TimeoutError: It does not answer for as long again.
            ConnectionError: As `message`, and `UnfitError`.
        """
        with move_on_after(patience):
            return await self.message()
        self.send(Ping())
        with fail_after(patience):
            return await self.message()

    def drop(self) -> None:
        """End the connection."""
        self.writer.transport.abort()

    def ended(self, _task: object) -> None:
        """End the connection with the task that used it."""
        self.drop()

    async def close(self) -> None:
        """End the connection; what was sent arrives, unless the other one has stopped reading."""
        self.drop()
