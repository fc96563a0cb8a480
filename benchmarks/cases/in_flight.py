"""One to 1,024 calls in flight: neither what a call costs nor its memory depends on how many there are."""

from __future__ import annotations

from benchmarks.measures import CPU_A_CALL, MEMORY_A_CALL
from benchmarks.model import OURS, AtMost, Case, Flat, Load

__all__ = ["CASE"]

CASE = Case(
    name="in_flight",
    title="1 to 1,024 image calls in flight",
    operation="image",
    contenders=(OURS, "aiohttp", "raw socket"),
    loads=tuple(Load(count=3072, at_once=at_once, warm=at_once) for at_once in (1, 4, 16, 64, 256, 1024)),
    quick=(Load(count=8, at_once=1), Load(count=128, at_once=64, warm=64)),
    measures=(CPU_A_CALL, MEMORY_A_CALL),
    goals=(Flat(CPU_A_CALL, 0.15), AtMost(MEMORY_A_CALL, 40.0)),
)
