"""The asyncio-first client for Azure OpenAI's audio and image operations (REST API 2024-10-21).

::

    from aoai_async import AsyncAzureOpenAI

    async with AsyncAzureOpenAI() as client:  # AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY
        heard = await client.audio.transcriptions.create(model="whisper", file="talk.mp3")
        print(heard.text)

Each name is fetched when it is first used, so that to import the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from aoai_async._version import __version__

if TYPE_CHECKING:
    from aoai_async.audio import AsyncAudio, AsyncTranscriptions, AsyncTranslations
    from aoai_async.client import AsyncAzureOpenAI
    from aoai_async.errors import (
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        AzureOpenAIError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        ContentFilteredError,
        CredentialError,
        InternalServerError,
        InvalidInputError,
        NotFoundError,
        OpenAIError,
        PermissionDeniedError,
        PictureError,
        PictureExpiredError,
        RateLimitError,
        RequestTooLargeError,
        UnexpectedAnswerError,
        UnprocessableEntityError,
        UntrustedHostError,
        UploadSourceError,
    )
    from aoai_async.images import AsyncImages
    from aoai_async.schema.audio import (
        AudioRequest,
        AudioResponse,
        AudioResponseFormat,
        AudioSegment,
        AudioTask,
        AudioVerboseResponse,
        AudioWord,
        CreateTranscriptionRequest,
        CreateTranslationRequest,
        TimestampGranularity,
    )
    from aoai_async.schema.base import AnswerInfo, OpenEnum, TextAnswer
    from aoai_async.schema.failures import DalleError, DalleErrorResponse, DalleInnerError, InnerErrorCode
    from aoai_async.schema.files import AudioFile, FileContent, FileTypes
    from aoai_async.schema.filters import (
        ContentFilterDetectedResult,
        ContentFilterSeverity,
        ContentFilterSeverityResult,
        DalleContentFilterResults,
        DalleFilterResults,
    )
    from aoai_async.schema.given import NOT_GIVEN, NotGiven
    from aoai_async.schema.images import (
        GenerateImagesResponse,
        ImageGenerationsRequest,
        ImageQuality,
        ImageResult,
        ImageSize,
        ImagesResponseFormat,
        ImageStyle,
    )
    from aoai_async.transport.credentials import TokenCredential
    from aoai_async.transport.settings import AttemptReport
    from aoai_async.transport.timeouts import Timeout
    from aoai_async.wire.convert import as_dict
    from aoai_async.wire.limits import Limits
    from aoai_async.wire.response import RawResponse
    from aoai_async.wire.retry import RetryPolicy

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AnswerInfo",
    "AsyncAudio",
    "AsyncAzureOpenAI",
    "AsyncImages",
    "AsyncTranscriptions",
    "AsyncTranslations",
    "AttemptReport",
    "AudioFile",
    "AudioRequest",
    "AudioResponse",
    "AudioResponseFormat",
    "AudioSegment",
    "AudioTask",
    "AudioVerboseResponse",
    "AudioWord",
    "AuthenticationError",
    "AzureOpenAIError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "ContentFilterDetectedResult",
    "ContentFilterSeverity",
    "ContentFilterSeverityResult",
    "ContentFilteredError",
    "CreateTranscriptionRequest",
    "CreateTranslationRequest",
    "CredentialError",
    "DalleContentFilterResults",
    "DalleError",
    "DalleErrorResponse",
    "DalleFilterResults",
    "DalleInnerError",
    "FileContent",
    "FileTypes",
    "GenerateImagesResponse",
    "ImageGenerationsRequest",
    "ImageQuality",
    "ImageResult",
    "ImageSize",
    "ImageStyle",
    "ImagesResponseFormat",
    "InnerErrorCode",
    "InternalServerError",
    "InvalidInputError",
    "Limits",
    "NOT_GIVEN",
    "NotFoundError",
    "NotGiven",
    "OpenAIError",
    "OpenEnum",
    "PermissionDeniedError",
    "PictureError",
    "PictureExpiredError",
    "RateLimitError",
    "RawResponse",
    "RequestTooLargeError",
    "RetryPolicy",
    "TextAnswer",
    "TimestampGranularity",
    "Timeout",
    "TokenCredential",
    "UnexpectedAnswerError",
    "UnprocessableEntityError",
    "UntrustedHostError",
    "UploadSourceError",
    "__version__",
    "as_dict",
]

_HOMES = {
    "audio": ["AsyncAudio", "AsyncTranscriptions", "AsyncTranslations"],
    "client": ["AsyncAzureOpenAI"],
    "errors": [
        "APIConnectionError",
        "APIError",
        "APIResponseValidationError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "AzureOpenAIError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "ContentFilteredError",
        "CredentialError",
        "InternalServerError",
        "InvalidInputError",
        "NotFoundError",
        "OpenAIError",
        "PermissionDeniedError",
        "PictureError",
        "PictureExpiredError",
        "RateLimitError",
        "RequestTooLargeError",
        "UnexpectedAnswerError",
        "UnprocessableEntityError",
        "UntrustedHostError",
        "UploadSourceError",
    ],
    "images": ["AsyncImages"],
    "schema.audio": [
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
    ],
    "schema.base": ["AnswerInfo", "OpenEnum", "TextAnswer"],
    "schema.failures": ["DalleError", "DalleErrorResponse", "DalleInnerError", "InnerErrorCode"],
    "schema.files": ["AudioFile", "FileContent", "FileTypes"],
    "schema.filters": [
        "ContentFilterDetectedResult",
        "ContentFilterSeverity",
        "ContentFilterSeverityResult",
        "DalleContentFilterResults",
        "DalleFilterResults",
    ],
    "schema.given": ["NOT_GIVEN", "NotGiven"],
    "schema.images": [
        "GenerateImagesResponse",
        "ImageGenerationsRequest",
        "ImageQuality",
        "ImageResult",
        "ImageSize",
        "ImagesResponseFormat",
        "ImageStyle",
    ],
    "transport.credentials": ["TokenCredential"],
    "transport.settings": ["AttemptReport"],
    "transport.timeouts": ["Timeout"],
    "wire.convert": ["as_dict"],
    "wire.limits": ["Limits"],
    "wire.response": ["RawResponse"],
    "wire.retry": ["RetryPolicy"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
