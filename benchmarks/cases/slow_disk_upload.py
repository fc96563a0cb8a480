"""Uploads of files on a slow disk, which is simulated: see `benchmarks.slow_disk`."""

from __future__ import annotations

from benchmarks.measures import CPU, STALL, WALL
from benchmarks.model import CLIENTS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="slow_disk_upload",
    title="plain upload from a slow disk (simulated), 16 x 8 MB, 16 at once",
    operation="upload",
    contenders=(
        *CLIENTS,
        "raw socket",
        "raw socket, threads",
    ),
    loads=(Load(count=16, at_once=16, kilobytes=8_000, disk="slow"),),
    quick=(Load(count=4, at_once=4, kilobytes=1_000, disk="slow"),),
    measures=(STALL, CPU, WALL),
    floor="raw socket, threads",
    goals=(AtMost(STALL, 10.0),),
)
