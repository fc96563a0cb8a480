"""From an answer to its object, or to the error it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aoai_async.errors import UnexpectedAnswerError
from aoai_async.schema.audio import AudioResponse
from aoai_async.schema.base import TextAnswer
from aoai_async.wire.convert import MalformedJSONError, UnfitError, put, read_json
from aoai_async.wire.faults import excerpt, status_error
from aoai_async.wire.headers import media_type
from aoai_async.wire.large import reading
from aoai_async.wire.steps import at_once

if TYPE_CHECKING:
    from aoai_async.wire.reply import Reply
    from aoai_async.wire.steps import Steps

__all__ = ["check_status", "decipher", "deciphering", "unexpected"]


def check_status(reply: Reply, now: float) -> None:
    """Raise what an answer's status stands for, unless it is a good one.

    Raises:
        APIStatusError: The status is 400 or above; of the class that belongs to it.
        UnexpectedAnswerError: The answer is a redirect or some other status below 200 or above 299.
    """
    if reply.status >= 400:
        raise status_error(reply, now)
    if reply.status >= 300:
        target = reply.headers.get("Location", "").partition("?")[0]
        raise unexpected(
            reply,
            f"The answer is a redirect to {target!r}; it is not followed, because the key would go along",
        )
    if reply.status != 200:
        raise unexpected(reply, f"The answer has status {reply.status}, where only 200 is known")


def decipher(reply: Reply, kind: type[Any] | None) -> Any:
    """Return what a good answer holds; arguments and errors as of `deciphering`."""
    return at_once(deciphering(reply, kind))


def deciphering(reply: Reply, kind: type[Any] | None) -> Steps[Any]:
    """Return what a good answer holds, step by step if it is large.

    Args:
        reply: An answer that `check_status` lets pass.
        kind: The class to expect: a schema class for JSON, `str` for plain text, None for whichever the
            Content-Type tells.

    Raises:
        UnexpectedAnswerError: The answer is of another kind, or does not fit the schema.
    """
    form = media_type(reply.headers)
    if kind is None:
        kind = str if form == "text/plain" else AudioResponse
    return _text(reply, form) if kind is str else (yield from _object(reply, form, kind))


def unexpected(reply: Reply, message: str) -> UnexpectedAnswerError:
    """Return the error for an answer of a form the API reference does not give."""
    info = reply.info
    return UnexpectedAnswerError(
        message,
        status_code=reply.status,
        request_id=info.request_id,
        region=info.region,
        remaining_requests=info.remaining_requests,
        headers=reply.headers,
        body=excerpt(reply.body),
    )


def _text(reply: Reply, form: str) -> TextAnswer:
    if form != "text/plain":
        raise unexpected(reply, f"Plain text was asked for, and {form or 'something without a type'} came")
    try:
        return TextAnswer(reply.body.decode(), reply.info)
    except UnicodeDecodeError as error:
        raise unexpected(reply, f"The answer is no UTF-8: {error}") from None


def _object(reply: Reply, form: str, kind: type[Any]) -> Steps[Any]:
    if form != "application/json" and not form.endswith("+json"):
        raise unexpected(reply, f"JSON was asked for, and {form or 'something without a type'} came")
    try:
        answer = (yield from reading(reply, kind)) if reply.is_large else read_json(reply.body, kind)
    except MalformedJSONError as error:
        raise unexpected(reply, f"The answer is no JSON: {error}") from None
    except UnfitError as error:
        raise unexpected(reply, f"The answer does not fit the API reference: {error}") from None
    put(answer, "info", reply.info)
    return answer
