"""Pictures of 3 MB that come as base64 and are saved to disk."""

from __future__ import annotations

from benchmarks.measures import CPU, MEMORY, STALL, WALL
from benchmarks.model import OURS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="pictures_base64",
    title="64 pictures of 3 MB as base64, 16 at once, saved",
    operation="save_base64",
    contenders=(OURS, "openai-python, Path", "openai-python, aiohttp", "aiohttp", "raw socket"),
    loads=(Load(count=64, at_once=16),),
    quick=(Load(count=4, at_once=4),),
    measures=(WALL, MEMORY, STALL, CPU),
    goals=(
        AtMost(WALL, 0.5, "openai-python, Path"),
        AtMost(MEMORY, 0.5, "openai-python, Path"),
        AtMost(STALL, 10.0),
    ),
)
