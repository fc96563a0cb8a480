"""An answer as it came, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen

from aoai_async.wire.headers import answer_info

if TYPE_CHECKING:
    from aoai_async.schema.base import AnswerInfo

__all__ = ["Reply"]

_LARGE = 64 * 1024


@frozen
class Reply:
    """An answer as it came.

    Attributes:
        status: The HTTP status; any number the other side likes.
        headers: The headers, case-insensitive.
        pieces: The whole body, decompressed; of an error answer perhaps only the beginning. A large one is in several,
            because a block of megabytes is slow to get and slower to grow.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Sequence[bytes] = field(repr=False)

    @property
    def body(self) -> bytes:
        """The body in one piece."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    @property
    def is_large(self) -> bool:
        """Whether to read it takes more than a moment."""
        return sum(map(len, self.pieces)) > _LARGE

    @cached_property
    def info(self) -> AnswerInfo:
        """Request id, region and remaining requests."""
        return answer_info(self.headers)
