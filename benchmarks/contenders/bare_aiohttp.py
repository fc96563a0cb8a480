"""aiohttp by hand: `FormData` with an open file, and `json`."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.answers import PROMPT
from benchmarks.contenders.service import BASE64, KEY, PICTURES, SPEECH, VERBOSE, images, transcriptions
from benchmarks.model import Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientSession

    from benchmarks.model import Job

__all__ = ["CONTENDER"]

_HEADERS = {"api-key": KEY}
_PIECE = 256 * 1024


class _Aiohttp:
    def __init__(self, session: ClientSession, endpoint: str) -> None:
        self.session = session
        self.endpoint = endpoint

    async def upload(self, job: Job) -> object:
        return (await self._heard(SPEECH, job))["text"]

    async def verbose(self, job: Job) -> object:
        segments = (await self._heard(VERBOSE, job, response_format="verbose_json"))["segments"]
        return len(segments), segments[-1]["text"]

    async def _heard(self, deployment: str, job: Job, **fields: str) -> Any:
        from aiohttp import FormData

        with job.file.open("rb") as file:
            form = FormData(fields)
            form.add_field("file", file, filename=job.file.name)
            url = transcriptions(self.endpoint, deployment)
            async with self.session.post(url, data=form, headers=_HEADERS) as answer:
                return await answer.json()

    async def image(self, _: Job) -> object:
        return (await self._made(PICTURES))["revised_prompt"]

    async def save_base64(self, job: Job) -> object:
        return job.target.write_bytes(base64.b64decode((await self._made(BASE64, "b64_json"))["b64_json"]))

    async def save_url(self, job: Job) -> object:
        url = (await self._made(PICTURES))["url"]
        async with self.session.get(url) as answer:
            with job.target.open("wb") as file:
                async for piece in answer.content.iter_chunked(_PIECE):
                    file.write(piece)
        return None

    async def _made(self, deployment: str, response_format: str = "url") -> Any:
        wish = {"prompt": PROMPT, "response_format": response_format}
        async with self.session.post(images(self.endpoint, deployment), json=wish, headers=_HEADERS) as answer:
            return (await answer.json())["data"][0]


@asynccontextmanager
async def _opened(endpoint: str) -> AsyncIterator[_Aiohttp]:
    from aiohttp import ClientSession, TCPConnector

    async with ClientSession(connector=TCPConnector(limit=0), raise_for_status=True) as session:
        yield _Aiohttp(session, endpoint)


CONTENDER = Contender(name="aiohttp", opened=_opened, modules=("aiohttp",))
