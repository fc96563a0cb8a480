"""How much is sent and read at the most."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import gt

__all__ = ["Limits"]


@frozen(kw_only=True)
class Limits:
    """How much is sent and read at the most, in bytes; `ValueError` for a limit below 1.

    Attributes:
        upload: A whole request body with its framing; the service takes 26,214,400 (25 MiB).
        answer: An answer with a good status (64 MiB).
        error: An answer with an error status (1 MiB); what is beyond is cut off.
        picture: A picture, fetched or decoded (100 MiB).
    """

    upload: int = field(default=26_214_400, validator=gt(0))
    answer: int = field(default=64 * 2**20, validator=gt(0))
    error: int = field(default=2**20, validator=gt(0))
    picture: int = field(default=100 * 2**20, validator=gt(0))
