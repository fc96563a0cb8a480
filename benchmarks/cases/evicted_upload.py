"""Large uploads of files that are not in the page cache: 64 different ones, read from the disk itself."""

from __future__ import annotations

from benchmarks.measures import CPU, STALL, WALL
from benchmarks.model import CLIENTS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="evicted_upload",
    title="plain upload of evicted files, 64 x 26 MB, 32 at once",
    operation="upload",
    contenders=(
        *CLIENTS,
        "curl",
        "raw socket",
        "raw socket, threads",
        "raw sendfile",
    ),
    loads=(Load(count=64, at_once=32, kilobytes=26_000, disk="evicted"),),
    quick=(Load(count=4, at_once=4, kilobytes=2_000, disk="evicted"),),
    measures=(STALL, CPU, WALL),
    floor="raw socket, threads",
    goals=(AtMost(STALL, 10.0),),
)
