"""Faults on order: each is used up by one operation request, in the order of the list."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import attrs
from attrs.validators import deep_mapping, ge, instance_of, le, optional
from multidict import CIMultiDict

from aoai_async.emulator import refusals
from aoai_async.emulator.answers import Answer, json_answer, text_answer
from aoai_async.emulator.gateway import Call
from aoai_async.emulator.operations import OPERATIONS, Operation

__all__ = ["Fault", "Faults"]

_HTML = "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Please sign in</h1></body></html>\n"
_count = optional([instance_of(int), ge(0)])


def _printable(_fault: object, field: "attrs.Attribute[str]", text: str) -> None:
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"'{field.name}' must be printable ASCII")


_header_text = attrs.validators.and_(instance_of(str), _printable)


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong with one request. Its body is read to the end first, unless `cut_after_read` says otherwise.

    Attributes:
        status: Answer with this status instead of carrying the request out. A 429 has the service's body and headers
            and a wait of one second; any other status an error body that names it.
        body: The body instead: a text as it is, or a document sent as JSON. The status is then 200, if none is given.
        html: The body of a proxy's page, as text/html. The status is then 200, if none is given.
        headers: Headers to set on the answer, whichever it is; None takes a header away.
        content_type: Another Content-Type on the answer, whichever it is.
        delay: Seconds between the request's last byte and the answer's first.
        cut_after_read: Drop the connection once this many bytes of the request's body have arrived (0: none is read).
        cut_after_sent: Close the connection once this many bytes of the answer's body are sent; its headers promise
            the whole of it.
        refuse_chunked: Answer 411 if the request has no Content-Length; carry it out otherwise.
        operation: Wait for a request of this operation, such as `audio/transcriptions`; None takes the next of any.

    Raises:
        TypeError: A value of another type.
        ValueError: A number out of range, or an operation that does not exist.
    """

    status: int | None = attrs.field(default=None, validator=optional([instance_of(int), ge(200), le(599)]))
    body: str | dict[str, Any] | None = attrs.field(default=None, validator=optional(instance_of((str, dict))))
    html: bool = attrs.field(default=False, validator=instance_of(bool))
    headers: dict[str, str | None] = attrs.field(
        factory=dict[str, str | None],
        validator=deep_mapping(_header_text, optional(_header_text), instance_of(dict)),
    )
    content_type: str | None = attrs.field(default=None, validator=optional(_header_text))
    delay: float = attrs.field(default=0.0, validator=[instance_of((int, float)), ge(0)])
    cut_after_read: int | None = attrs.field(default=None, validator=_count)
    cut_after_sent: int | None = attrs.field(default=None, validator=_count)
    refuse_chunked: bool = attrs.field(default=False, validator=instance_of(bool))
    operation: str | None = attrs.field(
        default=None, validator=optional(attrs.validators.in_([operation.path for operation in OPERATIONS]))
    )

    def replacement(self, call: Call, headers: Mapping[str, str]) -> Answer | None:
        """The answer to give without carrying the call out; None to carry it out."""
        if self.refuse_chunked and "Content-Length" not in headers:
            return _bare_error(411)
        if self.body is not None or self.html:
            return attrs.evolve(_body(self.body), status=self.status or 200)
        if self.status == 429:
            return refusals.too_many_requests(call.operation, call.api_version, 1)
        return None if self.status is None else _bare_error(self.status)

    def changed(self, answer: Answer) -> Answer:
        """The answer with this fault's headers."""
        headers = CIMultiDict(answer.headers)
        changes = {**self.headers, "Content-Type": self.content_type} if self.content_type else self.headers
        for name, value in changes.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        return attrs.evolve(answer, headers=headers)


def _body(body: str | dict[str, Any] | None) -> Answer:
    if body is None:
        return text_answer(_HTML, content_type="text/html; charset=utf-8")
    return text_answer(body) if isinstance(body, str) else json_answer(body)


def _bare_error(status: int) -> Answer:
    known = {known.value: known.phrase for known in HTTPStatus}
    message = known.get(status, "Unknown")
    return json_answer({"error": {"code": str(status), "message": message}}, status=status)


class Faults:
    """The faults that wait for their request. The list may be replaced from any thread."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def set(self, faults: Iterable[Fault]) -> None:
        """Forget the faults that still wait and take these."""
        self._waiting = list(faults)

    def take(self, operation: Operation) -> Fault:
        """The fault for a request that arrived; one that does nothing when none waits for it."""
        waiting = self._waiting
        for position, fault in enumerate(waiting):
            if fault.operation in (None, operation.path):
                return waiting.pop(position)
        return Fault()
