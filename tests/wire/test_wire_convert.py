import json
from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from wire.wire_samples import ANSWERS, JSON, NEARLY

from aoai_async.schema.audio import AudioResponse, AudioTask, AudioVerboseResponse
from aoai_async.schema.base import AnswerInfo, TextAnswer
from aoai_async.schema.failures import DalleErrorResponse, InnerErrorCode
from aoai_async.schema.filters import ContentFilterSeverity, ContentFilterSeverityResult, DalleContentFilterResults
from aoai_async.schema.images import GenerateImagesResponse, ImageResult
from aoai_async.wire.convert import MalformedJSONError, UnfitError, as_dict, decode_json, encode_json, fit

NEARLY_A_NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.integers()) | JSON
ANSWERS_WITH_JSON = st.one_of([st.tuples(st.just(kind), fitting) for kind, fitting in ANSWERS])


@given(ANSWERS_WITH_JSON)
def test_what_fits_is_given_back(answer: tuple[type[Any], dict[str, Any]]) -> None:
    """JSON of any answer, unknown keys and values included, comes back as it was."""
    kind, value = answer
    assert json.loads(encode_json(as_dict(fit(value, kind)))) == value


@given(st.sampled_from([kind for kind, _ in ANSWERS]), NEARLY)
def test_what_does_not_fit_is_refused(kind: type[Any], value: object) -> None:
    """Any JSON at all fits, and then stays the same when fitted again, or is refused by this client's error."""
    with suppress(UnfitError):
        fitted = fit(value, kind)
        assert fit(as_dict(fitted), kind) == fitted


@given(st.lists(st.dictionaries(st.sampled_from(["id", "start", "text", "tokens"]), NEARLY_A_NUMBER), max_size=3))
def test_segments_are_read_alike_with_unknown_keys_and_without(segments: list[dict[str, Any]]) -> None:
    """A segment without unknown keys is read as one that has some, or both are refused."""
    with_unknown = [{**segment, "usage": 1} for segment in segments]
    try:
        expected = fit({"text": "", "segments": with_unknown}, AudioVerboseResponse)
    except UnfitError:
        with pytest.raises(UnfitError):
            fit({"text": "", "segments": segments}, AudioVerboseResponse)
    else:
        plain = [evolve(segment, extra={}) for segment in expected.segments or []]
        assert repr(fit({"text": "", "segments": segments}, AudioVerboseResponse).segments) == repr(plain)


@pytest.mark.parametrize("segments", ["id", {"id": 1}, [["id"]], ["id"], [5], [None], 5])
def test_segments_that_are_none_are_refused(segments: object) -> None:
    """What is no list of objects is not taken for one."""
    with pytest.raises(UnfitError, match="segments"):
        fit({"text": "", "segments": segments}, AudioVerboseResponse)


@given(JSON)
def test_json_is_written_and_read(value: object) -> None:
    """What is written is JSON by the standard library's judgement, and is read back."""
    assert json.loads(encode_json(value)) == value
    assert decode_json(json.dumps(value).encode()) == value


