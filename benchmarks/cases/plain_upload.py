"""Large uploads without TLS, of a file in the page cache: reading and sending, and nothing else."""

from __future__ import annotations

from benchmarks.measures import CPU, MEMORY, STALL
from benchmarks.model import CLIENTS, AtMost, Case, Load

__all__ = ["CASE"]

# More would mean that a recording is held in memory.
_MEMORY_CEILING_MB = 16.0

CASE = Case(
    name="plain_upload",
    title="plain upload, 64 x 26 MB, 32 at once",
    operation="upload",
    contenders=(
        *CLIENTS,
        "curl",
        "curl --parallel",
        "raw socket",
        "raw socket, threads",
        "raw sendfile",
    ),
    loads=(Load(count=64, at_once=32, kilobytes=26_000),),
    quick=(Load(count=8, at_once=8, kilobytes=8_000),),
    measures=(CPU, MEMORY, STALL),
    goals=(
        AtMost(CPU, 0.45, "aiohttp"),
        AtMost(MEMORY, 5.0),
        AtMost(MEMORY, _MEMORY_CEILING_MB, is_must=True),
        AtMost(STALL, 10.0),
    ),
)
