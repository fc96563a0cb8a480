"""What is measured."""

from __future__ import annotations

from benchmarks.cases import small_answers

__all__ = ["CASES"]

_ALL = (small_answers.CASE,)
CASES = {case.name: case for case in _ALL}
