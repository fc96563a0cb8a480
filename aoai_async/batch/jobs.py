"""Jobs and what becomes of them."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

from aoai_async.errors import AzureOpenAIError, InvalidInputError
from aoai_async.schema.audio import AudioRequest
from aoai_async.schema.files import AudioFile
from aoai_async.wire.plan import Request

if TYPE_CHECKING:
    from aoai_async.schema.audio import AudioResponse, AudioVerboseResponse
    from aoai_async.schema.images import GenerateImagesResponse

    Answer = AudioResponse | AudioVerboseResponse | GenerateImagesResponse | str

__all__ = ["Job", "Outcome", "content_id", "job_of", "memory_of", "path_of"]


def _check_id(_job: Job, _attribute: object, value: Any) -> None:
    if value is not None and not (isinstance(value, str) and value and _is_utf8(value)):
        raise InvalidInputError(f"{value!r} is no id of a job: give a text that can be written as UTF-8", field="id")


def _is_utf8(text: str) -> bool:
    return text.encode(errors="replace").decode() == text


@frozen
class Job:
    """A request with a name of its own, by which a journal knows it again.

    Attributes:
        request: What is asked.
        id: Any text that can be written as UTF-8; None for one that follows from the request.

    Raises:
        InvalidInputError: The id is empty, no text, or no UTF-8.
    """

    request: Request
    id: str | None = field(default=None, validator=_check_id)


@frozen(kw_only=True)
class Outcome:
    """What became of one job.

    Attributes:
        id: The job's id.
        index: Its place among the jobs, from 0.
        request: What was asked.
        result: The answer, or None.
        error: Why there is none, or None.
        attempts: How often it was sent.
        deployment: Who answered last; None when nobody was asked.
        seconds: From the moment the job was taken to its outcome.
        is_from_journal: Whether it was done by an earlier run.
    """

    id: str
    index: int
    request: Request
    result: Any = field(default=None, repr=False)
    error: AzureOpenAIError | None = None
    attempts: int = 0
    deployment: str | None = None
    seconds: float = 0.0
    is_from_journal: bool = False

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self.error is None

    def unwrap(self) -> Any:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


def job_of(item: Job | Request) -> Job:
    """Return what an iterable of jobs gave as a job.

    Raises:
        InvalidInputError: It is neither a job nor a request.
    """
    job = item if isinstance(item, Job) else Job(item)
    if not isinstance(job.request, Request):
        raise InvalidInputError(f"A {type(job.request).__name__} is no job: give a Job or a request", field="jobs")
    return job


def path_of(request: Request) -> str | None:
    """Return the path of the recording a request names, or None where it holds a stream, bytes or no recording."""
    content = _content_of(request)
    return os.fspath(content) if isinstance(content, str | os.PathLike) else None


def memory_of(request: Request) -> bytes | bytearray | memoryview | None:
    """Return the recording that a request holds in memory, or None where it holds a stream, a path or no recording."""
    content = _content_of(request)
    return content if isinstance(content, bytes | bytearray | memoryview) else None


def content_id(request: Request) -> str:
    """Return an id that follows from what a request asks, 16 hexadecimal digits.

    Raises:
        InvalidInputError: The request holds a stream, which is not the same thing twice, or what JSON has no form for.
    """
    told = asdict(request, recurse=False)
    if isinstance(request, AudioRequest):
        told["file"] = path_of(request) or _digest(request)
    told["operation"] = type(request).__name__
    try:
        text = json.dumps(told, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"A journal cannot know this request again ({error}): give the job an id, Job(request, id=...)", field="id"
        ) from None
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content_of(request: Request) -> Any:
    file = request.file if isinstance(request, AudioRequest) else None
    content = file[1] if isinstance(file, tuple) and len(file) > 1 else file
    return content.content if isinstance(content, AudioFile) else content


def _digest(request: Request) -> str:
    content = memory_of(request)
    if content is None:
        raise InvalidInputError(
            "A journal cannot know an open file or a stream again: give the job an id, Job(request, id=...)",
            field="id",
        )
    return hashlib.sha256(content).hexdigest()
