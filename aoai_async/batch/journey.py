"""What one request goes through until it has an outcome."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field

from aoai_async.batch.lanes import Lane, is_not_there
from aoai_async.errors import APIError, AzureOpenAIError, CredentialError, RateLimitError
from aoai_async.wire.response import RawResponse

__all__ = ["Journey"]


@define(eq=False)
class Journey:
    """What one request has been through, and how it ended.

    Attributes:
        attempts: How often it was sent.
        retries: How often it failed, refusals for quota aside.
        deployment: The lane that was asked last, or None when there was none.
        outcome: The good answer, or what the last attempt ended with; there when it is over.
        error: What counts of the errors so far.
        failures: How often it failed, by lane.
        refused_until: When a lane that refused it said to come back, in monotonic seconds.
    """

    attempts: int = 0
    retries: int = 0
    deployment: str | None = None
    outcome: RawResponse[Any] | AzureOpenAIError = field(init=False, repr=False)
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
        if _is_told_by_service(error) or error.attempts > 0:
            self._sent(lane)
        if isinstance(error, RateLimitError):
            self.refused_until[lane] = now + (error.retry_after or 0.0)
        else:
            self.failures[lane] = self.failures.get(lane, 0) + 1
            self.retries += not is_not_there(error)
        return error

    def arrived(self, lane: Lane, answer: RawResponse[Any]) -> Journey:
        """Note the good answer, with which it is over."""
        self._sent(lane)
        self.outcome = answer if self.attempts == 1 else evolve(answer, retries_taken=self.attempts - 1)
        return self

    def ended(self, error: AzureOpenAIError) -> Journey:
        """Note that there is nothing left to try."""
        error.attempts = self.attempts
        self.outcome = error
        return self

    def unwrap(self) -> RawResponse[Any]:
        """Return the answer, or raise the error."""
        if isinstance(self.outcome, AzureOpenAIError):
            raise self.outcome
        return self.outcome

    def _sent(self, lane: Lane) -> None:
        self.attempts += 1
        self.deployment = lane.name


def _is_told_by_service(error: AzureOpenAIError) -> bool:
    return isinstance(error, APIError | CredentialError)
