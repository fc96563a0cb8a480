"""What one request goes through until it has an outcome."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field, frozen

from aoai_async.batch.lanes import Lane, is_not_there
from aoai_async.errors import APIError, AzureOpenAIError, CredentialError, RateLimitError
from aoai_async.wire.response import RawResponse

__all__ = ["Carried", "Journey"]


@frozen(kw_only=True)
class Carried:
    """How a request went.

    Attributes:
        outcome: The good answer, or what the last attempt ended with.
        attempts: How often it was sent.
        deployment: The lane of the last attempt, or None when there was none.
    """

    outcome: RawResponse[Any] | AzureOpenAIError
    attempts: int
    deployment: str | None

    def unwrap(self) -> RawResponse[Any]:
        """Return the answer, or raise the error."""
        if isinstance(self.outcome, AzureOpenAIError):
            raise self.outcome
        return self.outcome


@define
class Journey:
    """What one request has been through.

    Attributes:
        attempts: How often it was sent.
        retries: How often it failed, refusals for quota aside.
        deployment: The lane that was asked last.
        error: What counts of the errors so far.
        failures: How often it failed, by lane.
        refused_until: When a lane that refused it said to come back, in monotonic seconds.
    """

    attempts: int = 0
    retries: int = 0
    deployment: str | None = None
    error: AzureOpenAIError | None = None
    failures: dict[Lane, int] = field(factory=dict)
    refused_until: dict[Lane, float] = field(factory=dict)

    def preference(self, lane: Lane) -> tuple[int, int, float]:
        """Return by what free lanes are ranked; the least is taken."""
        return self.failures.get(lane, 0), lane.priority, lane.chosen

    def failed(self, lane: Lane, error: AzureOpenAIError, now: float) -> AzureOpenAIError:
        """Note a failure, and return the one that counts: the service's, not why it could not be sent again."""
        if not _is_told_by_service(error) and self.error is not None:
            self.error.add_note(f"It was not sent again: {error.message}")
            return self.error
        self.error = error
        self._sent(lane, is_sent=_is_told_by_service(error) or error.attempts > 0)
        if isinstance(error, RateLimitError):
            self.refused_until[lane] = now + (error.retry_after or 0.0)
        else:
            self.failures[lane] = self.failures.get(lane, 0) + 1
            self.retries += not is_not_there(error)
        return error

    def arrived(self, lane: Lane, answer: RawResponse[Any]) -> Carried:
        """Return how it went when a good answer came."""
        self._sent(lane)
        return self._carried(answer if self.attempts == 1 else evolve(answer, retries_taken=self.attempts - 1))

    def _sent(self, lane: Lane, *, is_sent: bool = True) -> None:
        if is_sent:
            self.attempts += 1
            self.deployment = lane.name

    def ended(self, error: AzureOpenAIError) -> Carried:
        """Return how it went when there is nothing left to try."""
        error.attempts = self.attempts
        return self._carried(error)

    def _carried(self, outcome: RawResponse[Any] | AzureOpenAIError) -> Carried:
        return Carried(outcome=outcome, attempts=self.attempts, deployment=self.deployment)


def _is_told_by_service(error: AzureOpenAIError) -> bool:
    return isinstance(error, APIError | CredentialError)
