"""Requests that the service refuses, and what their refusals tell.

The service judges in an order: the key, then the deployment, then whether it takes the operation, and only then the
body. Each body here is wrong in two ways, so that nothing is ever heard, drawn or billed: a recording of one byte in a
format there is none of, and no prompt for a number of pictures there cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from aoai_async.errors import APIError, APIStatusError, AzureOpenAIError
from aoai_async.schema.audio import CreateTranscriptionRequest, CreateTranslationRequest
from aoai_async.schema.images import ImageGenerationsRequest
from aoai_async.transport.settings import CallOptions
from aoai_async.transport.timeouts import Timeout
from aoai_async.wire.headers import answer_info

if TYPE_CHECKING:
    from aoai_async.client import AsyncAzureOpenAI
    from aoai_async.wire.plan import Request

__all__ = ["PROBES", "Probe", "probed"]

_NOISE = ("probe.wav", b"\0")
_NO_FORMAT = "no-such-format"
_AFTER_THE_GATEWAY = (400, 415, 422, 424, 429)

PROBES: Mapping[str, Request] = {
    "transcriptions": CreateTranscriptionRequest(file=_NOISE, response_format=_NO_FORMAT),
    "translations": CreateTranslationRequest(file=_NOISE, response_format=_NO_FORMAT),
    "images": ImageGenerationsRequest(prompt="", n=0, extra={"prompt": None}),
}


@frozen
class Probe:
    """What became of one request.

    Attributes:
        operation: What was asked for.
        error: How it was refused; None if it was not.
        moment: Unix time in the middle between question and answer.
        headers: The answer's headers; empty when there was none.
    """

    operation: str
    error: AzureOpenAIError | None
    moment: float
    headers: Mapping[str, str] = field(repr=False)

    @property
    def status(self) -> int | None:
        """The status of the answer; None when none came, or one that was no refusal."""
        return self.error.status_code if isinstance(self.error, APIStatusError) else None

    @property
    def code(self) -> str | None:
        """The service's own code of its refusal."""
        return self.error.code if isinstance(self.error, APIError) else None

    @property
    def is_supported(self) -> bool:
        """Whether the deployment takes this operation: the request got as far as its body, or its quota."""
        return self.status in _AFTER_THE_GATEWAY and not self.is_elsewhere

    @property
    def is_of_the_service(self) -> bool:
        """Whether the refusal has an id or a code, as the service's have, and not only a web server's status."""
        return isinstance(self.error, APIStatusError) and bool(self.error.request_id or self.error.code)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the deployment is there for other operations."""
        return self.code == "OperationNotSupported" or self.status == 404

    @property
    def remaining(self) -> int | None:
        """How many more requests the quota takes; None when the service does not say."""
        return answer_info(self.headers).remaining_requests

    @property
    def wait(self) -> float:
        """Seconds to wait, when the quota is used up; 0 when the service does not say."""
        return (self.error.retry_after or 0.0) if isinstance(self.error, APIError) else 0.0

    def __str__(self) -> str:
        return f"{self.operation}: {self.error or 'not refused'}"


async def probed(client: AsyncAzureOpenAI, operation: str, *, within: float) -> Probe:
    """Send the request of an operation once, and wait for its refusal for `within` seconds at the most."""
    begun = client.clock.unix()
    headers: Mapping[str, str] = {}
    error: AzureOpenAIError | None = None
    try:
        answer = await client.ask(PROBES[operation], CallOptions(timeout=Timeout(within)))
        headers = answer.headers
    except AzureOpenAIError as refused:
        error = refused
        headers = refused.headers if isinstance(refused, APIError) else {}
    return Probe(operation, error, (begun + client.clock.unix()) / 2, headers)
