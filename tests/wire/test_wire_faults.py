from typing import Any

import pytest
from wire.wire_samples import reply

from aoai_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTooLargeError,
)
from aoai_async.schema.filters import (
    ContentFilterDetectedResult,
    ContentFilterSeverity,
    ContentFilterSeverityResult,
    DalleFilterResults,
)
from aoai_async.wire.convert import as_dict
from aoai_async.wire.faults import excerpt, status_error

VERDICTS = {"hate": {"filtered": True, "severity": "high"}, "jailbreak": {"filtered": False, "detected": False}}
VIOLATION = "ResponsibleAIPolicyViolation"


def _filtered(body: dict[str, Any]) -> ContentFilteredError:
    error = status_error(reply(body, status=400), 0.0)
    assert isinstance(error, ContentFilteredError)
    return error


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            {"error": {"code": "c", "message": "m", "type": "t", "param": "p"}, "message": "outer"},
            ("m", "c", "t", "p"),
            id="1 wrapped",
        ),
        pytest.param({"error": {"message": "m", "type": None, "param": None}}, ("m", None, None, None), id="1 nulls"),
        pytest.param({"statusCode": 401, "message": "m"}, ("m", "401", None, None), id="2 unwrapped"),
        pytest.param({"code": "c", "message": "m", "statusCode": 9}, ("m", "c", None, None), id="3 top level"),
        pytest.param({"error": "m", "code": "c"}, ("m", "c", None, None), id="4 text"),
        pytest.param({"error": "m"}, ("m", None, None, None), id="4 text alone"),
        pytest.param(b"", ("reason", "reason", None, None), id="5 empty, with a reason in the header"),
        pytest.param({}, ("reason", "reason", None, None), id="5 an empty object"),
        pytest.param({"error": None}, ("reason", "reason", None, None), id="5 an error of null"),
    ],
)
def test_each_form_of_an_error_is_understood(body: object, expected: tuple[str | None, ...]) -> None:
    """The forms are tried in their order; null is nothing, never the word."""
    headers = {"ms-azureml-model-error-reason": "reason"}
    error = status_error(reply(body, status=422, headers=headers), 0.0)
    assert (error.message, error.code, error.type, error.param) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b" <html>502 Bad Gateway</html>\n", "<html>502 Bad Gateway</html>"),
        (b'["a"]', '["a"]'),
        (b'"no"', '"no"'),
        (b"{broken", "{broken"),
        (b'{"error": {}}', '{"error": {}}'),
        (b'{"error": ["a"]}', '{"error": ["a"]}'),
        (b"\xff\xfe", "��"),
        (b"x" * 5000, "x" * 2000),
        (b"", "The service answered 502 without a reason"),
        (b" \n", "The service answered 502 without a reason"),
        (b'{"error": {"code": "502"}}', "The service answered 502 without a reason"),
    ],
)
def test_any_other_body_is_told_in_its_own_words(body: bytes, message: str) -> None:
    """6: a body that is no error of the service is quoted from its beginning; without one the status speaks."""
    error = status_error(reply(body, status=502, content_type="text/html"), 0.0)
    assert isinstance(error, InternalServerError)
    assert error.message == message


def test_an_error_carries_what_the_answer_said() -> None:
    """Status, request id, region, quota, wait, headers and body are attributes of the error."""
    headers = {
        "apim-request-id": "id",
        "x-ms-region": "East US",
        "x-ratelimit-remaining-requests": "0",
        "Retry-After": "59",
    }
    error = status_error(reply({"error": {"code": "429", "message": "m"}}, status=429, headers=headers), 0.0)
    assert isinstance(error, RateLimitError)
    assert (error.status_code, error.request_id, error.region) == (429, "id", "East US")
    assert (error.remaining_requests, error.retry_after) == (0, 59.0)
    assert error.headers["retry-after"] == "59"
    assert error.body == '{"error": {"code": "429", "message": "m"}}'
    assert str(error) == "429: m (request id id)"


