"""The ways to upload one recording that are compared; each takes an endpoint and gives a call."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Upload = Callable[[Path], Awaitable[object]]

__all__ = ["CONTENDERS"]

_KEY = "key"
_VERSION = "2024-10-21"
_URL = "{}/openai/deployments/whisper/audio/transcriptions?api-version=" + _VERSION
_ANY_SIZE = 2**40


@asynccontextmanager
async def ours(endpoint: str) -> AsyncIterator[Upload]:
    """This client with a path."""
    from aoai_async import AsyncAzureOpenAI, Limits

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=_KEY, limits=Limits(upload=_ANY_SIZE)) as client:
        yield lambda path: client.audio.transcriptions.create(model="whisper", file=path)


@asynccontextmanager
async def openai_path(endpoint: str) -> AsyncIterator[Upload]:
    """openai-python with a path."""
    from openai import AsyncAzureOpenAI

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=_KEY, api_version=_VERSION) as client:
        yield lambda path: client.audio.transcriptions.create(model="whisper", file=path)


@asynccontextmanager
async def openai_file(endpoint: str) -> AsyncIterator[Upload]:
    """openai-python with an open file."""
    from openai import AsyncAzureOpenAI

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=_KEY, api_version=_VERSION) as client:

        async def upload(path: Path) -> object:
            with path.open("rb") as file:
                return await client.audio.transcriptions.create(model="whisper", file=file)

        yield upload


@asynccontextmanager
async def aiohttp_form(endpoint: str) -> AsyncIterator[Upload]:
    """Bare aiohttp with FormData and an open file."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def upload(path: Path) -> object:
            with path.open("rb") as file:
                form = aiohttp.FormData()
                form.add_field("file", file, filename=path.name)
                url = _URL.format(endpoint)
                async with session.post(url, data=form, headers={"api-key": _KEY}) as answer:
                    return await answer.json()

        yield upload


@asynccontextmanager
async def curl(endpoint: str) -> AsyncIterator[Upload]:
    """One curl process for each upload."""
    import asyncio

    async def upload(path: Path) -> object:
        arguments = ("--silent", "--fail", "--header", f"api-key: {_KEY}", "--form", f"file=@{path}")
        process = await asyncio.create_subprocess_exec(
            "curl", *arguments, _URL.format(endpoint), stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait() != 0:
            raise RuntimeError("curl failed")
        return None

    yield upload


CONTENDERS = {
    "aoai_async": ours,
    "openai-python, path": openai_path,
    "openai-python, file": openai_file,
    "aiohttp FormData": aiohttp_form,
    "curl": curl,
}
