"""Outcomes as lines of JSON, and back: nothing that counts is lost on the way."""

import json
from typing import Any

import pytest
from batch.batch_tools import named
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from aoai_async import (
    APIError,
    AudioResponse,
    AudioSegment,
    AudioVerboseResponse,
    AzureOpenAIError,
    ContentFilteredError,
    ContentFilterSeverityResult,
    DalleFilterResults,
    GenerateImagesResponse,
    ImageResult,
    InternalServerError,
    InvalidInputError,
    PictureExpiredError,
    RateLimitError,
    TextAnswer,
    errors,
)
from aoai_async.batch.jobs import Job, Outcome
from aoai_async.batch.records import Record, error_of, id_in, record_of, result_of
from aoai_async.schema.base import AnswerInfo

INFO = AnswerInfo(request_id="1-2-3", region="Sweden Central", remaining_requests=7, client_request_id="4-5-6")
VERDICT = ContentFilterSeverityResult(filtered=False, severity="safe", extra={"new": 1})
CLASSES = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]


def outcome_with(**facts: Any) -> Outcome:
    return Outcome(id="job", index=3, request=named("job").request, attempts=2, deployment="host/whisper", **facts)


def through_a_line(outcome: Outcome, stamp: dict[str, int] | None = None) -> Record:
    line = record_of(outcome, stamp, 1_700_000_000.1234).line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    record = Record.of_line(line)
    assert record is not None
    return record


@pytest.mark.parametrize(
    "result",
    [
        TextAnswer("Grüße\n\u2028\x00 \U0001f600", INFO),
        TextAnswer("1\n00:00:00,000 --> 00:00:01,000\nYes\n", INFO),
        AudioResponse(text="heard", info=INFO, extra={"usage": {"seconds": 3}}),
        AudioVerboseResponse(
            text="heard",
            task="transcribe",  # type: ignore[arg-type]
            language="english",
            duration=3.5,
            segments=[AudioSegment(id=0, start=0.25, end=1.5, text=" heard", tokens=[1, 2], extra={"odd": None})],
            info=INFO,
        ),
        GenerateImagesResponse(
            created=1_700_000_000,
            data=[
                ImageResult(
                    url="https://host/p.png?sig=a%2Fb",
                    revised_prompt="a corgi",
                    prompt_filter_results=DalleFilterResults(hate=VERDICT, extra={"mood": {"filtered": False}}),
                )
            ],
            info=INFO,
        ),
        GenerateImagesResponse(created=1, data=[ImageResult(b64_json="AAAA")], info=INFO),
    ],
    ids=lambda result: type(result).__name__,
)
def test_every_kind_of_answer(result: Any) -> None:
    """An answer comes back equal, with what its headers said and the keys nobody knows."""
    record = through_a_line(outcome_with(result=result))
    back = result_of(record, record.value)
    assert back == result
    assert type(back) is type(result)
    assert back.info == INFO
    assert (record.status, record.attempts, record.deployment, record.index) == ("done", 2, "host/whisper", 3)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_error(kind: type[AzureOpenAIError]) -> None:
    """An error comes back as the same class with its message and all that the service said, but for the headers."""
    error = kind("It went wrong: Grüße")
    if isinstance(error, APIError):
        facts = {"code": "429", "type": "t", "param": "p", "request_id": "1-2", "region": "here", "body": "{}"}
        error = kind(
            error.message,
            status_code=429,
            remaining_requests=0,
            retry_after=1.5,
            headers=CIMultiDict({"api-key": "secret"}),
            **facts,
        )
    error.attempts = 2
    back = error_of(through_a_line(outcome_with(error=error)))
    assert type(back) is kind
    assert {**vars(back), "headers": None} == {**vars(error), "headers": None}
    assert str(back) == str(error)
    assert b"secret" not in record_of(outcome_with(error=error), None, 0).line()


def test_verdicts_of_the_filter() -> None:
    """A filtered prompt's verdicts and revised prompt come back as they were."""
    error = ContentFilteredError("stopped", status_code=400)
    error.filter_results = DalleFilterResults(hate=VERDICT, extra={"jailbreak": {"detected": True}})
    error.revised_prompt = "a corgi"
    back = error_of(through_a_line(outcome_with(error=error)))
    assert isinstance(back, ContentFilteredError)
    assert (back.filter_results, back.revised_prompt) == (error.filter_results, "a corgi")


