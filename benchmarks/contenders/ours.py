"""This client, with a path."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.answers import PROMPT
from benchmarks.contenders.service import BASE64, KEY, PICTURES, SPEECH, VERBOSE
from benchmarks.model import OURS, Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aoai_async import AsyncAzureOpenAI
    from benchmarks.model import Job

__all__ = ["CONTENDER"]

_ANY_SIZE = 2**40


class _Ours:
    def __init__(self, client: AsyncAzureOpenAI) -> None:
        self.client = client

    async def upload(self, job: Job) -> object:
        return (await self.client.audio.transcriptions.create(model=SPEECH, file=job.file)).text

    async def image(self, _: Job) -> object:
        return (await self.client.images.generate(model=PICTURES, prompt=PROMPT)).data[0].revised_prompt

    async def verbose(self, job: Job) -> object:
        heard = await self.client.audio.transcriptions.create(
            model=VERBOSE, file=job.file, response_format="verbose_json"
        )
        segments = heard.segments or []
        return len(segments), segments[-1].text

    async def save_base64(self, job: Job) -> object:
        made = await self.client.images.generate(model=BASE64, prompt=PROMPT, response_format="b64_json")
        return await made.data[0].save(job.target)

    async def save_url(self, job: Job) -> object:
        return await (await self.client.images.generate(model=PICTURES, prompt=PROMPT)).data[0].save(job.target)


@asynccontextmanager
async def _opened(endpoint: str) -> AsyncIterator[_Ours]:
    from aoai_async import AsyncAzureOpenAI, Limits

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=KEY, limits=Limits(upload=_ANY_SIZE)) as client:
        yield _Ours(client)


CONTENDER = Contender(name=OURS, opened=_opened, modules=("aoai_async",))
