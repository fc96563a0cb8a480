import pickle
from typing import Any

import pytest
from wire.wire_samples import reply

from aoai_async.errors import UnexpectedAnswerError
from aoai_async.schema.audio import AudioResponse
from aoai_async.schema.base import AnswerInfo
from aoai_async.wire.response import RawResponse
from aoai_async.wire.steps import at_once

HEADERS = {"apim-request-id": "id", "x-ms-region": "East US"}


def _raw(body: object, kind: Any = AudioResponse, finish: Any = None, **options: Any) -> RawResponse[Any]:
    return RawResponse(reply(body, headers=HEADERS, **options), "https://h/openai", 1, 2.5, kind, finish)


def test_everything_that_came_along_is_there() -> None:
    """Status, headers, body and info can be read under this client's and openai-python's names."""
    raw = _raw({"text": "é"})
    assert (raw.status, raw.status_code, raw.retries_taken, raw.elapsed) == (200, 200, 1, 2.5)
    assert raw.headers["APIM-Request-Id"] == "id"
    assert raw.content == b'{"text": "\\u00e9"}'
    assert raw.text == '{"text": "\\u00e9"}'
    assert raw.json() == {"text": "é"}
    assert raw.info == AnswerInfo(request_id="id", region="East US")
    assert raw.request_id == "id"


def test_parse_gives_the_object() -> None:
    """`parse` returns what the plain method would have returned."""
    assert _raw({"text": "é"}).parse() == AudioResponse(text="é")
    assert _raw(b"hi\n", str, content_type="text/plain").parse() == "hi\n"


def test_parse_finishes_the_object() -> None:
    """What a resource does with its answers is done here, too."""
    assert _raw({"text": "é"}, finish=lambda answer: [answer]).parse() == [AudioResponse(text="é")]


def test_step_by_step_the_object_is_the_same() -> None:
    """The steps of `parsing` come to what `parse` returns, finished in the same way."""
    raw = _raw({"text": "é" * 100_000}, finish=lambda answer: [answer])
    assert at_once(raw.parsing()) == raw.parse() == [AudioResponse(text="é" * 100_000)]


def test_parse_raises_only_our_error() -> None:
    """An answer of another form raises as the plain method would have."""
    with pytest.raises(UnexpectedAnswerError, match="no JSON"):
        _raw(b"<html>").parse()


def test_json_needs_json() -> None:
    """`json` raises `ValueError` for a body that has none."""
    with pytest.raises(ValueError, match="malformed"):
        _raw(b"<html>").json()


def test_text_is_always_text() -> None:
    """Bytes that are no UTF-8 are replaced in `text`, and kept in `content`."""
    assert (_raw(b"caf\xe9").text, _raw(b"caf\xe9").content) == ("caf�", b"caf\xe9")


def test_a_raw_response_can_be_logged_and_pickled() -> None:
    """Its repr leaves the body out, and it crosses a process boundary."""
    raw = _raw({"text": "secret words"})
    assert "secret words" not in repr(raw)
    assert pickle.loads(pickle.dumps(raw)) == raw  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(raw)).parse() == AudioResponse(text="secret words")  # noqa: S301
