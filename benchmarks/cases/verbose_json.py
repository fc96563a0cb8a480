"""Answers of 5,000 segments, about 1 MB of JSON each: what it costs to make objects of them."""

from __future__ import annotations

from benchmarks.measures import CPU_A_CALL, MEMORY, STALL
from benchmarks.model import OURS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="verbose_json",
    title="verbose_json with 5,000 segments, 100 at 4",
    operation="verbose",
    contenders=(OURS, "openai-python, Path", "openai-python, aiohttp", "aiohttp", "raw socket"),
    loads=(Load(count=100, at_once=4, kilobytes=100),),
    quick=(Load(count=2, at_once=2, kilobytes=100),),
    measures=(CPU_A_CALL, STALL, MEMORY),
    goals=(AtMost(CPU_A_CALL, 0.35, "openai-python, Path"),),
)
