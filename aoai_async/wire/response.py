"""An answer with everything that came along, for those who want more than the object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import field, frozen

from aoai_async.wire.convert import decode_json
from aoai_async.wire.decipher import decipher, deciphering
from aoai_async.wire.reply import Reply

if TYPE_CHECKING:
    from aoai_async.schema.base import AnswerInfo
    from aoai_async.wire.steps import Steps

__all__ = ["RawResponse"]

T = TypeVar("T")


@frozen
class RawResponse(Generic[T]):
    """A good answer with its headers, as ``with_raw_response`` gives it.

    Attributes:
        reply: Status, headers and body.
        url: Where the request went, without its query.
        retries_taken: How often it was sent again.
        elapsed: Seconds from the call to the whole answer, waits included.
    """

    reply: Reply
    url: str
    retries_taken: int
    elapsed: float
    _kind: type[Any] | None = field(repr=False)
    _finish: Callable[[Any], Any] | None = field(default=None, repr=False)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.reply.status

    @property
    def status_code(self) -> int:
        """The HTTP status, by its name in openai-python."""
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, case-insensitive."""
        return self.reply.headers

    @property
    def content(self) -> bytes:
        """The body."""
        return self.reply.body

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.reply.body.decode(errors="replace")

    @property
    def info(self) -> AnswerInfo:
        """Request id, region and remaining requests."""
        return self.reply.info

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, which support asks for."""
        return self.info.request_id

    def json(self) -> Any:
        """Return the body's plain JSON value; `ValueError` if it has none."""
        return decode_json(self.reply.body)

    def parse(self) -> T:
        """Return the object the method without ``with_raw_response`` would have returned.

        Raises:
            UnexpectedAnswerError: The answer is not of the form asked for.
        """
        return self._finished(decipher(self.reply, self._kind))

    def parsing(self) -> Steps[T]:
        """Do as `parse`, step by step if the answer is large."""
        return self._finished((yield from deciphering(self.reply, self._kind)))

    def _finished(self, answer: T) -> T:
        finished: T = answer if self._finish is None else self._finish(answer)
        return finished
