"""The audio operations: transcription and translation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, Unpack, overload

from attrs import field, frozen

from aoai_async.schema.audio import (
    AudioResponse,
    AudioResponseFormat,
    AudioVerboseResponse,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    TimestampGranularity,
)
from aoai_async.schema.given import NOT_GIVEN, NotGiven, given
from aoai_async.transport.sending import Ask, answer_of, split_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aoai_async.schema.files import FileTypes
    from aoai_async.transport.bodies import Progress
    from aoai_async.transport.timeouts import Timeout
    from aoai_async.wire.response import RawResponse

__all__ = ["AsyncAudio", "AsyncTranscriptions", "AsyncTranslations"]

_Json: TypeAlias = Literal["json", AudioResponseFormat.JSON]
_Verbose: TypeAlias = Literal["verbose_json", AudioResponseFormat.VERBOSE_JSON]
_Text: TypeAlias = Literal[
    "text", "srt", "vtt", AudioResponseFormat.TEXT, AudioResponseFormat.SRT, AudioResponseFormat.VTT
]
_AnyAnswer: TypeAlias = AudioResponse | AudioVerboseResponse | str
_Granularity: TypeAlias = Literal["word", "segment"] | TimestampGranularity


class TranslationParams(TypedDict, total=False):
    """The parameters of a translation besides `file` and `response_format`."""

    model: str | None
    prompt: str | NotGiven | None
    temperature: float | NotGiven | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    extra_body: Mapping[str, object] | None
    timeout: float | Timeout | NotGiven | None
    on_progress: Progress | None


class TranscriptionParams(TranslationParams, total=False):
    """The parameters of a transcription besides `file` and `response_format`."""

    language: str | NotGiven | None
    timestamp_granularities: Sequence[_Granularity] | NotGiven | None


@frozen
class AsyncTranscriptions:
    """``client.audio.transcriptions``."""

    _ask: Ask = field(repr=False)

    @property
    def with_raw_response(self) -> TranscriptionsWithRawResponse:
        """The same methods, with headers and body beside the object."""
        return TranscriptionsWithRawResponse(self._ask)

    @overload
    async def create(
        self,
        *,
        file: FileTypes,
        response_format: _Json | NotGiven | None = None,
        **params: Unpack[TranscriptionParams],
    ) -> AudioResponse: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Verbose, **params: Unpack[TranscriptionParams]
    ) -> AudioVerboseResponse: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Text, **params: Unpack[TranscriptionParams]
    ) -> str: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: str | NotGiven | None, **params: Unpack[TranscriptionParams]
    ) -> _AnyAnswer: ...
    async def create(
        self,
        *,
        file: FileTypes,
        model: str | None = None,
        prompt: str | NotGiven | None = None,
        response_format: str | NotGiven | None = None,
        temperature: float | NotGiven | None = None,
        language: str | NotGiven | None = None,
        timestamp_granularities: Sequence[_Granularity] | NotGiven | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | Timeout | NotGiven | None = NOT_GIVEN,
        on_progress: Progress | None = None,
    ) -> Any:
        """Transcribe a recording into the language spoken (API reference: Transcriptions - Create).

        The recording is streamed in pieces with its exact length, and read anew for each attempt.

        Args:
            file: The recording: a path, bytes, a binary file (sync or async), an async iterable of bytes,
                ``(filename, content)``, an `AudioFile`, or a function that opens a new stream. Its name must end in
                flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav or webm, and the whole request may have
                26,214,400 bytes.
            model: The deployment; the client's `azure_deployment` when left out.
            prompt: A text, in the recording's language, that guides the style or goes before.
            response_format: ``json`` (the default), ``verbose_json``, ``text``, ``srt`` or ``vtt``; it decides the
                class of the answer.
            temperature: The sampling temperature, from 0 to 1.
            language: The language spoken, as an ISO 639-1 code such as ``"de"``; raises accuracy.
            timestamp_granularities: ``["word"]``, ``["segment"]`` or both, with ``verbose_json``. ``["word"]`` alone
                gives words and no segments.
            extra_headers: Headers that add to or replace the client's.
            extra_query: Query parameters that add to or replace the client's.
            extra_body: Further form fields.
            timeout: Seconds for the whole call with its retries, or a `Timeout`; the client's when left out.
            on_progress: Called with the bytes of the recording sent so far, and with all of them; a retry begins
                at the beginning.

        Returns:
            `AudioResponse` for json, `AudioVerboseResponse` for verbose_json, a `str` for the other three.

        Raises:
            InvalidInputError: Something was refused before anything was sent; the message says what to do.
            UploadSourceError: The recording changed while it was sent, is used by another upload, or is spent.
            CredentialError: No token could be had.
            APIConnectionError: The service cannot be reached, or the connection broke.
            APITimeoutError: It took longer than `timeout`.
            UnexpectedAnswerError: The answer has a form that the API reference does not give.
            APIStatusError: The service refused; one class for each status, see `aoai_async.errors`.
        """
        raw = await self.with_raw_response.create(
            file=file,
            model=model,
            prompt=prompt,
            response_format=given(response_format),
            temperature=temperature,
            language=language,
            timestamp_granularities=timestamp_granularities,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
            timeout=timeout,
            on_progress=on_progress,
        )
        return await answer_of(raw)


@frozen
class AsyncTranslations:
    """``client.audio.translations``."""

    _ask: Ask = field(repr=False)

    @property
    def with_raw_response(self) -> TranslationsWithRawResponse:
        """The same methods, with headers and body beside the object."""
        return TranslationsWithRawResponse(self._ask)

    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Json | NotGiven | None = None, **params: Unpack[TranslationParams]
    ) -> AudioResponse: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Verbose, **params: Unpack[TranslationParams]
    ) -> AudioVerboseResponse: ...
    @overload
    async def create(self, *, file: FileTypes, response_format: _Text, **params: Unpack[TranslationParams]) -> str: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: str | NotGiven | None, **params: Unpack[TranslationParams]
    ) -> _AnyAnswer: ...
    async def create(
        self,
        *,
        file: FileTypes,
        model: str | None = None,
        prompt: str | NotGiven | None = None,
        response_format: str | NotGiven | None = None,
        temperature: float | NotGiven | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | Timeout | NotGiven | None = NOT_GIVEN,
        on_progress: Progress | None = None,
    ) -> Any:
        """Transcribe a recording and translate it into English (API reference: Translations - Create).

        The parameters, the answers and the errors are those of `AsyncTranscriptions.create`; `prompt` should be
        English, and there is neither a language nor a choice of what carries times.

        Returns:
            `AudioResponse` for json, `AudioVerboseResponse` for verbose_json, a `str` for text, srt and vtt.

        Raises:
            InvalidInputError: Something was refused before anything was sent; the message says what to do.
            UploadSourceError: The recording changed while it was sent, is used by another upload, or is spent.
            CredentialError: No token could be had.
            APIConnectionError: The service cannot be reached, or the connection broke.
            APITimeoutError: It took longer than `timeout`.
            UnexpectedAnswerError: The answer has a form that the API reference does not give.
            APIStatusError: The service refused; one class for each status, see `aoai_async.errors`.
        """
        raw = await self.with_raw_response.create(
            file=file,
            model=model,
            prompt=prompt,
            response_format=given(response_format),
            temperature=temperature,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
            timeout=timeout,
            on_progress=on_progress,
        )
        return await answer_of(raw)


@frozen
class TranscriptionsWithRawResponse:
    """``client.audio.transcriptions.with_raw_response``."""

    _ask: Ask = field(repr=False)

    @overload
    async def create(
        self,
        *,
        file: FileTypes,
        response_format: _Json | NotGiven | None = None,
        **params: Unpack[TranscriptionParams],
    ) -> RawResponse[AudioResponse]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Verbose, **params: Unpack[TranscriptionParams]
    ) -> RawResponse[AudioVerboseResponse]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Text, **params: Unpack[TranscriptionParams]
    ) -> RawResponse[str]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: str | NotGiven | None, **params: Unpack[TranscriptionParams]
    ) -> RawResponse[Any]: ...
    async def create(self, **params: Any) -> RawResponse[Any]:
        """Transcribe a recording; parameters and errors as in `AsyncTranscriptions.create`."""
        return await _raw(self._ask, CreateTranscriptionRequest, params)


@frozen
class TranslationsWithRawResponse:
    """``client.audio.translations.with_raw_response``."""

    _ask: Ask = field(repr=False)

    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Json | NotGiven | None = None, **params: Unpack[TranslationParams]
    ) -> RawResponse[AudioResponse]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Verbose, **params: Unpack[TranslationParams]
    ) -> RawResponse[AudioVerboseResponse]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: _Text, **params: Unpack[TranslationParams]
    ) -> RawResponse[str]: ...
    @overload
    async def create(
        self, *, file: FileTypes, response_format: str | NotGiven | None, **params: Unpack[TranslationParams]
    ) -> RawResponse[Any]: ...
    async def create(self, **params: Any) -> RawResponse[Any]:
        """Translate a recording into English; parameters and errors as in `AsyncTranslations.create`."""
        return await _raw(self._ask, CreateTranslationRequest, params)


@frozen
class AudioWithRawResponse:
    """``client.audio.with_raw_response``."""

    transcriptions: TranscriptionsWithRawResponse = field(repr=False)
    translations: TranslationsWithRawResponse = field(repr=False)


@frozen
class AsyncAudio:
    """``client.audio``.

    Attributes:
        transcriptions: From speech to text in the language spoken.
        translations: From speech to English text.
    """

    transcriptions: AsyncTranscriptions = field(repr=False)
    translations: AsyncTranslations = field(repr=False)

    @classmethod
    def of(cls, ask: Ask) -> AsyncAudio:
        """Return the operations of whoever sends their requests."""
        return cls(AsyncTranscriptions(ask), AsyncTranslations(ask))

    @property
    def with_raw_response(self) -> AudioWithRawResponse:
        """The same methods, with headers and body beside the object."""
        return AudioWithRawResponse(self.transcriptions.with_raw_response, self.translations.with_raw_response)


async def _raw(
    ask: Ask, kind: type[CreateTranscriptionRequest | CreateTranslationRequest], params: dict[str, Any]
) -> RawResponse[Any]:
    fields, options = split_params(params)
    return await ask(kind(**fields), options)
