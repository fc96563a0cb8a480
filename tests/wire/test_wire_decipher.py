import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from wire.wire_samples import ANSWERS, FAILURES, NEARLY, reply

from aoai_async.errors import APIError, APIStatusError, UnexpectedAnswerError
from aoai_async.schema.audio import AudioResponse, AudioVerboseResponse
from aoai_async.schema.base import AnswerInfo, TextAnswer
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.decipher import check_status, decipher
from aoai_async.wire.reply import Reply

PLAIN = "text/plain; charset=utf-8"
HEARD = {"text": "Hello."}
HEADERS = {"apim-request-id": "id", "x-ms-region": "East US", "x-ratelimit-remaining-requests": "26"}
NAMES = ["Content-Type", "Location", "Retry-After", "Date", "apim-request-id", "x-ratelimit-remaining-requests"]
REPLIES = st.builds(
    Reply,
    st.integers(100, 999) | st.sampled_from([200, 400, 429]),
    st.dictionaries(
        st.sampled_from(NAMES) | st.text(), st.text() | st.sampled_from(["application/json", "text/plain"])
    ).map(CIMultiDict),
    st.lists(
        st.binary()
        | (NEARLY | FAILURES | st.one_of([fitting for _, fitting in ANSWERS])).map(lambda v: json.dumps(v).encode()),
        max_size=3,
    ),
)
KINDS = st.sampled_from([None, str, AudioResponse, AudioVerboseResponse, GenerateImagesResponse])


def _outcome(answer: Reply, kind: type[Any] | None, now: float) -> object:
    try:
        check_status(answer, now)
        return decipher(answer, kind)
    except APIError as error:
        return error


def test_a_good_status_passes() -> None:
    """200 raises nothing, whatever the body."""
    check_status(reply(b"<html>", status=200), 0.0)


@pytest.mark.parametrize("status", [0, 100, 199, 201, 202, 204, 206, 299])
def test_only_200_is_known_as_good(status: int) -> None:
    """Another status below 300 is an answer the API reference does not give."""
    with pytest.raises(UnexpectedAnswerError, match=f"status {status}") as raised:
        check_status(reply(b"x", status=status), 0.0)
    assert (raised.value.status_code, raised.value.body) == (status, "x")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 399])
def test_a_redirect_names_its_target_without_its_query(status: int) -> None:
    """A redirect is an error that says where to, without the query, which may hold a signature."""
    moved = reply(status=status, headers={"location": "https://other.example/openai?sig=secret", **HEADERS})
    with pytest.raises(UnexpectedAnswerError, match=r"redirect to 'https://other\.example/openai'") as raised:
        check_status(moved, 0.0)
    assert "secret" not in str(raised.value)
    assert raised.value.request_id == "id"


def test_a_redirect_to_nowhere_is_still_one() -> None:
    """A redirect without a target is told as such."""
    with pytest.raises(UnexpectedAnswerError, match="redirect to ''"):
        check_status(reply(status=302), 0.0)


@pytest.mark.parametrize("status", [400, 404, 500, 600, 999])
def test_an_error_status_is_an_error_of_the_service(status: int) -> None:
    """From 400 on, any number at all, the error is one of the service's."""
    with pytest.raises(APIStatusError, match="broken") as raised:
        check_status(reply({"error": "broken"}, status=status), 0.0)
    assert raised.value.status_code == status


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"])
def test_json_becomes_its_object(content_type: str) -> None:
    """JSON is an object of the class asked for, with what the headers say."""
    answer = decipher(reply(HEARD, headers=HEADERS, content_type=content_type), AudioResponse)
    assert answer == AudioResponse(text="Hello.")
    assert (answer.request_id, answer.region, answer.remaining_requests) == ("id", "East US", 26)


@pytest.mark.parametrize("content_type", ["text/plain", PLAIN, "TEXT/PLAIN"])
def test_plain_text_becomes_a_str(content_type: str) -> None:
    """Plain text is a str to the letter, its newlines included, and knows its request."""
    answer = decipher(reply("1\n\nhé\n\n\n".encode(), headers=HEADERS, content_type=content_type), str)
    assert isinstance(answer, TextAnswer)
    assert answer == "1\n\nhé\n\n\n"
    assert answer.info == AnswerInfo(request_id="id", region="East US", remaining_requests=26)


