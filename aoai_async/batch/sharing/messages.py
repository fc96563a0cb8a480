"""What processes that share a quota say to each other."""

from __future__ import annotations

from attrs import asdict, frozen

from aoai_async.wire.convert import MalformedJSONError, UnfitError, decode_json, encode_json, fit

__all__ = [
    "Ask",
    "Failed",
    "Leave",
    "Message",
    "Ping",
    "Pong",
    "Refused",
    "Started",
    "Succeeded",
    "Turn",
    "Wait",
    "line_of",
    "message_in",
]

_VERSION = 1


@frozen
class _OfTurn:
    """A message about a turn.

    Attributes:
        pace: Which of the process's paces asked, by a number of the process's own.
        number: Which of its turns.
    """

    pace: int
    number: int


@frozen
class Ask(_OfTurn):
    """Asks for a turn.

    Attributes:
        lane: Whose quota it is.
        told: The quota in requests a minute, as far as this process was told.
        after: Seconds within which there can be no turn whatever answers come, as the keeper before said.
    """

    lane: str
    told: float | None = None
    after: float = 0.0


@frozen
class Leave(_OfTurn):
    """No longer wants a turn."""


@frozen
class Started(_OfTurn):
    """Has started a request."""


@frozen
class Succeeded(_OfTurn):
    """Has had a good answer; `remaining` is what the service would still take, where it says so."""

    remaining: int | None = None


@frozen
class Refused(_OfTurn):
    """Was refused; `retry_after` is after how many seconds to come back, where the service says so."""

    retry_after: float | None = None


@frozen
class Failed(_OfTurn):
    """Knows nothing about the quota from its request."""


@frozen
class Turn(_OfTurn):
    """A request may start."""


@frozen
class Wait(_OfTurn):
    """A request cannot start within so many seconds.

    Attributes:
        seconds: How many, unless an answer comes first that says otherwise.
        rest: For how many of them that holds whatever answers come.
    """

    seconds: float
    rest: float = 0.0


@frozen
class Ping:
    """Are you there, and do we understand each other?"""

    version: int = _VERSION


@frozen
class Pong:
    """Yes."""

    version: int = _VERSION


Message = Ask | Leave | Started | Succeeded | Refused | Failed | Turn | Wait | Ping | Pong

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind for kind in (Ask, Leave, Started, Succeeded, Refused, Failed, Turn, Wait, Ping, Pong)
}


def line_of(message: Message) -> bytes:
    """Return a message as a line of JSON."""
    return encode_json({"is": type(message).__name__, **asdict(message)}) + b"\n"


def message_in(line: bytes) -> Message:
    """Return the message of a line.

    Raises:
        UnfitError: It is none, or one of another version.
    """
    try:
        told = decode_json(line)
    except MalformedJSONError as error:
        raise UnfitError(str(error)) from None
    kind = _KINDS.get(str(told.pop("is", None))) if isinstance(told, dict) else None
    if kind is None:
        raise UnfitError("no message of processes that share a quota")
    message: Message = fit(told, kind)
    if isinstance(message, Ping | Pong) and message.version != _VERSION:
        raise UnfitError(f"version {message.version} is not {_VERSION}")
    return message
