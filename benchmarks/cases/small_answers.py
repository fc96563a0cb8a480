"""Image calls whose answer is small: what a call costs beside its bytes."""

from __future__ import annotations

from benchmarks.measures import CPU_A_CALL, MEMORY, WALL
from benchmarks.model import OURS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="small_answers",
    title="image call with a small answer, 3,000 at 32",
    operation="image",
    contenders=(OURS, "openai-python, Path", "openai-python, aiohttp", "aiohttp", "raw socket"),
    loads=(Load(count=3000, at_once=32, warm=200),),
    quick=(Load(count=50, at_once=8),),
    measures=(CPU_A_CALL, WALL, MEMORY),
    goals=(AtMost(CPU_A_CALL, 1.5, "aiohttp"), AtMost(CPU_A_CALL, 0.18, "openai-python, Path")),
)
