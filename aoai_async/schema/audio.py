"""Requests and answers of the audio operations (API reference: Transcriptions, Translations, Components)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from aoai_async.schema.base import Answer, OpenEnum, SchemaObject

__all__ = [
    "AudioRequest",
    "AudioResponse",
    "AudioResponseFormat",
    "AudioSegment",
    "AudioTask",
    "AudioVerboseResponse",
    "AudioWord",
    "CreateTranscriptionRequest",
    "CreateTranslationRequest",
    "TimestampGranularity",
]


class AudioResponseFormat(OpenEnum):
    """The format of the output (API reference: audioResponseFormat)."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


class AudioTask(OpenEnum):
    """What was done with a recording."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class TimestampGranularity(OpenEnum):
    """What carries times in a ``verbose_json`` answer."""

    WORD = "word"
    SEGMENT = "segment"


@frozen(kw_only=True, repr=False)
class AudioSegment(SchemaObject):
    """A stretch of speech; all times are seconds from the beginning of the recording.

    Attributes:
        id: The number of the segment, from 0.
        seek: Where the model's window began.
        start: When the segment begins.
        end: When it ends.
        text: What was said; it begins with a blank.
        tokens: The model's tokens of the text.
        temperature: The sampling temperature used.
        avg_logprob: The mean logarithm of the tokens' probabilities.
        compression_ratio: Length of the text over its compressed length; a high one hints at repetition.
        no_speech_prob: The probability that nothing was said.
    """

    id: int | None = None
    seek: float | None = None
    start: float | None = None
    end: float | None = None
    text: str | None = None
    tokens: list[int] | None = None
    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None


@frozen(kw_only=True, repr=False)
class AudioWord(SchemaObject):
    """A word with its times, in seconds from the beginning of the recording."""

    word: str | None = None
    start: float | None = None
    end: float | None = None


@frozen(kw_only=True, repr=False)
class AudioResponse(Answer):
    """The answer to ``json`` (API reference: audioResponse).

    Attributes:
        text: What was said.
    """

    text: str


@frozen(kw_only=True, repr=False)
class AudioVerboseResponse(Answer):
    """The answer to ``verbose_json`` (API reference: audioVerboseResponse).

    Attributes:
        text: What was said.
        task: Whether it was transcribed or translated.
        language: The English name of the language heard, for example ``"english"``.
        duration: The length of the recording in seconds.
        segments: The stretches of speech; None when only words were asked for.
        words: The words, when ``timestamp_granularities`` asked for them.
    """

    text: str
    task: AudioTask | None = None
    language: str | None = None
    duration: float | None = None
    segments: list[AudioSegment] | None = None
    words: list[AudioWord] | None = None


@frozen(kw_only=True)
class AudioRequest:
    """What both audio operations ask. What is None is not sent.

    Attributes:
        file: The recording: whatever the methods named ``create`` take.
        model: The deployment; the client's `azure_deployment` when None.
        prompt: A text that guides the model's style, in the language of the answer.
        response_format: The form of the answer; the service takes ``json`` when None.
        temperature: The sampling temperature, from 0 to 1.
        extra: Further form fields.
    """

    file: Any = field(repr=False)
    model: str | None = None
    prompt: str | None = None
    response_format: str | None = None
    temperature: float | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class CreateTranslationRequest(AudioRequest):
    """What is asked of a translation into English (API reference: Translations - Create)."""


@frozen(kw_only=True)
class CreateTranscriptionRequest(AudioRequest):
    """What is asked of a transcription (API reference: Transcriptions - Create).

    Attributes:
        language: The language spoken, as an ISO 639-1 code such as ``"de"``.
        timestamp_granularities: ``word``, ``segment`` or both, for ``verbose_json``.
    """

    language: str | None = None
    timestamp_granularities: Sequence[str] | None = None
