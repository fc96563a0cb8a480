"""The bodies of error answers (API reference: Components)."""

from __future__ import annotations

from attrs import frozen

from aoai_async.schema.base import OpenEnum, SchemaObject
from aoai_async.schema.filters import DalleFilterResults

__all__ = ["DalleError", "DalleErrorResponse", "DalleInnerError", "InnerErrorCode"]


class InnerErrorCode(OpenEnum):
    """Codes of the inner error (API reference: innerErrorCode); further values may appear."""

    RESPONSIBLE_AI_POLICY_VIOLATION = "ResponsibleAIPolicyViolation"


@frozen(kw_only=True, repr=False)
class DalleInnerError(SchemaObject):
    """Why the content filter stopped a request (API reference: dalleInnerError).

    Attributes:
        code: The inner error's code.
        content_filter_results: The verdict of each category; some may be absent.
        revised_prompt: The prompt that was used to generate the picture, if it was revised.
    """

    code: InnerErrorCode | None = None
    content_filter_results: DalleFilterResults | None = None
    revised_prompt: str | None = None


@frozen(kw_only=True, repr=False)
class DalleError(SchemaObject):
    """The error object of an answer (API reference: dalleError).

    Attributes:
        code: The service's own code, for example ``"content_policy_violation"``.
        message: What went wrong, for a person.
        param: The parameter the service complains of.
        type: The kind of error, for example ``"invalid_request_error"``.
        inner_error: Details of the content filter.
    """

    code: str | None = None
    message: str | None = None
    param: str | None = None
    type: str | None = None
    inner_error: DalleInnerError | None = None


@frozen(kw_only=True, repr=False)
class DalleErrorResponse(SchemaObject):
    """An error answer (API reference: dalleErrorResponse)."""

    error: DalleError | None = None