def test_attributes_of_other_errors() -> None:
    """The field of a refused input and the status of a picture's host come back."""
    refused = error_of(through_a_line(outcome_with(error=InvalidInputError("no", field="file"))))
    assert isinstance(refused, InvalidInputError)
    assert refused.field == "file"
    expired = error_of(through_a_line(outcome_with(error=PictureExpiredError("gone", status_code=403))))
    assert isinstance(expired, PictureExpiredError)
    assert expired.status_code == 403


def test_an_error_of_a_class_of_yours() -> None:
    """An error of a class that is not ours comes back as the root of our tree, with its message."""

    class OwnError(AzureOpenAIError):
        pass

    back = error_of(through_a_line(outcome_with(error=OwnError("of mine"))))
    assert type(back) is AzureOpenAIError
    assert back.message == "of mine"


def test_a_line_can_be_read_by_a_person() -> None:
    """A line is one JSON object in plain words, in an order that puts the job first."""
    outcome = outcome_with(result=AudioResponse(text="Grüße"), seconds=1.23456)
    line = record_of(outcome, {"size": 9, "modified": 8}, 1_700_000_000.1234).line().decode()
    told = json.loads(line)
    assert list(told)[:3] == ["id", "index", "status"]
    assert told["value"] == {"text": "Grüße"}
    assert (told["kind"], told["seconds"], told["at"]) == ("AudioResponse", 1.235, 1_700_000_000.123)
    assert told["input"] == {"size": 9, "modified": 8}
    assert "Grüße" in line


def test_text_without_bytes() -> None:
    """A message that names a file whose name is no UTF-8, and a header that is none, can be written all the same."""
    record = through_a_line(outcome_with(error=InternalServerError("of a\udcff.mp3", status_code=500)))
    assert error_of(record).message == "of a?.mp3"
    answer = AudioResponse(text="heard", info=AnswerInfo(region="a\udcff"))
    record = through_a_line(outcome_with(result=answer))
    assert result_of(record, record.value).region == "a?"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"7\n",
        b'"text"\n',
        b"\x00\x00\x00\n",
        b"\xff\xfe\n",
        b'{"id": "a"}\n',
        b'{"id": "a", "index": 0, "status": "else"}\n',
        b'{"id": 7, "index": 0, "status": "done"}\n',
        b'{"id": "a", "index": "0", "status": "done"}\n',
        b'{"id": "a", "index": 0, "status": "done"',
        b'{"id": "a", "index": 0, "status": "done"}{"id": "b", "index": 1, "status": "done"}\n',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    """A line of another form, or half a line, is none; if it names a job all the same, then by a text."""
    assert Record.of_line(line) is None
    assert id_in(line) in (None, "a")


def test_a_record_of_a_later_version() -> None:
    """A key that this version does not know does not make a record unreadable."""
    record = Record.of_line(b'{"id": "a", "index": 0, "status": "done", "kind": "str", "value": "x", "cost": 3}\n')
    assert record is not None
    assert result_of(record, record.value) == "x"


@given(st.binary(max_size=60))
def test_no_line_is_too_odd(line: bytes) -> None:
    """Whatever stands in a line, it is a record or none, and names a job or none."""
    record = Record.of_line(line)
    assert record is None or isinstance(record, Record)
    assert isinstance(id_in(line), str | None)


@given(
    text=st.text(),
    retry_after=st.none() | st.floats(0, 1e6),
    job_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_any_text_and_any_id(text: str, retry_after: float | None, job_id: str) -> None:
    """Any id that a job may have, any message and any wait come back from a line."""
    job = Job(named("x").request, id=job_id)
    error = RateLimitError(text, status_code=429, retry_after=retry_after)
    record = through_a_line(Outcome(id=job.id or "", index=0, request=job.request, error=error))
    back = error_of(record)
    assert record.id == id_in(record.line()) == job_id
    assert back.message == text.encode(errors="replace").decode()
    assert back.retry_after == retry_after  # type: ignore[attr-defined]
