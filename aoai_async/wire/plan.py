"""From a request object to what goes over the wire, before any byte of a file is touched."""

from __future__ import annotations

from functools import singledispatch
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import fields, frozen

from aoai_async.errors import InvalidInputError
from aoai_async.schema.audio import (
    AudioRequest,
    AudioResponse,
    AudioVerboseResponse,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
)
from aoai_async.schema.images import GenerateImagesResponse, ImageGenerationsRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Plan", "Request", "plan_request"]

Request = CreateTranscriptionRequest | CreateTranslationRequest | ImageGenerationsRequest

_AUDIO_ANSWERS: dict[str | None, type] = {
    None: AudioResponse,
    "json": AudioResponse,
    "verbose_json": AudioVerboseResponse,
    "text": str,
    "srt": str,
    "vtt": str,
}
_IMAGE_FIELDS = tuple(a.name for a in fields(ImageGenerationsRequest) if a.name not in ("model", "extra"))
_image_values = attrgetter(*_IMAGE_FIELDS)


@frozen
class Plan:
    """What a request needs to be sent, and what may come back.

    Attributes:
        operation: The end of the path, for example ``"audio/transcriptions"``.
        deployment: The deployment asked for, or None for the client's own.
        answer: The class of the answer; None where the format asked for is unknown and only the
            Content-Type can tell.
        fields: The text parts of a multipart body, in order.
        file: The recording, as the caller gave it; None for a JSON body.
        json: The object of a JSON body; None for a multipart body.
    """

    operation: str
    deployment: str | None
    answer: type | None
    fields: tuple[tuple[str, str], ...] = ()
    file: Any = None
    json: dict[str, Any] | None = None


@singledispatch
def plan_request(request: object) -> Plan:
    """Return the plan of a request object.

    Raises:
        InvalidInputError: It is no request object, or one of its fields cannot be sent.
    """
    raise InvalidInputError(f"A {type(request).__name__} is no request of this client")


@plan_request.register
def _plan_translation(request: CreateTranslationRequest) -> Plan:
    return _plan_audio("audio/translations", request, {})


@plan_request.register
def _plan_transcription(request: CreateTranscriptionRequest) -> Plan:
    asked = request.timestamp_granularities
    granularities = [asked] if isinstance(asked, str) else asked
    own = {"language": request.language, "timestamp_granularities": granularities}
    return _plan_audio("audio/transcriptions", request, own)


def _plan_audio(operation: str, request: AudioRequest, own: Mapping[str, object]) -> Plan:
    given = {
        "prompt": request.prompt,
        "response_format": request.response_format,
        "temperature": request.temperature,
        **own,
        **request.extra,
    }
    fields = tuple(_text_fields(given))
    return Plan(
        operation=operation,
        deployment=request.model,
        answer=_AUDIO_ANSWERS.get(dict(fields).get("response_format")),
        fields=fields,
        file=request.file,
    )


@plan_request.register
def _plan_image(request: ImageGenerationsRequest) -> Plan:
    known = dict(zip(_IMAGE_FIELDS, _image_values(request), strict=True))
    body = {name: value for name, value in (known | request.extra).items() if value is not None}
    return Plan("images/generations", request.model, GenerateImagesResponse, json=body)


def _text_fields(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    # The service answers 400 to an optional field that is there and empty, so an empty one is left out.
    for name, value in given.items():
        _checked_text("extra", name)
        if isinstance(value, list | tuple | set | frozenset):
            yield from ((f"{name}[]", text) for text in _texts(name, value))
        elif value is not None and value != "":
            yield name, _text(name, value)


def _checked_text(name: str, text: object) -> str:
    """Return `text` if it can be sent.

    Raises:
        InvalidInputError: It holds half a surrogate pair, which has no bytes in UTF-8.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f"{name}: {text!r} is no name of a field; give a str", field=name)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{name}: character {error.start} is half of a surrogate pair and cannot be sent; "
            "decode the text it came from with the right encoding",
            field=name,
        ) from None
    return text


def _texts(name: str, values: Iterable[object]) -> Iterator[str]:
    return (_text(name, value) for value in values if value != "")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return _checked_text(name, str(value))
    raise InvalidInputError(
        f"{name}: a {type(value).__name__} cannot be sent as a form field; give a str, a number or a list of them",
        field=name,
    )
