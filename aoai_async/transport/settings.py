"""What all requests of a client share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import Factory, field, frozen

from aoai_async.errors import AzureOpenAIError
from aoai_async.transport.bodies import Progress
from aoai_async.transport.clock import Clock, SystemClock
from aoai_async.transport.connections import Connections
from aoai_async.transport.credentials import Authenticator
from aoai_async.transport.destinations import Destinations
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.address import Endpoint, Router, deployment_route
from aoai_async.wire.limits import Limits
from aoai_async.wire.retry import RetryPolicy

__all__ = ["AttemptReport", "CallOptions", "Settings"]


@frozen(kw_only=True)
class AttemptReport:
    """What became of one attempt, for those who watch.

    Attributes:
        operation: For example ``"audio/transcriptions"``.
        deployment: Who was asked.
        number: Which attempt of the call, from 1.
        seconds: How long it took.
        error: What went wrong, or None.
        retry_in: Seconds until the next attempt; None when there is none.
        client_request_id: The id that all attempts of the call share.
    """

    operation: str
    deployment: str
    number: int
    seconds: float
    error: AzureOpenAIError | None
    retry_in: float | None
    client_request_id: str


@frozen(kw_only=True)
class CallOptions:
    """What one call has its own way in.

    Attributes:
        headers: Headers that add to or replace the client's.
        query: Query parameters that add to or replace the client's.
        timeout: In place of the client's; None for the client's own.
        on_progress: Called with the bytes of the recording sent so far, and with all of them.
    """

    headers: Mapping[str, str] = field(factory=dict, repr=False)
    query: Mapping[str, object] = field(factory=dict, repr=False)
    timeout: Timeout | None = None
    on_progress: Progress | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Settings:
    """What all requests of a client share; a copy with other settings shares the connections."""

    endpoint: Endpoint
    authenticator: Authenticator = field(repr=False)
    connections: Connections = field(factory=Connections, repr=False)
    deployment: str | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    query: Mapping[str, object] = field(factory=dict, repr=False)
    timeout: Timeout = field(factory=Timeout)
    limits: Limits = field(factory=Limits)
    retry: RetryPolicy = field(factory=RetryPolicy)
    router: Router = field(default=deployment_route, repr=False)
    on_attempt: Callable[[AttemptReport], object] | None = field(default=None, repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    destinations: Destinations = field(
        default=Factory(lambda own: Destinations(own.endpoint.base, own.query, own.router, own.connections), True),
        init=False,
        eq=False,
        repr=False,
    )
