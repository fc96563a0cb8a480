"""Transcriptions and translations: the form is checked, the recogniser listens, the answer is rendered."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer, RefusalError
from aoai_async.emulator.bodies import Part
from aoai_async.emulator.gateway import Call
from aoai_async.emulator.heard import Heard, Recognizer, UndecodableAudio
from aoai_async.emulator.intake import Upload
from aoai_async.emulator.operations import TRANSLATIONS
from aoai_async.emulator.rendering import FORMATS, GRANULARITIES, render

__all__ = ["EXTENSIONS", "AudioDesk"]

EXTENSIONS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_SCALARS = ("prompt", "response_format", "temperature", "language")
_GRANULARITIES = "timestamp_granularities[]"


@attrs.frozen
class _Wish:
    recording: Path
    response_format: str
    granularities: Sequence[str]


@attrs.frozen
class AudioDesk:
    """Carries out the two audio operations.

    Attributes:
        recognizer: Listens.
    """

    recognizer: Recognizer

    async def answer(self, call: Call, upload: Upload) -> Answer:
        """Answer one call.

        Raises:
            RefusalError: The form asks for something the service does not do.
        """
        wish = _read(upload.parts)
        heard = await self._hear(wish.recording)
        task = "translate" if call.operation == TRANSLATIONS else "transcribe"
        answer = render(heard, wish.response_format, task, wish.granularities)
        return answer.adding(_headers(call, heard))

    async def _hear(self, recording: Path) -> Heard:
        try:
            return await self.recognizer.hear(recording)
        except UndecodableAudio as error:
            message = "The audio file could not be decoded or its format is not supported."
            raise RefusalError(refusals.model_error(message)) from error


def _headers(call: Call, heard: Heard) -> dict[str, str]:
    return {
        "azureml-model-session": "emulated-1",
        "csp-billing-usage": f"CognitiveServices.OpenAI.Whisper={math.ceil(heard.duration)}",
        "X-Request-ID": call.request_id,
    }


def _read(parts: Sequence[Part]) -> _Wish:
    recording = _recording(parts)
    fields = _fields(parts)
    _check_temperature(fields)
    _check_choice(fields, "response_format", FORMATS)
    _check_choice(fields, _GRANULARITIES, GRANULARITIES)
    response_format = fields["response_format"][-1] if "response_format" in fields else "json"
    return _Wish(recording, response_format, fields.get(_GRANULARITIES, ()))


def _recording(parts: Sequence[Part]) -> Path:
    for part in parts:
        if part.head.name == "file" and part.path is not None:
            _check_extension(part.path)
            return part.path
    raise RefusalError(refusals.missing_file())


def _check_extension(recording: Path) -> None:
    if recording.suffix.removeprefix(".") in EXTENSIONS:
        return
    message = f"Unrecognized file format. Supported formats: {list(EXTENSIONS)}"
    raise RefusalError(refusals.model_error(message, status=400 if recording.suffix else 424))


def _fields(parts: Sequence[Part]) -> Mapping[str, Sequence[str]]:
    fields: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        if part.head.name in (*_SCALARS, _GRANULARITIES):
            fields[part.head.name].append(_value(part))
    return dict(fields)


def _value(part: Part) -> str:
    if part.size == 0:
        raise RefusalError(refusals.empty_field(part.head.name))
    return part.text


def _check_choice(fields: Mapping[str, Sequence[str]], name: str, choices: Sequence[str]) -> None:
    for value in fields.get(name, ()):
        if value not in choices:
            message = f"'{value}' is not one of {list(choices)} - '{name}'"
            raise RefusalError(refusals.bad_field(name, message))


def _check_temperature(fields: Mapping[str, Sequence[str]]) -> None:
    for value in fields.get("temperature", ()):
        if not 0 <= _number(value) <= 1:
            message = f"'{value}' is not a number between 0 and 1 - 'temperature'"
            raise RefusalError(refusals.bad_field("temperature", message))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
