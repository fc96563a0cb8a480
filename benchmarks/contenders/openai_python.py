"""openai-python: with a path, with an open file, and with its transport over aiohttp."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.answers import PROMPT
from benchmarks.contenders.service import BASE64, KEY, PICTURES, SPEECH, VERBOSE, VERSION
from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from openai import AsyncAzureOpenAI

    from benchmarks.model import Job

__all__ = ["AIOHTTP", "FILE", "PATH"]


class _WithPath:
    def __init__(self, client: AsyncAzureOpenAI) -> None:
        self.client = client

    async def upload(self, job: Job) -> object:
        return (await self.client.audio.transcriptions.create(model=SPEECH, file=job.file)).text

    async def image(self, _: Job) -> object:
        made = await self.client.images.generate(model=PICTURES, prompt=PROMPT)
        return (made.data or [])[0].revised_prompt

    async def verbose(self, job: Job) -> object:
        heard = await self.client.audio.transcriptions.create(
            model=VERBOSE, file=job.file, response_format="verbose_json"
        )
        segments = heard.segments or []
        return len(segments), segments[-1].text

    async def save_base64(self, job: Job) -> object:
        # As its documentation shows it: on the loop.
        made = await self.client.images.generate(model=BASE64, prompt=PROMPT, response_format="b64_json")
        return job.target.write_bytes(base64.b64decode((made.data or [])[0].b64_json or ""))


class _WithFile(_WithPath):
    async def upload(self, job: Job) -> object:
        with job.file.open("rb") as file:
            return (await self.client.audio.transcriptions.create(model=SPEECH, file=file)).text


@asynccontextmanager
async def _opened(endpoint: str, kind: Callable[[AsyncAzureOpenAI], _WithPath]) -> AsyncIterator[_WithPath]:
    from openai import AsyncAzureOpenAI

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=KEY, api_version=VERSION) as client:
        yield kind(client)


@asynccontextmanager
async def _opened_over_aiohttp(endpoint: str) -> AsyncIterator[_WithPath]:
    from openai import AsyncAzureOpenAI, DefaultAioHttpClient

    http = DefaultAioHttpClient()
    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=KEY, api_version=VERSION, http_client=http) as client:
        yield _WithFile(client)


PATH = Contender(name="openai-python, Path", opened=lambda endpoint: _opened(endpoint, _WithPath), modules=("openai",))
FILE = Contender(name="openai-python, file", opened=lambda endpoint: _opened(endpoint, _WithFile), modules=("openai",))
AIOHTTP = Contender(name="openai-python, aiohttp", opened=_opened_over_aiohttp, modules=("openai",))
