"""Pictures of 3 MB that lie at an address and are saved to disk; curl is spared the call that asks for them."""

from __future__ import annotations

from benchmarks.measures import CPU, MEMORY, STALL, THROUGHPUT
from benchmarks.model import OURS, AtLeast, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="pictures_url",
    title="64 pictures of 3 MB by URL, 16 at once, saved",
    operation="save_url",
    contenders=(OURS, "aiohttp", "curl", "curl --parallel"),
    loads=(Load(count=64, at_once=16),),
    quick=(Load(count=4, at_once=4),),
    measures=(THROUGHPUT, MEMORY, STALL, CPU),
    goals=(AtLeast(THROUGHPUT, 0.9, "curl"),),
)
