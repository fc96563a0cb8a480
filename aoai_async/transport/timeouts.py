"""How long a call may take."""

from __future__ import annotations

from typing import Any, Self

from attrs import field, frozen
from attrs.validators import gt, optional

from aoai_async.errors import ConfigurationError

__all__ = ["Timeout"]

_ABOVE_ZERO: Any = optional(gt(0.0))


@frozen
class Timeout:
    """How long a call may take, in seconds; None lifts a bound.

    Attributes:
        total: The whole call with all its attempts and the waits between them.
        attempt: One attempt.
        connect: Setting up a connection.
        read: Silence while the answer is awaited or read.
    """

    total: float | None = field(default=600.0, validator=_ABOVE_ZERO)
    attempt: float | None = field(default=None, kw_only=True, validator=_ABOVE_ZERO)
    connect: float | None = field(default=5.0, kw_only=True, validator=_ABOVE_ZERO)
    read: float | None = field(default=None, kw_only=True, validator=_ABOVE_ZERO)

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return what a caller means: a number is a total; an object of another HTTP library is translated.

        Raises:
            ConfigurationError: It means no timeout.
        """
        try:
            return cls._of(value)
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigurationError(f"timeout={value!r} is none: give seconds, None or a Timeout ({error})") from None

    @classmethod
    def _of(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if value is None or isinstance(value, int | float):
            return cls(value)
        # Both have `connect`; httpx has `read`, aiohttp has `sock_read` and `total`.
        return cls(
            value.total if hasattr(value, "total") else cls().total,
            connect=getattr(value, "sock_connect", None) or value.connect,
            read=getattr(value, "read", None) or getattr(value, "sock_read", None),
        )
