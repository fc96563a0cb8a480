"""The attempts of one call: build and send again, never resend what is left."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field
from multidict import CIMultiDict

from aoai_async.errors import APITimeoutError, AuthenticationError, AzureOpenAIError
from aoai_async.transport.destinations import Destination
from aoai_async.transport.exchange import Attempt, exchange
from aoai_async.transport.settings import AttemptReport, Settings
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.decipher import check_status
from aoai_async.wire.response import RawResponse
from aoai_async.wire.retry import is_worth_retrying, wait_before

if TYPE_CHECKING:
    from aoai_async.transport.bodies import Body
    from aoai_async.wire.reply import Reply

__all__ = ["Call"]

_log = logging.getLogger("aoai_async")


def _random_guid() -> str:
    # As str(uuid4()), which takes four times as long, a fiftieth of a call.
    digits = secrets.token_hex(16)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@define(kw_only=True)
class Call:
    """One call with all its attempts.

    Attributes:
        settings: The client's.
        timeout: How long it may take.
        destination: Where it goes.
        headers: The client's and the caller's.
        kind: The class of the answer, or None where only the answer tells.
        finish: What is made of the answer's object before the caller gets it.
    """

    settings: Settings
    timeout: Timeout
    destination: Destination
    headers: Mapping[str, str] = field(repr=False)
    kind: type[Any] | None
    finish: Callable[[Any], Any] | None = field(repr=False)
    _id: str = field(factory=_random_guid, init=False)
    _begun: float = field(init=False)
    _number: int = field(default=0, init=False)
    _attempt_begun: float = field(default=0.0, init=False)
    _is_under_way: bool = field(default=False, init=False)
    _credentials: Mapping[str, str] = field(factory=dict, init=False, repr=False)
    _rejected: Mapping[str, str] | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._begun = self.settings.clock.monotonic()

    async def answer(self, body: Body) -> RawResponse[Any]:
        """Send `body`, and return the first good answer.

        Raises:
            AzureOpenAIError: What the last attempt ended with.
        """
        while True:
            self._number += 1
            self._attempt_begun, self._is_under_way = self.settings.clock.monotonic(), True
            outcome = await self._attempt(body)
            if not isinstance(outcome, AzureOpenAIError):
                self._report()
                retries, shown = self._number - 1, self.destination.shown
                return RawResponse(outcome, shown, retries, self._elapsed(), self.kind, self.finish)
            outcome.attempts = self._number
            wait = self._wait_after(outcome, body)
            self._report(outcome, wait)
            if wait is None:
                raise outcome
            await self.settings.clock.sleep(wait)

    def overdue(self) -> APITimeoutError:
        """Return the error of a call whose time is up; an attempt that was cut short by it is reported."""
        error = APITimeoutError(
            f"No complete answer within {self.timeout.total:g} s, the time for all attempts together; "
            "timeout= gives more"
        )
        error.attempts = self._number
        if self._is_under_way:
            self._report(error)
        return error

    async def _attempt(self, body: Body) -> Reply | AzureOpenAIError:
        try:
            self._credentials = await self.settings.authenticator.headers(rejected=self._rejected)
            connections = self.settings.connections
            session, outgoing = connections.session(), self._outgoing(body)
            reply = await exchange(session, connections.turns, outgoing, self.timeout, self.settings.limits)
            check_status(reply, self.settings.clock.unix())
        except AzureOpenAIError as error:
            return error
        return reply

    def _outgoing(self, body: Body) -> Attempt:
        headers = CIMultiDict(self._credentials)
        headers["x-ms-client-request-id"] = self._id
        headers["Content-Type"] = body.content_type
        headers.update(self.headers)
        return Attempt(self.destination.url, headers, body.make(), self.destination.proxy)

    def _wait_after(self, error: AzureOpenAIError, body: Body) -> float | None:
        if self._takes_new_token(error, body):
            self._rejected = self._credentials
            return 0.0
        if not is_worth_retrying(error) or self._number > self.settings.retry.max_retries:
            return None
        if not body.is_sendable():
            error.add_note(
                "It was not sent again, because the stream can be read once only; a path, bytes, a seekable "
                "file or a function that opens a new stream can be sent again"
            )
            return None
        return self._wait_within_time(error, wait_before(self._number, error, self.settings.retry))

    def _takes_new_token(self, error: AzureOpenAIError, body: Body) -> bool:
        is_first = self.settings.authenticator.can_refresh and self._rejected is None
        return isinstance(error, AuthenticationError) and is_first and body.is_sendable()

    def _wait_within_time(self, error: AzureOpenAIError, wait: float) -> float | None:
        left = (self.timeout.total or float("inf")) - self._elapsed()
        if wait < left:
            return wait
        error.add_note(
            f"It was not sent again: the wait of {wait:.1f} s is longer than the {left:.1f} s left of timeout="
        )
        return None

    def _elapsed(self) -> float:
        return self.settings.clock.monotonic() - self._begun

    def _report(self, error: AzureOpenAIError | None = None, retry_in: float | None = None) -> None:
        self._is_under_way = False
        watcher = self.settings.on_attempt
        if watcher is None and not _log.isEnabledFor(logging.DEBUG):
            return
        report = AttemptReport(
            operation=self.destination.operation,
            deployment=self.destination.deployment,
            number=self._number,
            seconds=self.settings.clock.monotonic() - self._attempt_begun,
            error=error,
            retry_in=retry_in,
            client_request_id=self._id,
        )
        _log.debug("%s", report)
        if watcher is not None:
            watcher(report)
