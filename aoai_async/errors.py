"""Everything that can go wrong, as one tree.

::

    AzureOpenAIError                      also importable as OpenAIError
    ├── ConfigurationError                endpoint, credentials or options of the client are wrong
    ├── InvalidInputError                 a parameter or file was refused before anything was sent
    ├── CredentialError                   no token could be had from the provider or credential
    ├── UploadSourceError                 a source changed, is shared by two uploads, or is spent
    ├── JournalError                      a batch's journal cannot be used
    ├── PictureError                      a picture could not be fetched, decoded or saved
    │   └── PictureExpiredError           its address is older than the service allows (24 hours)
    └── APIError                          the service, or the way to it
        ├── APIConnectionError            no complete answer arrived
        │   ├── APITimeoutError           … within the time allowed
        │   └── UntrustedHostError        … because the host's certificate is not trusted
        ├── UnexpectedAnswerError         an answer of a form the API reference does not give
        └── APIStatusError                an answer with an error status
            ├── BadRequestError           400
            │   └── ContentFilteredError  400, the prompt or the picture was filtered
            ├── AuthenticationError       401
            ├── PermissionDeniedError     403
            ├── NotFoundError             404
            ├── ConflictError             409
            ├── RequestTooLargeError      413
            ├── UnprocessableEntityError  422
            ├── RateLimitError            429
            └── InternalServerError       500 and above

Every error can be pickled, so that it may cross a process boundary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aoai_async.schema.filters import DalleFilterResults

__all__ = [
    "AzureOpenAIError",
    "OpenAIError",
    "ConfigurationError",
    "InvalidInputError",
    "CredentialError",
    "UploadSourceError",
    "JournalError",
    "PictureError",
    "PictureExpiredError",
    "APIError",
    "APIConnectionError",
    "APITimeoutError",
    "UntrustedHostError",
    "UnexpectedAnswerError",
    "APIResponseValidationError",
    "APIStatusError",
    "BadRequestError",
    "ContentFilteredError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "RequestTooLargeError",
    "UnprocessableEntityError",
    "RateLimitError",
    "InternalServerError",
    "status_error_class",
]


class AzureOpenAIError(Exception):
    """The root of all errors this package raises.

    Attributes:
        message: What went wrong, for a person.
        attempts: How many times the request was sent; 0 when it never was.
    """

    attempts: int = 0

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[AzureOpenAIError], args: tuple[Any, ...], state: dict[str, Any]) -> AzureOpenAIError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


OpenAIError = AzureOpenAIError


class ConfigurationError(AzureOpenAIError, ValueError):
    """The client cannot be built as asked: the message says which option, and what would do."""


class InvalidInputError(AzureOpenAIError, ValueError):
    """A parameter or file was refused before anything was sent.

    Attributes:
        field: The parameter's name, for example ``"file"``.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class CredentialError(AzureOpenAIError):
    """The token provider or credential failed, or gave something that is no token."""


class UploadSourceError(AzureOpenAIError):
    """A file changed while it was sent, is used by two uploads at once, or cannot be read a second time."""


class JournalError(AzureOpenAIError):
    """The journal of a batch cannot be read or written, or another process is writing it."""


class PictureError(AzureOpenAIError):
    """A picture could not be fetched, decoded or saved.

    Attributes:
        status_code: What the storage host answered, if it answered.
    """

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class PictureExpiredError(PictureError):
    """The picture's address no longer works: the service keeps a picture for 24 hours."""


class APIError(AzureOpenAIError):
    """The service refused or could not be reached; what is known of it is in the attributes.

    Attributes:
        status_code: The HTTP status, or None when no answer arrived.
        code: The service's own code, for example ``"DeploymentNotFound"``.
        type: The service's kind of error, for example ``"invalid_request_error"``.
        param: The parameter the service complains of.
        request_id: What Microsoft's support asks for (``apim-request-id``).
        region: Where it was answered, for example ``"Sweden Central"``.
        remaining_requests: What is left of the deployment's quota, where the service says so.
        retry_after: Seconds to wait before another try, where the service says so.
        headers: The answer's headers, case-insensitive; empty when no answer arrived.
        body: The beginning of the answer's body as text, or None.
    """

    status_code: int | None

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the service's name, and openai-python's
        param: str | None = None,
        request_id: str | None = None,
        region: str | None = None,
        remaining_requests: int | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.type = type
        self.param = param
        self.request_id = request_id
        self.region = region
        self.remaining_requests = remaining_requests
        self.retry_after = retry_after
        self.headers: Mapping[str, str] = headers if headers is not None else {}
        self.body = body

    def __str__(self) -> str:
        known = [str(part) for part in (self.status_code, self.code) if part is not None]
        prefix = " ".join(dict.fromkeys(known))
        where = f" (request id {self.request_id})" if self.request_id else ""
        return f"{prefix}: {self.message}{where}" if prefix else f"{self.message}{where}"


class APIConnectionError(APIError):
    """No complete answer arrived: the host could not be reached, or the connection broke."""


class APITimeoutError(APIConnectionError):
    """No complete answer arrived within the time allowed."""


class UntrustedHostError(APIConnectionError):
    """Nothing was sent, because the host's certificate is not trusted; to try again does not help."""


class UnexpectedAnswerError(APIError):
    """An answer came that the API reference does not describe.

    A proxy's HTML page with status 200, JSON where text was asked for, a redirect, a body over the limit,
    a required key that is missing.
    """


APIResponseValidationError = UnexpectedAnswerError


class APIStatusError(APIError):
    """The service answered with an error status."""

    status_code: int  # pyright: ignore[reportIncompatibleVariableOverride] - such an error always has one


class BadRequestError(APIStatusError):
    """400: the service does not accept a parameter, the file or the prompt."""


class ContentFilteredError(BadRequestError):
    """400: the content filter stopped the prompt or the picture. A repeat does not help.

    Attributes:
        filter_results: The verdict of each category the service names; some may be absent.
        revised_prompt: The prompt the service made of the caller's, where it says so.
    """

    filter_results: DalleFilterResults | None = None
    revised_prompt: str | None = None


class AuthenticationError(APIStatusError):
    """401: the key or token is not accepted, or the identity has no role on the resource."""


class PermissionDeniedError(APIStatusError):
    """403: network rules of the resource refuse the caller."""


class NotFoundError(APIStatusError):
    """404: no such deployment, path or api-version."""


class ConflictError(APIStatusError):
    """409: the resource is in a state that does not allow the request."""


class RequestTooLargeError(APIStatusError):
    """413: the whole request body is larger than the service takes (26,214,400 bytes)."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well formed and still not acceptable."""


class RateLimitError(APIStatusError):
    """429: the deployment's quota is used up; `retry_after` says for how many seconds."""


class InternalServerError(APIStatusError):
    """500 and above: the service failed."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: RequestTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status: int) -> type[APIStatusError]:
    """Return the class of error for an HTTP status; `APIStatusError` itself where there is no closer one."""
    if status >= 500:
        return InternalServerError
    return _BY_STATUS.get(status, APIStatusError)
