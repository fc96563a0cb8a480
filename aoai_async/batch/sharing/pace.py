"""A pace that somebody else keeps."""

from __future__ import annotations

import math
from collections.abc import Callable

from attrs import define, field, frozen

from aoai_async.batch.sharing.messages import Ask, Failed, Leave, Message, Refused, Started, Succeeded, Turn, Wait

__all__ = ["Desk", "SharedPace"]

Desk = Callable[[Message], None]
"""Takes messages to the keeper."""


@frozen
class _Ticket:
    desk: Desk | None
    number: int


@define(eq=False)
class SharedPace:
    """Does what a `Pace` does, with turns that have to be asked for.

    Attributes:
        number: Which one of this process it is.
        lane: Whose quota it is.
        told: The quota in requests a minute, or None.
        ring: Called when it is worth while to look again.
    """

    is_shared = True

    number: int
    lane: str
    told: float | None
    ring: Callable[[], None] = field(repr=False)
    _desk: Desk | None = field(default=None, init=False, repr=False)
    _turns: int = field(default=0, init=False)
    _is_asked: bool = field(default=False, init=False)
    _has_turn: bool = field(default=False, init=False)
    _free_at: float = field(default=-math.inf, init=False)
    _rests_until: float = field(default=-math.inf, init=False)

    def wait(self, now: float) -> float:
        """Return the seconds within which no turn can come, as far as is known."""
        return max(0.0, self._free_at - now)

    def claim(self, now: float) -> bool:
        """Tell whether a request may start, and if not, stand in line for a turn."""
        if not self._is_asked and self._desk is not None:
            self._is_asked = True
            self._turns += 1
            self._desk(Ask(self.number, self._turns, self.lane, self.told, max(0.0, self._rests_until - now)))
        return self._has_turn

    def leave(self) -> None:
        """Leave the line, or give back the turn, if there is one."""
        if self._is_asked:
            self._is_asked = self._has_turn = False
            self._tell(Leave(self.number, self._turns))

    def started(self, now: float) -> _Ticket:  # noqa: ARG002 - the keeper has a time of its own
        """Use the turn; return what to tell what came of the request."""
        self._is_asked = self._has_turn = False
        self._tell(Started(self.number, self._turns))
        return _Ticket(self._desk, self._turns)

    def succeeded(self, ticket: _Ticket, now: float, *, remaining: int | None = None) -> None:  # noqa: ARG002 - as above
        """Tell the keeper of a good answer."""
        self._tell_of(ticket, Succeeded(self.number, ticket.number, remaining))

    def refused(self, ticket: _Ticket, now: float, *, retry_after: float | None = None) -> None:  # noqa: ARG002 - as above
        """Tell the keeper of a refusal."""
        self._tell_of(ticket, Refused(self.number, ticket.number, retry_after))

    def failed(self, ticket: _Ticket, now: float) -> None:  # noqa: ARG002 - as above
        """Tell the keeper that a request told nothing."""
        self._tell_of(ticket, Failed(self.number, ticket.number))

    def take(self, message: Turn | Wait, now: float) -> None:
        """Note what the keeper says of the turn that was asked for last; of others it does not matter."""
        if not self._is_asked or message.number != self._turns:
            return
        self._has_turn = isinstance(message, Turn)
        self._free_at = now + message.seconds if isinstance(message, Wait) else -math.inf
        self._rests_until = now + message.rest if isinstance(message, Wait) else -math.inf
        self.ring()

    def sit(self, desk: Desk | None) -> None:
        """Go to another keeper, or to none for now; whoever waits has to ask again."""
        self._desk = desk
        self._is_asked = self._has_turn = False
        self._free_at = -math.inf
        self.ring()

    def _tell(self, message: Message) -> None:
        if self._desk is not None:
            self._desk(message)

    def _tell_of(self, ticket: _Ticket, message: Message) -> None:
        # Another keeper knows nothing of the request.
        if ticket.desk is self._desk:
            self._tell(message)
