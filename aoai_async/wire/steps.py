"""Work in steps, between which whoever has asked for it may do something else."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

__all__ = ["Steps", "at_once"]

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]
"""Yields after each step, and returns what comes of them all."""


def at_once(steps: Steps[T]) -> T:
    """Take all steps, and return what comes of them; raises what they raise."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
