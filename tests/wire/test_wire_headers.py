import math
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from aoai_async.schema.base import AnswerInfo
from aoai_async.wire.headers import answer_info, media_type, told_wait

NOON = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
IN_ORDER = [
    ({"retry-after-ms": "1500"}, 1.5),
    ({"x-ms-retry-after-ms": "2500"}, 2.5),
    ({"Retry-After": "59"}, 59.0),
    ({"x-ratelimit-reset-requests": "7"}, 7.0),
]
WORDS = "Requests have exceeded call rate limit. Please retry after 11 seconds. Please go here."
DATES = st.lists(
    st.sampled_from(["Tue", ",", "14", "Nov", "2023", "22:13:20", "GMT", "-0000", "+9999", "99999999999", "0", ":"])
).map(" ".join)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is nine hours ahead."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def _wait(headers: dict[str, str], message: str = "") -> float | None:
    return told_wait(CIMultiDict(headers), message, NOON)


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_the_first_header_in_order_counts(first: int) -> None:
    """The most exact header that is there decides, whatever the others and the message say."""
    headers: dict[str, str] = {}
    for header, _ in IN_ORDER[first:]:
        headers |= header
    assert _wait(headers, WORDS) == IN_ORDER[first][1]


@pytest.mark.parametrize("odd", ["-1", "nan", "inf", "-inf", "1e999", "soon", "", " ", "9 s 9", "None"])
@pytest.mark.parametrize("name", [name for headers, _ in IN_ORDER for name in headers])
def test_a_header_without_sense_is_passed_over(name: str, odd: str) -> None:
    """A negative, endless or unreadable wait is as if it were absent: the next one counts."""
    assert _wait({name: odd}, WORDS) == 11.0
    assert _wait({name: odd}) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Retry-After": "86400"}, 86400.0, id="a day"),
        pytest.param({"Retry-After": "0"}, 0.0, id="at once"),
        pytest.param({"retry-after": " 1.5 "}, 1.5, id="blanks and a fraction"),
        pytest.param({"x-ratelimit-reset-requests": "6s"}, 6.0, id="with its unit"),
        pytest.param({"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0, id="a date, counted from now"),
        pytest.param({"Retry-After": "Mon, 13 Nov 2023 22:13:50 GMT"}, 0.0, id="a past date"),
        pytest.param({"Retry-After": "Tue, 14 Nov 2023 22:13:50 -0000"}, 30.0, id="a date of no zone"),
        pytest.param(
            {"Retry-After": "Tue, 14 Nov 2023 22:00:10 GMT", "Date": "Tue, 14 Nov 2023 22:00:00 GMT"},
            10.0,
            id="a date, counted from the answer's own",
        ),
        pytest.param(
            {"Retry-After": "Tue, 14 Nov 2023 22:13:21 GMT", "Date": "<http-date>"}, 1.0, id="an odd date of answer"
        ),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_waits_are_read(far_east: None, headers: dict[str, str], expected: float | None) -> None:
    """Seconds and dates are read, a date by the service's clock where it is known, in any time zone."""
    assert _wait(headers) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Please retry after 59 seconds.", 59.0),
        ("Please RETRY AFTER 1 second", 1.0),
        ("retry after 1.5 seconds", 1.5),
        ("retry after 250 milliseconds", 0.25),
        ("retry after a while", None),
        (f"retry after {'9' * 400} seconds", None),
        ("", None),
    ],
)
def test_words_in_the_message_are_the_last_resort(message: str, expected: float | None) -> None:
    """Without a header the message is read."""
    assert _wait({}, message) == expected


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys([*(name for headers, _ in IN_ORDER for name in headers), "Date"], st.text() | DATES),
    ),
    st.text() | st.integers().map("retry after {} seconds".format),
    st.floats(0, 1e12),
)
def test_a_wait_is_always_sane(headers: dict[str, str], message: str, now: float) -> None:
    """Whatever the headers hold, nothing is raised, and the wait is a finite number from 0 on, or None."""
    wait = told_wait(CIMultiDict(headers), message, now)
    assert wait is None or (math.isfinite(wait) and wait >= 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"apim-request-id": "a", "x-ms-request-id": "m", "x-request-id": "r"}, "a"),
        ({"x-ms-request-id": "m", "X-Request-ID": "r"}, "m"),
        ({"apim-request-id": "", "X-Request-ID": "r"}, "r"),
        ({}, None),
    ],
)
def test_the_request_id_is_the_one_support_asks_for(headers: dict[str, str], expected: str | None) -> None:
    """``apim-request-id`` comes before the others, and an empty one does not count."""
    assert answer_info(CIMultiDict(headers)).request_id == expected


def test_an_answers_headers_are_kept() -> None:
    """Region, remaining requests and the echo of this client's id are read from their headers."""
    headers = {"x-ms-region": "Sweden Central", "x-ratelimit-remaining-requests": "27", "x-ms-client-request-id": "c"}
    assert answer_info(CIMultiDict(headers)) == AnswerInfo(
        region="Sweden Central", remaining_requests=27, client_request_id="c"
    )


@pytest.mark.parametrize("odd", ["", "many", "1.5", "9" * 5000])
def test_a_count_that_is_none_is_unknown(odd: str) -> None:
    """Remaining requests that are no whole number are None."""
    assert answer_info(CIMultiDict({"x-ratelimit-remaining-requests": odd})).remaining_requests is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Text/Plain; charset=utf-8", "text/plain"), (" application/json ", "application/json"), ("", "")],
)
def test_the_media_type_stands_alone(value: str, expected: str) -> None:
    """Parameters, blanks and capitals of a Content-Type do not matter."""
    assert media_type(CIMultiDict({"content-type": value})) == expected


def test_no_content_type_is_empty() -> None:
    """An answer without a Content-Type has the empty one."""
    assert media_type({}) == ""
