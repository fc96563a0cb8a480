"""Outcomes as lines of JSON, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, fields, frozen
from attrs.validators import in_
from msgspec import Struct
from msgspec.json import Decoder

from aoai_async import errors
from aoai_async.errors import AzureOpenAIError, ContentFilteredError
from aoai_async.schema.audio import AudioResponse, AudioVerboseResponse
from aoai_async.schema.base import AnswerInfo, TextAnswer
from aoai_async.schema.filters import DalleFilterResults
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import MalformedJSONError, UnfitError, as_dict, decode_json, encode_json, fit
from aoai_async.wire.straight import NOT_JSON

if TYPE_CHECKING:
    from aoai_async.batch.jobs import Outcome

__all__ = ["Record", "error_of", "id_in", "record_of", "result_of"]

_ANSWERS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (AudioResponse, AudioVerboseResponse, GenerateImagesResponse)
}
_ERROR_FIELDS = (
    "field",
    "status_code",
    "code",
    "type",
    "param",
    "request_id",
    "region",
    "remaining_requests",
    "retry_after",
    "body",
)


@frozen(kw_only=True)
class Record:
    """One line of a journal.

    Attributes:
        id: The job's id.
        index: Its place among the jobs of the run that wrote it.
        status: ``done`` or ``failed``.
        attempts: How often it was sent.
        seconds: How long it took.
        deployment: Who answered last.
        at: When, as unix time.
        input: Size and time of change of the recording, if it was a file.
        kind: The class of the result or error.
        value: The result or error itself, or None when it lies in a file.
        file: The name of the file the result lies in, beside the journal.
        info: What the answer's headers said.
    """

    id: str
    index: int
    status: str = field(validator=in_(("done", "failed")))
    attempts: int = 0
    seconds: float = 0.0
    deployment: str | None = None
    at: float = 0.0
    input: dict[str, int] | None = None
    kind: str = ""
    value: Any = None
    file: str | None = None
    info: dict[str, Any] | None = None

    def line(self) -> bytes:
        """Return the record as one line of JSON."""
        return encode_json(_plain(self)) + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Record | None:
        """Return the record of a line, or None for a line that was not wholly written."""
        try:
            return fit(decode_json(line), cls)
        except (MalformedJSONError, UnfitError):
            return None


class _Named(Struct):
    id: str


_NAMES = Decoder(_Named)


def id_in(line: bytes) -> str | None:
    """Return the id that a line names, or None for one that names none, which is no record.

    That takes a fraction of the time of `Record.of_line`; a line that names an id may still be no record.
    """
    try:
        return _NAMES.decode(line).id
    except NOT_JSON:
        return None


def record_of(outcome: Outcome, input_stamp: dict[str, int] | None, at: float) -> Record:
    """Return the record of an outcome."""
    common = Record(
        id=outcome.id,
        index=outcome.index,
        status="done" if outcome.is_done else "failed",
        attempts=outcome.attempts,
        seconds=round(outcome.seconds, 3),
        deployment=outcome.deployment,
        at=round(at, 3),
        input=input_stamp,
    )
    if outcome.error is not None:
        return evolve(common, kind=type(outcome.error).__name__, value=_plain_error(outcome.error))
    result = outcome.result
    kind = "str" if isinstance(result, str) else type(result).__name__
    return evolve(common, kind=kind, value=as_dict(result), info=_plain(getattr(result, "info", AnswerInfo())))


def result_of(record: Record, value: Any) -> Any:
    """Return the result that a record tells of; `value` is what stood in it, or in its file.

    Raises:
        UnfitError: It is not of the form it should be.
    """
    info = AnswerInfo(**(record.info or {}))
    if record.kind == "str":
        return TextAnswer(value, info)
    if record.kind not in _ANSWERS:
        raise UnfitError(f"a {record.kind} is no answer")
    return evolve(fit(value, _ANSWERS[record.kind]), info=info)


def error_of(record: Record) -> AzureOpenAIError:
    """Return the error that a record tells of; one of a class that is not ours is an `AzureOpenAIError`.

    Raises:
        UnfitError: It is not of the form it should be.
    """
    told = fit(record.value, dict[str, Any])
    kind: type[AzureOpenAIError] = getattr(errors, record.kind, AzureOpenAIError)
    error = kind(fit(told.pop("message", None), str))
    if (verdicts := told.pop("filter_results", None)) is not None:
        told["filter_results"] = fit(verdicts, DalleFilterResults)
    for name, value in {**told, "attempts": record.attempts}.items():
        setattr(error, name, value)
    return error


def _plain_error(error: AzureOpenAIError) -> dict[str, Any]:
    told = {name: getattr(error, name, None) for name in ("message", *_ERROR_FIELDS)}
    if isinstance(error, ContentFilteredError):
        told["revised_prompt"] = error.revised_prompt
        told["filter_results"] = None if error.filter_results is None else as_dict(error.filter_results)
    return _given(told)


def _plain(thing: AnswerInfo | Record) -> dict[str, Any]:
    return _given({attribute.name: getattr(thing, attribute.name) for attribute in fields(type(thing))})


def _given(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _writable(value) for name, value in told.items() if value is not None}


def _writable(value: Any) -> Any:
    # A path or a header that is no UTF-8 comes as text that has no bytes.
    return value.encode(errors="replace").decode() if type(value) is str else value
