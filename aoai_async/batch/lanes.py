"""One deployment as a lane: its pace, its health, its places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, evolve, field

from aoai_async.batch.health import Health
from aoai_async.errors import (
    APIError,
    AuthenticationError,
    AzureOpenAIError,
    CredentialError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UntrustedHostError,
)
from aoai_async.transport.sending import Ask
from aoai_async.wire.retry import is_worth_retrying

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aoai_async.transport.settings import CallOptions
    from aoai_async.wire.plan import Request
    from aoai_async.wire.response import RawResponse

__all__ = ["Departure", "Lane", "Pacing", "is_not_there"]


class Pacing(Protocol):
    """What says when the next request may start: a `Pace`, or what speaks for one that several processes share.

    Attributes:
        is_shared: Whether others ask it too, so that a request has to be claimed before it starts.
    """

    is_shared: bool

    def wait(self, now: float) -> float:
        """Return the seconds for which no request may start; 0 when one may be claimed."""
        ...

    def claim(self, now: float) -> bool:
        """Tell whether a request may start at once; if not, see to it that one may soon."""
        ...

    def leave(self) -> None:
        """Note that nobody here wants to start a request for now."""
        ...

    def started(self, now: float) -> Any:
        """Note that a request starts, as `claim` has just allowed, and return its ticket."""
        ...

    def succeeded(self, ticket: Any, now: float, *, remaining: int | None = None) -> None:
        """Note a good answer."""
        ...

    def refused(self, ticket: Any, now: float, *, retry_after: float | None = None) -> None:
        """Note an answer 429."""
        ...

    def failed(self, ticket: Any, now: float) -> None:
        """Note that a request ended in a way that says nothing about the quota."""
        ...


_NOT_THERE = (AuthenticationError, PermissionDeniedError, NotFoundError, CredentialError, UntrustedHostError)


@define
class Departure:
    """What a lane wants to be told again when a request is over."""

    ticket: Any
    rests: int


@define(eq=False)
class Lane:
    """A deployment, and all that decides whether the next request may go to it.

    Attributes:
        name: What outcomes call it.
        model: The deployment's name, or None to leave that to the request.
        ask: Sends a request without retries.
        pace: When its quota lets the next request start.
        health: Whether it works.
        priority: Lower ones are preferred.
        weight: Its share among lanes of the same priority.
        places: How many requests it takes at once; None for any number.
        in_flight: How many it has now.
        chosen: How much of its share it has had.
    """

    name: str
    model: str | None
    ask: Ask = field(repr=False)
    pace: Pacing = field(repr=False)
    health: Health = field(repr=False)
    priority: int = 0
    weight: float = 1.0
    places: int | None = None
    in_flight: int = field(default=0, init=False)
    chosen: float = field(default=0.0, init=False)

    def is_full(self) -> bool:
        """Tell whether all its places are taken; an answer frees one."""
        return self.places is not None and self.in_flight >= self.places

    def wait(self, now: float) -> float:
        """Return the seconds until its quota and its health let a request start."""
        return max(self.pace.wait(now), self.health.wait(now))

    def may_be_asked(self, now: float, *, is_last_hope: bool) -> bool:
        """Tell whether only its quota may keep a request from starting; as a last hope, its health does not."""
        return not self.is_full() and (is_last_hope or not self.health.wait(now))

    def begin(self, now: float) -> Departure:
        """Take a place for a request that starts now."""
        self.in_flight += 1
        self.chosen += 1 / self.weight
        return Departure(self.pace.started(now), self.health.started())

    def send(self, request: Request, options: CallOptions) -> Awaitable[RawResponse[Any]]:
        """Send a request to this deployment, once; what it returns raises `AzureOpenAIError` when awaited."""
        is_meant = self.model is None or self.model == request.model
        return self.ask(request if is_meant else evolve(request, model=self.model), options)

    def note(self, departure: Departure, now: float, outcome: RawResponse[Any] | AzureOpenAIError) -> None:
        """Give the place back after a request, and learn from what came of it."""
        self.in_flight -= 1
        if isinstance(outcome, AzureOpenAIError):
            self._note_pace(departure, now, outcome)
            self._note_health(departure, now, outcome)
        else:
            self.pace.succeeded(departure.ticket, now, remaining=outcome.info.remaining_requests)
            self.health.worked()

    def _note_pace(self, departure: Departure, now: float, error: AzureOpenAIError) -> None:
        if isinstance(error, RateLimitError):
            self.pace.refused(departure.ticket, now, retry_after=error.retry_after)
        else:
            self.pace.failed(departure.ticket, now)

    def _note_health(self, departure: Departure, now: float, error: AzureOpenAIError) -> None:
        if _is_answer(error):
            self.health.worked()
        elif is_not_there(error) or is_worth_retrying(error):
            self.health.failed(departure.rests, now, is_certain=is_not_there(error))
        else:
            self.health.left(departure.rests)

    def note_cancelled(self, departure: Departure, now: float) -> None:
        """Give the place back after a request that nobody waits for any more."""
        self.in_flight -= 1
        self.health.left(departure.rests)
        self.pace.failed(departure.ticket, now)


def is_not_there(error: Exception) -> bool:
    """Tell whether an answer says that the deployment does not exist, or not for us."""
    return isinstance(error, _NOT_THERE)


def _is_answer(error: AzureOpenAIError) -> bool:
    """Tell whether only a deployment that works gives such an error; one of our own side tells nothing."""
    if isinstance(error, RateLimitError):
        return True
    return isinstance(error, APIError) and not (is_not_there(error) or is_worth_retrying(error))
