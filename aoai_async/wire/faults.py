"""From the body of an error answer to an error; the service has six forms of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from aoai_async.errors import APIStatusError, ContentFilteredError, status_error_class
from aoai_async.schema.failures import InnerErrorCode
from aoai_async.schema.filters import DalleFilterResults
from aoai_async.wire.convert import MalformedJSONError, decode_json, fit
from aoai_async.wire.headers import told_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aoai_async.wire.reply import Reply

__all__ = ["excerpt", "status_error"]

_LONGEST_EXCERPT = 2000
_FILTERED = ("content_policy_violation", "contentFilter", "content_filter")


@frozen(kw_only=True)
class _Told:
    message: str | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None


def status_error(reply: Reply, now: float) -> APIStatusError:
    """Return the error that an answer with an error status stands for.

    Args:
        reply: The answer.
        now: Unix time in seconds, for dates in ``Retry-After``.
    """
    wrapped = _error_object(_json_object(reply.body))
    told = _told(wrapped) or _told_otherwise(reply)
    message = told.message or f"The service answered {reply.status} without a reason"
    kind = ContentFilteredError if _is_filtered(reply.status, told.code, wrapped) else status_error_class(reply.status)
    info = reply.info
    error = kind(
        message,
        status_code=reply.status,
        code=told.code,
        type=told.type,
        param=told.param,
        request_id=info.request_id,
        region=info.region,
        remaining_requests=info.remaining_requests,
        retry_after=told_wait(reply.headers, message, now),
        headers=reply.headers,
        body=excerpt(reply.body),
    )
    return _with_verdicts(error, wrapped)


def excerpt(body: bytes) -> str | None:
    """Return the beginning of a body as text, or None for an empty one."""
    return body[:_LONGEST_EXCERPT].decode(errors="replace") or None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = decode_json(body)
    except MalformedJSONError:
        return {}
    return value if isinstance(value, dict) else {}


def _error_object(body: dict[str, Any]) -> dict[str, Any]:
    error = body.get("error") or body
    if isinstance(error, dict):
        return error
    return {"message": error, "code": body.get("code")} if isinstance(error, str) else {}


def _told(error: dict[str, Any]) -> _Told | None:
    code = error.get("code", error.get("statusCode"))
    told = _Told(
        message=_text(error.get("message")),
        code=_text(code),
        type=_text(error.get("type")),
        param=_text(error.get("param")),
    )
    return told if any(asdict(told).values()) else None


def _told_otherwise(reply: Reply) -> _Told:
    reason = reply.headers.get("ms-azureml-model-error-reason")
    return _Told(message=reason or excerpt(reply.body.strip()), code=reason)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None


def _inner(error: Mapping[str, Any]) -> dict[str, Any]:
    inner = error.get("inner_error") or error.get("innererror")
    return inner if isinstance(inner, dict) else {}


def _is_filtered(status: int, code: str | None, error: Mapping[str, Any]) -> bool:
    violation = _inner(error).get("code") == InnerErrorCode.RESPONSIBLE_AI_POLICY_VIOLATION
    return status == 400 and (code in _FILTERED or violation)


def _with_verdicts(error: APIStatusError, wrapped: Mapping[str, Any]) -> APIStatusError:
    if isinstance(error, ContentFilteredError):
        inner = _inner(wrapped)
        error.revised_prompt = _text(inner.get("revised_prompt"))
        verdicts = inner.get("content_filter_results") or inner.get("content_filter_result")
        error.filter_results = fit(verdicts, DalleFilterResults) if verdicts is not None else None
    return error
