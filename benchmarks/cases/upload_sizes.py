"""Uploads of one file after the other, from 1 MB to 2 GB: neither memory nor the cost of a byte depends on the size."""

from __future__ import annotations

from benchmarks.measures import CPU_A_MEGABYTE, MEMORY
from benchmarks.model import OURS, AtMost, Case, Flat, Load

__all__ = ["CASE"]

CASE = Case(
    name="upload_sizes",
    title="upload of one file, 1 MB to 2 GB",
    operation="upload",
    contenders=(OURS, "aiohttp", "raw socket", "raw sendfile"),
    loads=tuple(
        Load(count=max(1, 1024 // megabytes), at_once=1, kilobytes=megabytes * 1000)
        for megabytes in (1, 4, 16, 64, 256, 2048)
    ),
    quick=(Load(count=2, at_once=1, kilobytes=1000), Load(count=1, at_once=1, kilobytes=64_000)),
    measures=(CPU_A_MEGABYTE, MEMORY),
    goals=(Flat(CPU_A_MEGABYTE, 0.1), AtMost(MEMORY, 5.0), AtMost(MEMORY, 16.0, is_must=True)),
    axis="kilobytes",
)
