"""An answer as plain data: what is to be sent, before any socket is involved."""

import json
from collections.abc import Mapping

import attrs

__all__ = ["Answer", "RefusalError", "json_answer", "text_answer"]


@attrs.frozen
class Answer:
    """One HTTP answer.

    Attributes:
        status: The HTTP status.
        body: The whole body.
        headers: The headers that belong to this answer; those of every answer are added when it is sent.
        chunked: Whether it is sent in chunks, without a Content-Length.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    chunked: bool = False

    def adding(self, headers: Mapping[str, str]) -> "Answer":
        """The same answer with more headers."""
        return attrs.evolve(self, headers={**self.headers, **headers})


class RefusalError(Exception):
    """The request is not carried out; `answer` says so to the caller."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(document: object, *, status: int = 200) -> Answer:
    """An answer of compact JSON in ASCII."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json"})


def text_answer(text: str, *, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Answer:
    """An answer of text in UTF-8."""
    return Answer(status, text.encode(), {"Content-Type": content_type})