@pytest.mark.parametrize(
    ("kind", "content_type", "message"),
    [
        (AudioResponse, "text/html", "JSON was asked for, and text/html came"),
        (GenerateImagesResponse, PLAIN, "JSON was asked for, and text/plain came"),
        (AudioVerboseResponse, "", "JSON was asked for, and something without a type came"),
        (str, "text/html; charset=utf-8", "Plain text was asked for, and text/html came"),
        (str, "application/json", "Plain text was asked for, and application/json came"),
        (str, "", "Plain text was asked for, and something without a type came"),
        (None, "text/html", "text/html came"),
    ],
)
def test_another_content_type_is_never_a_result(kind: type[Any] | None, content_type: str, message: str) -> None:
    """A proxy's page, JSON for text and text for JSON are errors, even if the body would fit."""
    with pytest.raises(UnexpectedAnswerError, match=message) as raised:
        decipher(reply(HEARD, headers=HEADERS, content_type=content_type), kind)
    assert (raised.value.status_code, raised.value.request_id) == (200, "id")
    assert raised.value.body == '{"text": "Hello."}'


def test_of_an_unknown_format_the_content_type_tells() -> None:
    """Where the format asked for is unknown, both forms are good."""
    assert decipher(reply(HEARD), None) == AudioResponse(text="Hello.")
    assert decipher(reply(b"hi\n", content_type=PLAIN), None) == "hi\n"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"{", AudioResponse, "no JSON"),
        (b"", AudioResponse, "no JSON"),
        (b'{"text": "\xff"}', AudioResponse, "no JSON"),
        (b"[" * 100_000, AudioResponse, "no JSON"),
        (b"null", AudioResponse, "expected an object, got null"),
        (b"{}", AudioResponse, "AudioResponse.text"),
        (b'{"text": null}', AudioResponse, "AudioResponse.text"),
        (b'{"text": "a", "segments": [{"start": "0"}]}', AudioVerboseResponse, r"segments\[0\]\.start"),
        (b'{"text": "a", "duration": 1%s}' % (b"0" * 400), AudioVerboseResponse, "AudioVerboseResponse.duration"),
        (b'{"created": 1, "data": {}}', GenerateImagesResponse, "GenerateImagesResponse.data"),
    ],
    ids=["cut", "empty", "no UTF-8", "deep", "null", "missing", "null text", "in a list", "too large", "no list"],
)
def test_json_that_does_not_fit_is_told_with_its_place(body: bytes, kind: type[Any], message: str) -> None:
    """An answer that is no JSON, or of another schema, is an error that names the place."""
    with pytest.raises(UnexpectedAnswerError, match=message):
        decipher(reply(body), kind)


def test_text_that_is_no_utf8_is_an_error() -> None:
    """Bytes that are no UTF-8 are not silently replaced."""
    with pytest.raises(UnexpectedAnswerError, match="no UTF-8"):
        decipher(reply(b"caf\xe9", content_type=PLAIN), str)


def test_errors_show_only_the_beginning_of_a_body() -> None:
    """Of a large body an error keeps 2,000 characters, and its text none."""
    with pytest.raises(UnexpectedAnswerError) as raised:
        decipher(reply(b"A" * 4_000_000), GenerateImagesResponse)
    assert raised.value.body == "A" * 2000
    assert len(str(raised.value)) < 300
    assert len(repr(raised.value)) < 300


def test_a_replys_repr_leaves_its_body_out() -> None:
    """A reply can be logged: its bytes are not shown."""
    assert "Hello" not in repr(reply(HEARD))


@given(REPLIES, KINDS, st.floats(0, 1e12))
def test_no_foreign_exception_ever_leaks(answer: Reply, kind: type[Any] | None, now: float) -> None:
    """Whatever comes, it is an answer or one of this client's errors, which can be shown."""
    outcome = _outcome(answer, kind, now)
    assert len(repr(outcome)) + len(str(outcome)) > 0


@given(REPLIES, KINDS)
def test_no_foreign_exception_leaks_from_a_good_status(answer: Reply, kind: type[Any] | None) -> None:
    """The same for bodies alone, of the right Content-Type."""
    content_type = "text/plain" if kind is str else "application/json"
    with suppress(UnexpectedAnswerError):
        decipher(reply(answer.body, content_type=content_type), kind)
