"""curl: a process for each call, and one process for all of them."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import frozen

from benchmarks.answers import image_url
from benchmarks.contenders.service import KEY, SPEECH, transcriptions
from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from benchmarks.model import Job

__all__ = ["CONTENDER", "PARALLEL"]

# Without the second one it would wait for a second to be told to continue.
_HEADERS = {"header": [f"api-key: {KEY}", "Expect:"]}
_TRUSTED = "SSL_CERT_FILE"


@frozen
class _Curl:
    endpoint: str

    async def upload(self, job: Job) -> object:
        return json.loads(await _curl(_config(_upload(self.endpoint, job))))["text"]

    async def save_url(self, job: Job) -> object:
        return await _curl(_config(_download(self.endpoint, job)))


@frozen
class _Parallel:
    endpoint: str

    async def all_upload(self, jobs: Sequence[Job], at_once: int) -> None:
        await self._all([_upload(self.endpoint, job) for job in jobs], at_once)

    async def all_save_url(self, jobs: Sequence[Job], at_once: int) -> None:
        await self._all([_download(self.endpoint, job) for job in jobs], at_once)

    async def _all(self, transfers: Sequence[dict[str, list[str]]], at_once: int) -> None:
        await _curl("next\n".join(map(_config, transfers)), "--parallel", "--parallel-max", str(at_once))


def _upload(endpoint: str, job: Job) -> dict[str, list[str]]:
    return {"url": [transcriptions(endpoint, SPEECH)], "form": [f"file=@{job.file}"], **_HEADERS}


def _download(endpoint: str, job: Job) -> dict[str, list[str]]:
    return {"url": [image_url(endpoint)], "output": [str(job.target)]}


def _config(options: dict[str, list[str]]) -> str:
    lines = [f'{name} = "{value}"\n' for name, values in options.items() for value in values]
    trust = [f'cacert = "{os.environ[_TRUSTED]}"\n'] if _TRUSTED in os.environ else []
    return "".join(["silent\n", "fail\n", *trust, *lines])


async def _curl(config: str, *options: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "curl", *options, "--config", "-", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    answer, _ = await process.communicate(config.encode())
    if process.returncode != 0:
        raise RuntimeError(f"curl failed with {process.returncode}")
    return answer


@asynccontextmanager
async def _opened(endpoint: str) -> AsyncIterator[_Curl]:
    yield _Curl(endpoint)


@asynccontextmanager
async def _opened_parallel(endpoint: str) -> AsyncIterator[_Parallel]:
    yield _Parallel(endpoint)


CONTENDER = Contender(name="curl", opened=_opened, program="curl", has_loop=False)
PARALLEL = Contender(name="curl --parallel", opened=_opened_parallel, program="curl", has_loop=False)
