"""Imports: of this package alone, which fetches its names when they are used, and of the clients themselves."""

from __future__ import annotations

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.model import Job

__all__ = ["AIOHTTP", "CLIENT", "OPENAI", "PACKAGE"]

_PROGRAM = "from time import perf_counter as now; begun = now(); {}; print(now() - begun)"


class _Import:
    def __init__(self, statement: str) -> None:
        self.statement = statement

    async def start(self, _: Job) -> float:
        program = _PROGRAM.format(self.statement)
        process = await create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
        return float((await process.communicate())[0])


def _of(statement: str, module: str) -> Contender:
    @asynccontextmanager
    async def opened(_: str) -> AsyncIterator[_Import]:
        yield _Import(statement)

    return Contender(name=statement, opened=opened, modules=(module,), has_loop=False)


CLIENT = _of("from aoai_async import AsyncAzureOpenAI", "aoai_async")
PACKAGE = _of("import aoai_async", "aoai_async")
AIOHTTP = _of("import aiohttp", "aiohttp")
OPENAI = _of("from openai import AsyncAzureOpenAI", "openai")
