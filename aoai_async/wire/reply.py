"""An answer as it came, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["Reply"]


@frozen
class Reply:
    """An answer as it came.

    Attributes:
        status: The HTTP status; any number the other side likes.
        headers: The headers, case-insensitive.
        body: The whole body, decompressed; of an error answer perhaps only the beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