def test_the_message_may_tell_the_wait() -> None:
    """Where no header says how long to wait, the words of the message do; a date counts from now."""
    words = {"error": {"code": "429", "message": "Please retry after 7 seconds."}}
    assert status_error(reply(words, status=429), 0.0).retry_after == 7.0
    dated = reply({}, status=429, headers={"Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT"})
    assert status_error(dated, 100.0).retry_after == 20.0


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": "OperationNotSupported", "message": "m"}}, BadRequestError),
        (400, {"error": {"code": "model_error", "message": "m"}}, BadRequestError),
        (424, {"error": {"code": "model_error", "message": "m"}}, APIStatusError),
        (401, {"error": {"code": "401", "message": "m"}}, AuthenticationError),
        (401, {"error": {"code": "PermissionDenied", "message": "m"}}, AuthenticationError),
        (403, {"error": {"code": "AccessDenied", "message": "m"}}, PermissionDeniedError),
        (404, {"error": {"code": "DeploymentNotFound", "message": "m"}}, NotFoundError),
        (413, {"error": {"type": "server_error", "message": "m"}}, RequestTooLargeError),
        (500, {"error": {"code": "content_policy_violation"}}, InternalServerError),
        (529, b"", InternalServerError),
        (418, b"", APIStatusError),
    ],
)
def test_the_status_tells_the_class(status: int, body: object, kind: type[APIStatusError]) -> None:
    """The class follows the status, whatever the code says; a status without a class has the general one."""
    assert type(status_error(reply(body, status=status), 0.0)) is kind


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "content_policy_violation", "inner_error": {"content_filter_results": VERDICTS}}},
        {"created": 1, "error": {"code": "contentFilter", "inner_error": {"content_filter_results": VERDICTS}}},
        {"error": {"code": "content_filter", "innererror": {"code": VIOLATION, "content_filter_result": VERDICTS}}},
        {"error": {"code": None, "innererror": {"code": VIOLATION, "content_filter_result": VERDICTS}}},
        {"error": {"code": "400", "inner_error": {"code": VIOLATION, "content_filter_results": VERDICTS}}},
        {"code": "contentFilter", "message": "m", "inner_error": {"content_filter_results": VERDICTS}},
    ],
    ids=["documented", "contentFilter", "chat", "inner code alone", "inner code", "unwrapped"],
)
def test_every_spelling_of_the_filter_is_understood(body: dict[str, Any]) -> None:
    """A filtered prompt is recognised in each of its spellings, and its verdicts are read."""
    assert _filtered(body).filter_results == DalleFilterResults(
        hate=ContentFilterSeverityResult(filtered=True, severity=ContentFilterSeverity.HIGH),
        jailbreak=ContentFilterDetectedResult(filtered=False, detected=False),
    )


def test_the_revised_prompt_is_kept() -> None:
    """The prompt the service made of the caller's is kept beside the verdicts."""
    inner = {"code": VIOLATION, "revised_prompt": "a dark alley"}
    error = _filtered({"error": {"code": "content_policy_violation", "message": "m", "inner_error": inner}})
    assert (error.message, error.revised_prompt, error.filter_results) == ("m", "a dark alley", None)


@pytest.mark.parametrize("inner", [None, "text", 5, [], {}, {"revised_prompt": None, "content_filter_results": None}])
def test_a_filter_without_details_says_so(inner: object) -> None:
    """Absent details are None, never the word and never an error of another kind."""
    error = _filtered({"error": {"code": "contentFilter", "inner_error": inner}})
    assert (error.revised_prompt, error.filter_results) == (None, None)


@pytest.mark.parametrize(
    "verdicts",
    [
        {"hate": {"filtered": False}},
        {"hate": {"filtered": True, "severity": "extreme", "score": 0.9}, "new_category": {"filtered": False}},
        {"hate": "high", "sexual": {"filtered": "yes"}, "violence": {"filtered": True, "severity": "low"}},
        {"profanity": {"filtered": False, "detected": False}, "custom_blocklists": []},
    ],
    ids=["partial", "unknown values and keys", "unknown forms", "a list"],
)
def test_odd_verdicts_survive(verdicts: dict[str, Any]) -> None:
    """Partial, unknown and oddly formed verdicts are kept as they came."""
    inner = {"content_filter_results": verdicts}
    assert as_dict(_filtered({"error": {"code": "contentFilter", "inner_error": inner}}).filter_results) == verdicts


def test_verdicts_of_no_known_form_are_kept() -> None:
    """Verdicts that are no object at all are kept under a name of their own."""
    results = _filtered({"error": {"code": "contentFilter", "inner_error": {"content_filter_results": ["high"]}}})
    assert results.filter_results == DalleFilterResults(extra={"content_filter": ["high"]})


@pytest.mark.parametrize(
    ("body", "expected"), [(b"", None), (b"abc", "abc"), (b"a" * 2001, "a" * 2000), (b"\xc3", "�")]
)
def test_an_excerpt_is_short_text(body: bytes, expected: str | None) -> None:
    """Two thousand bytes at most are shown, as text of whatever bytes came."""
    assert excerpt(body) == expected
