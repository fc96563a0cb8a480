"""Large uploads over TLS: what most of a client's processor time goes into."""

from __future__ import annotations

from benchmarks.measures import CPU, MEMORY, WALL
from benchmarks.model import CLIENTS, AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="tls_upload",
    title="TLS upload, 32 x 26 MB, 16 at once",
    operation="upload",
    contenders=(
        *CLIENTS,
        "curl",
        "curl --parallel",
        "raw socket",
    ),
    loads=(Load(count=32, at_once=16, kilobytes=26_000, tls=True),),
    quick=(Load(count=4, at_once=4, kilobytes=2_000, tls=True),),
    measures=(CPU, WALL, MEMORY),
    goals=(
        AtMost(CPU, 1.3, "curl"),
        AtMost(CPU, 0.13, "openai-python, Path"),
        AtMost(CPU, 0.6, "openai-python, file"),
    ),
)
