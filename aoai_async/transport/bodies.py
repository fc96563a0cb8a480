"""The body of a request, made anew for each attempt."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from attrs import frozen

from aoai_async.errors import InvalidInputError
from aoai_async.transport.intake import Recording, recording_of
from aoai_async.transport.upload import UploadBody
from aoai_async.wire.convert import encode_json
from aoai_async.wire.multipart import frame_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aoai_async.transport.gate import Gate
    from aoai_async.transport.sources import Readings
    from aoai_async.wire.limits import Limits
    from aoai_async.wire.plan import Plan

__all__ = ["Body", "Progress", "body_of"]

Progress = Callable[[int, int], object]


@frozen
class Body:
    """How to make the body of a request.

    Attributes:
        content_type: The value of the Content-Type header.
        make: Returns a body for one attempt.
        is_sendable: Tells whether `make` gives all of it, now or once more.
    """

    content_type: str
    make: Callable[[], bytes | UploadBody]
    is_sendable: Callable[[], bool]


def body_of(
    plan: Plan, added: Mapping[str, str], readings: Readings, limits: Limits, on_progress: Progress | None
) -> AbstractAsyncContextManager[Body]:
    """Return what makes ready what a plan sends, with the fields its route adds, and tidies up behind it.

    Raises:
        InvalidInputError: The recording or a field cannot be sent, or the body is over the limit.
        UploadSourceError: The recording cannot be read, or another upload is reading it.
    """
    if plan.json is not None:
        content = _json_bytes({**plan.json, **added})
        return nullcontext(Body("application/json", lambda: content, lambda: True))
    return _uploaded((*plan.fields, *added.items()), plan.file, readings, limits.upload, on_progress)


@asynccontextmanager
async def _uploaded(
    fields: tuple[tuple[str, str], ...], file: object, readings: Readings, limit: int, on_progress: Progress | None
) -> AsyncIterator[Body]:
    async with recording_of(file, readings, limit) as recording:
        yield _upload(fields, recording, readings.turns, limit, on_progress)


def _upload(
    fields: tuple[tuple[str, str], ...], recording: Recording, gate: Gate, limit: int, on_progress: Progress | None
) -> Body:
    source = recording.source
    frame = frame_upload(
        fields,
        filename=recording.filename,
        content_type=recording.content_type,
        boundary=secrets.token_hex(16),
    )
    size = frame.size_with(source.size)
    if size > limit:
        raise InvalidInputError(
            f"{recording.filename} is too large: with its {source.size:,} bytes the whole request has {size:,}, and "
            f"the service takes {limit:,}; compress it (mono, 16 kHz, a low bit rate is enough for speech) or split it",
            field="file",
        )
    return Body(frame.content_type, lambda: UploadBody(frame, source, gate, on_progress), lambda: source.is_sendable)


def _json_bytes(value: dict[str, Any]) -> bytes:
    try:
        return encode_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"The request cannot be written as JSON: {error}") from None
