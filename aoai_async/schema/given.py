"""Parameters that were not given, where None has a meaning of its own."""

from __future__ import annotations

from typing import Final, Literal, TypeVar

__all__ = ["NOT_GIVEN", "NotGiven", "given"]

T = TypeVar("T")


class NotGiven:
    """The class of `NOT_GIVEN`, which means that a parameter is left to its default."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven()


def given(value: T | NotGiven | None) -> T | None:
    """Return a value, or None for one that was not given."""
    return None if isinstance(value, NotGiven) else value
