"""What the headers of an answer tell."""

from __future__ import annotations

import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from aoai_async.schema.base import AnswerInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["answer_info", "media_type", "told_wait"]

Value = TypeVar("Value")

_REQUEST_IDS = ("apim-request-id", "x-ms-request-id", "x-request-id")
_IN_WORDS = re.compile(r"retry after (\d+(?:\.\d+)?) (milli)?seconds?", re.IGNORECASE)


def answer_info(headers: Mapping[str, str]) -> AnswerInfo:
    """Return who answered which request, and what is left of the quota."""
    return AnswerInfo(
        request_id=next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None),
        region=headers.get("x-ms-region"),
        remaining_requests=_count(headers.get("x-ratelimit-remaining-requests")),
        client_request_id=headers.get("x-ms-client-request-id"),
    )


def media_type(headers: Mapping[str, str]) -> str:
    """Return the Content-Type without its parameters, in lower case; empty if there is none."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def told_wait(headers: Mapping[str, str], message: str, now: float) -> float | None:
    """Return for how many seconds the service asks to wait, or None where it does not say.

    The first that is there and makes sense counts: ``retry-after-ms``, ``x-ms-retry-after-ms``,
    ``Retry-After`` (seconds or a date), ``x-ratelimit-reset-requests``, words in the message.

    Args:
        headers: The answer's headers, case-insensitive.
        message: The error's message.
        now: Unix time in seconds; used only where the answer has no ``Date`` to count from.
    """
    return next((wait for wait in _told_waits(headers, message, now) if wait is not None), None)


def _told_waits(headers: Mapping[str, str], message: str, now: float) -> Iterator[float | None]:
    sent = _date(headers.get("Date", ""))
    yield _seconds(headers.get("retry-after-ms"), unit=0.001)
    yield _seconds(headers.get("x-ms-retry-after-ms"), unit=0.001)
    yield _seconds(headers.get("Retry-After"))
    yield _until(headers.get("Retry-After", ""), now if sent is None else sent)
    yield _seconds(headers.get("x-ratelimit-reset-requests"))
    yield _in_words(message)


def _seconds(value: str | None, *, unit: float = 1.0) -> float | None:
    seconds = _parsed(float, (value or "").strip().removesuffix("s"))
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return None
    return seconds * unit


def _until(value: str, now: float) -> float | None:
    moment = _date(value)
    return None if moment is None else max(0.0, moment - now)


def _in_words(message: str) -> float | None:
    found = _IN_WORDS.search(message)
    return _seconds(found[1], unit=0.001 if found[2] else 1.0) if found else None


def _date(value: str) -> float | None:
    return _parsed(_timestamp, value)


def _timestamp(text: str) -> float:
    # A date without a zone is meant as UTC; Python would take it for this machine's own time.
    moment = parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _count(value: str | None) -> int | None:
    return None if value is None else _parsed(int, value)


def _parsed(parse: Callable[[str], Value], text: str) -> Value | None:
    try:
        return parse(text)
    except (ValueError, OverflowError, TypeError):
        return None