@given(st.binary())
def test_bytes_that_are_no_json_are_refused(body: bytes) -> None:
    """Any bytes are JSON or refused by this client's error."""
    with suppress(MalformedJSONError):
        decode_json(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nul", b"\xff", b'"\xff"', b'"\\ud800"', b"NaN", b"1e999", b"{}{}", b"[" * 100_000, b"1" * 5000],
    ids=lambda body: ascii(body[:9]),
)
def test_malformed_json_is_refused(body: bytes) -> None:
    """No JSON, no UTF-8, too deep or too large a number: all are the same kind of fault."""
    with pytest.raises(MalformedJSONError):
        decode_json(body)


@pytest.mark.parametrize(
    ("value", "kind", "place"),
    [
        ([], AudioResponse, "expected an object, got a list"),
        ("text", AudioResponse, "expected an object, got text"),
        (None, AudioResponse, "expected an object, got null"),
        (True, AudioResponse, "expected an object, got a truth value"),
        (5, AudioResponse, "expected an object, got a number"),
        ({}, AudioResponse, "required field missing @ AudioResponse.text"),
        ({"text": None}, AudioResponse, "AudioResponse.text"),
        ({"text": 5}, AudioResponse, "AudioResponse.text"),
        ({"text": True}, AudioResponse, "AudioResponse.text"),
        ({"text": "a", "task": 5}, AudioVerboseResponse, "AudioVerboseResponse.task"),
        ({"text": "a", "duration": True}, AudioVerboseResponse, "AudioVerboseResponse.duration"),
        ({"text": "a", "duration": "3"}, AudioVerboseResponse, "AudioVerboseResponse.duration"),
        ({"text": "a", "duration": 10**400}, AudioVerboseResponse, "AudioVerboseResponse.duration"),
        ({"text": "a", "segments": {}}, AudioVerboseResponse, "AudioVerboseResponse.segments"),
        ({"text": "a", "words": ""}, AudioVerboseResponse, "AudioVerboseResponse.words"),
        ({"text": "a", "segments": [None]}, AudioVerboseResponse, r"segments\[0\]"),
        ({"text": "a", "segments": [{"id": 1.5}]}, AudioVerboseResponse, r"segments\[0\]\.id"),
        ({"text": "a", "segments": [{"id": True}]}, AudioVerboseResponse, r"segments\[0\]\.id"),
        ({"text": "a", "segments": [{"tokens": [1, "2"]}]}, AudioVerboseResponse, r"segments\[0\]\.tokens\[1\]"),
        ({"created": 1}, GenerateImagesResponse, "GenerateImagesResponse.data"),
        ({"created": None, "data": []}, GenerateImagesResponse, "GenerateImagesResponse.created"),
        ({"created": "soon", "data": []}, GenerateImagesResponse, "GenerateImagesResponse.created"),
        ({"created": float("inf"), "data": []}, GenerateImagesResponse, "GenerateImagesResponse.created"),
        ({"created": 1, "data": {}}, GenerateImagesResponse, "GenerateImagesResponse.data"),
        ({"created": 1, "data": [{"url": 5}]}, GenerateImagesResponse, r"data\[0\]\.url"),
        ({"filtered": "true"}, ContentFilterSeverityResult, "ContentFilterSeverityResult.filtered"),
        ({"filtered": 1}, ContentFilterSeverityResult, "ContentFilterSeverityResult.filtered"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else ascii(value)[:40],
)
def test_a_value_of_another_type_is_refused_with_its_place(value: object, kind: type[Any], place: str) -> None:
    """Nothing is bent to fit: no null becomes 'None', no number text, no object a list."""
    with pytest.raises(UnfitError, match=place):
        fit(value, kind)


@pytest.mark.parametrize("created", [1698342300, "1698342300", 1698342300.0])
def test_created_may_be_text(created: object) -> None:
    """An official example has ``created`` as text; it is a number all the same."""
    answer = fit({"created": created, "data": []}, GenerateImagesResponse)
    assert answer.created == 1698342300
    assert isinstance(answer.created, int)


def test_a_number_is_a_float_where_seconds_are_meant() -> None:
    """A whole number of seconds is read as a float."""
    duration = fit({"text": "", "duration": 3}, AudioVerboseResponse).duration
    assert isinstance(duration, float)


def test_null_is_absent() -> None:
    """A key that is null is as if it were absent, and is not written."""
    answer = fit({"text": "a", "task": None, "segments": None, "language": None}, AudioVerboseResponse)
    assert answer == AudioVerboseResponse(text="a")
    assert as_dict(answer) == {"text": "a"}


def test_unknown_enum_values_survive() -> None:
    """A value a later version adds is a member like any other, and is given back."""
    answer = fit({"text": "a", "task": "summarize"}, AudioVerboseResponse)
    assert answer.task == "summarize"
    assert isinstance(answer.task, AudioTask)
    assert json.loads(encode_json(as_dict(answer)))["task"] == "summarize"


def test_known_enum_values_are_members() -> None:
    """A value of the API reference is the member itself."""
    assert fit({"text": "a", "task": "translate"}, AudioVerboseResponse).task is AudioTask.TRANSLATE


@pytest.mark.parametrize("name", ["usage", "extra", "info", "fetcher"])
def test_unknown_keys_survive_even_with_names_of_ours(name: str) -> None:
    """A key the schema does not name is in ``extra``, also when this client has a field of that name."""
    value = {"created": 1, "data": [{"url": "u", name: [1]}], name: {"tokens": 5}}
    answer = fit(value, GenerateImagesResponse)
    assert answer.extra == {name: {"tokens": 5}}
    assert answer.data[0].extra == {name: [1]}
    assert answer.data[0].fetcher is None
    assert as_dict(answer) == value


def test_an_odd_verdict_does_not_cost_the_picture() -> None:
    """A picture that was paid for stays readable when a verdict is of unknown form, and the verdict is kept."""
    verdicts = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"severity": "safe"}, "extra": 5}
    value = {"created": 1, "data": [{"url": "u", "content_filter_results": verdicts}]}
    answer = fit(value, GenerateImagesResponse)
    results = answer.data[0].content_filter_results
    assert results == DalleContentFilterResults(
        hate=ContentFilterSeverityResult(filtered=False, severity=ContentFilterSeverity.SAFE),
        extra={"violence": {"severity": "safe"}, "extra": 5},
    )
    assert as_dict(answer) == value


def test_verdicts_that_are_no_object_are_kept() -> None:
    """Verdicts that are something else altogether are kept under a name of their own."""
    results = fit({"content_filter_results": "none"}, ImageResult).content_filter_results
    assert results == DalleContentFilterResults(extra={"content_filter": "none"})


def test_what_only_the_client_knows_is_not_written() -> None:
    """Headers and helpers are no part of an answer's JSON."""
    answer = evolve(fit({"text": "a"}, AudioResponse), info=AnswerInfo(request_id="id"))
    assert as_dict(answer) == {"text": "a"}


def test_an_error_body_fits_its_schema() -> None:
    """The error classes of the API reference can be read from a body and written back."""
    value = {
        "error": {
            "code": "content_policy_violation",
            "message": "m",
            "type": "invalid_request_error",
            "inner_error": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_results": {"jailbreak": {"filtered": True, "detected": True}},
                "revised_prompt": "p",
            },
        }
    }
    body = fit(value, DalleErrorResponse)
    assert body.error
    assert body.error.inner_error
    assert body.error.inner_error.code is InnerErrorCode.RESPONSIBLE_AI_POLICY_VIOLATION
    assert as_dict(body) == value


def test_texts_of_our_own_classes_are_written_as_text() -> None:
    """An enum value or a text answer is plain text in JSON, as a value and as a key."""
    value = {AudioTask("sing"): TextAnswer("la")}
    assert json.loads(encode_json([value, AudioTask.TRANSCRIBE])) == [{"sing": "la"}, "transcribe"]


@pytest.mark.parametrize("value", [object(), [1, {"a": object()}], "\ud800"], ids=["object", "inside", "surrogate"])
def test_what_has_no_place_in_json_is_refused(value: object) -> None:
    """A value without a form in JSON raises what the docstring says."""
    with pytest.raises((TypeError, ValueError)):
        encode_json(value)
