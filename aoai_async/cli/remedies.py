"""What to do about a failure, in a sentence for a person."""

from __future__ import annotations

from aoai_async.errors import (
    APIConnectionError,
    AuthenticationError,
    AzureOpenAIError,
    BadRequestError,
    ContentFilteredError,
    CredentialError,
    InternalServerError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    PictureError,
    PictureExpiredError,
    RateLimitError,
    RequestTooLargeError,
    UnexpectedAnswerError,
    UploadSourceError,
)

__all__ = ["OutputError", "is_locked_out", "remedy_for"]


class OutputError(AzureOpenAIError):
    """What was answered cannot be written where it belongs; it is kept in the journal and not paid again."""


_AGAIN = "run the same command with --retry-failed"
_LOCKED_OUT = (AuthenticationError, PermissionDeniedError, NotFoundError, CredentialError)
# The first that fits counts, so a class stands before its parents.
_REMEDIES: tuple[tuple[type[AzureOpenAIError], str], ...] = (
    (ContentFilteredError, f"reword the prompt; to ask the same again, {_AGAIN}"),
    (RequestTooLargeError, "compress it (mono, 16 kHz, a low bit rate is enough for speech) or split it"),
    (AuthenticationError, f"look at the key and the endpoint; then {_AGAIN}"),
    (PermissionDeniedError, f"look at the resource's network rules and your role; then {_AGAIN}"),
    (NotFoundError, f"look at --model, the name of the deployment, and the endpoint; then {_AGAIN}"),
    (CredentialError, f"sign in anew; then {_AGAIN}"),
    (RateLimitError, f"{_AGAIN}, later or with a lower --rpm"),
    (BadRequestError, f"look at the file and the options; then {_AGAIN}"),
    (InternalServerError, _AGAIN),
    (APIConnectionError, f"look at the network and the endpoint; then {_AGAIN}"),
    (UnexpectedAnswerError, f"look at the endpoint, and at what stands between it and you; then {_AGAIN}"),
    (UploadSourceError, f"when nobody writes to it any more, {_AGAIN}"),
    (OutputError, "run the same command when that is put right; no answer is paid again"),
    (PictureExpiredError, f"{_AGAIN}, which draws another and is billed again"),
    (PictureError, "run the same command"),
    (InvalidInputError, f"when that is put right, {_AGAIN}"),
)


def remedy_for(error: AzureOpenAIError) -> str:
    """Return what to do about an error."""
    return next((remedy for kind, remedy in _REMEDIES if isinstance(error, kind)), _AGAIN)


def is_locked_out(error: Exception | None) -> bool:
    """Tell whether an error says that the deployment does not exist or lets nobody in, whatever it is asked."""
    return isinstance(error, _LOCKED_OUT)
