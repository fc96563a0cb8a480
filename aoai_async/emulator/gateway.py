"""The gateway in front of the models: who calls, which version, which deployment, and how often."""

import hmac
import re
from collections.abc import Container, Mapping

import attrs

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer
from aoai_async.emulator.operations import Kind, Operation
from aoai_async.emulator.quota import Quotas

__all__ = ["Call", "Gateway", "Verdict"]

_RELEASED = frozenset({"2024-02-01", "2024-06-01", "2024-10-21"})
_PREVIEW = re.compile(r"\d{4}-\d{2}-\d{2}-preview", re.ASCII)


@attrs.frozen
class Call:
    """One request, as far as its first lines tell.

    Attributes:
        operation: What is asked for.
        deployment: Of which deployment.
        api_version: In which version; empty when the query does not say.
        request_id: The id of this request, in `apim-request-id` and in the path of its picture.
        base_url: Scheme, host and port under which the caller knows the emulator.
    """

    operation: Operation
    deployment: str
    api_version: str
    request_id: str
    base_url: str


@attrs.frozen
class Verdict:
    """What the gateway made of a call.

    Attributes:
        refusal: The answer; None lets the call through.
        remaining: Calls the quota would still take now.
    """

    refusal: Answer | None
    remaining: int = 0


@attrs.frozen
class Gateway:
    """Refuses what the service's gateway refuses.

    Attributes:
        api_key: The one key that is accepted.
        bearer_tokens: The tokens that are accepted; None accepts every one that is not empty.
        deployments: The deployments and the kind of each.
        quotas: Counts the calls.
    """

    api_key: str
    bearer_tokens: Container[str] | None
    deployments: Mapping[str, Kind]
    quotas: Quotas

    def judge(self, call: Call, headers: Mapping[str, str]) -> Verdict:
        """Let a call through and count it, or refuse it."""
        if refusal := self._stranger(headers) or _unknown_version(call) or self._wrong_deployment(call):
            return Verdict(refusal)
        remaining, wait = self.quotas.take(call.deployment)
        refusal = refusals.too_many_requests(call.operation, call.api_version, wait) if wait > 0 else None
        return Verdict(refusal, remaining)

    def _stranger(self, headers: Mapping[str, str]) -> Answer | None:
        if key := headers.get("api-key"):
            known = hmac.compare_digest(_octets(key), _octets(self.api_key))
            return None if known else refusals.wrong_key()
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._accepts(token.strip()):
            return None
        return refusals.no_credentials()

    def _accepts(self, token: str) -> bool:
        return bool(token) if self.bearer_tokens is None else token in self.bearer_tokens

    def _wrong_deployment(self, call: Call) -> Answer | None:
        kind = self.deployments.get(call.deployment)
        if kind is None:
            return refusals.deployment_not_found()
        if kind != call.operation.kind:
            return refusals.operation_not_supported(call.operation, call.deployment)
        return None


def _unknown_version(call: Call) -> Answer | None:
    known = call.api_version in _RELEASED or _PREVIEW.fullmatch(call.api_version)
    return None if known else refusals.resource_not_found()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
