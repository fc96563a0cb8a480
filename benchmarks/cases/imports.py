"""What it takes to import, in a fresh interpreter; that interpreter's own start is left out."""

from __future__ import annotations

from benchmarks.contenders.imports import AIOHTTP, CLIENT, OPENAI, PACKAGE
from benchmarks.measures import WALL_A_CALL
from benchmarks.model import AtMost, Case, Load

__all__ = ["CASE"]

CASE = Case(
    name="imports",
    title="import, in a fresh interpreter",
    operation="start",
    contenders=(CLIENT.name, PACKAGE.name, AIOHTTP.name, OPENAI.name),
    loads=(Load(count=10, at_once=1),),
    quick=(Load(count=1, at_once=1),),
    measures=(WALL_A_CALL,),
    goals=(
        AtMost(WALL_A_CALL, 1.1, AIOHTTP.name, ours=PACKAGE.name),
        AtMost(WALL_A_CALL, 1.1, AIOHTTP.name, ours=CLIENT.name),
    ),
    ours=CLIENT.name,
)
