"""Work in steps, between which whoever has asked for it may do something else."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Generic, TypeAlias, TypeVar

from attrs import define, field

__all__ = ["Steps", "Walk", "at_once"]

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Yields after each step, and returns what comes of them all."""


@define
class Walk(Generic[T]):
    """Steps to iterate over.

    Attributes:
        result: What came of them, after the last one.
    """

    _steps: Steps[T]
    result: T = field(init=False)

    def __iter__(self) -> Iterator[None]:
        """Take them; raises what they raise."""
        self.result = yield from self._steps


def at_once(steps: Steps[T]) -> T:
    """Take all steps, and return what comes of them; raises what they raise."""
    walk = Walk(steps)
    for _ in walk:
        pass
    return walk.result
