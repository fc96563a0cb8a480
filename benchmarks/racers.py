"""The ways to make many pictures under a quota that are compared; each takes an endpoint and gives a race."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.emulator import FREE, KEY, QUOTA

__all__ = ["RACERS", "Racer"]

_AT_ONCE = 32
_MANY_RETRIES = 10
_VERSION = "2024-10-21"

Race = Callable[[str, Sequence[str]], Awaitable[int]]
"""Makes a picture of each prompt with a deployment, and returns how many there are in the end."""


@asynccontextmanager
async def _ours(
    endpoint: str, quota: float, folder: Path, *, is_told: bool, is_shared: bool = False
) -> AsyncIterator[Race]:
    from aoai_async import AsyncAzureOpenAI, ImageGenerationsRequest
    from aoai_async.batch import BatchRunner

    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=KEY) as client:
        told = quota if is_told else None
        shared = folder / "quota.sock" if is_shared else None
        runner = BatchRunner(client, max_concurrency=_AT_ONCE, requests_per_minute=told, shared_quota=shared)

        async def race(deployment: str, prompts: Sequence[str]) -> int:
            requests = (ImageGenerationsRequest(prompt=prompt, model=deployment) for prompt in prompts)
            return len([outcome async for outcome in runner.run(requests) if outcome.error is None])

        yield race


@asynccontextmanager
async def _openai(endpoint: str, _quota: float, _folder: Path, *, max_retries: int) -> AsyncIterator[Race]:
    from openai import AsyncAzureOpenAI

    async with AsyncAzureOpenAI(
        azure_endpoint=endpoint, api_key=KEY, api_version=_VERSION, max_retries=max_retries
    ) as client:
        yield lambda deployment, prompts: _all_at_once(
            partial(client.images.generate, model=deployment, prompt=prompt) for prompt in prompts
        )


@asynccontextmanager
async def _aiometer(endpoint: str, quota: float, _folder: Path) -> AsyncIterator[Race]:
    from openai import AsyncAzureOpenAI

    aiometer = _optional("aiometer")
    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key=KEY, api_version=_VERSION) as client:

        async def race(deployment: str, prompts: Sequence[str]) -> int:
            calls = [
                partial(_is_made, partial(client.images.generate, model=deployment, prompt=prompt))
                for prompt in prompts
            ]
            return sum(await aiometer.run_all(calls, max_at_once=_AT_ONCE, max_per_second=quota / 60))

        yield race


@asynccontextmanager
async def _litellm(endpoint: str, _quota: float, _folder: Path) -> AsyncIterator[Race]:
    # Otherwise it fetches a list of prices from the internet.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm = _optional("litellm")
    common = {"api_base": endpoint, "api_key": KEY, "api_version": _VERSION}
    models = [
        {"model_name": deployment, "litellm_params": {"model": f"azure/{deployment}", **common}}
        for deployment in (QUOTA, FREE)
    ]
    router = litellm.Router(model_list=models, num_retries=_MANY_RETRIES)
    yield lambda deployment, prompts: _all_at_once(
        partial(router.aimage_generation, model=deployment, prompt=prompt) for prompt in prompts
    )


def _optional(module: str) -> Any:
    # It may not be installed, and type checkers must be content either way.
    return import_module(module)


async def _all_at_once(calls: Iterable[Callable[[], Awaitable[object]]]) -> int:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(call: Callable[[], Awaitable[object]]) -> bool:
        async with places:
            return await _is_made(call)

    return sum(await asyncio.gather(*(one(call) for call in calls)))


async def _is_made(call: Callable[[], Awaitable[object]]) -> bool:
    try:
        await call()
    except Exception:  # noqa: BLE001 - whatever its library calls a failure, the picture is lost
        return False
    return True


@frozen
class Racer:
    """One way.

    Attributes:
        enter: Takes the endpoint, the quota in requests a minute, and a folder that the processes of a race share.
        needs: The packages it needs besides this one.
        processes: How many processes share the jobs and the deployment.
    """

    enter: Callable[[str, float, Path], AbstractAsyncContextManager[Race]]
    needs: tuple[str, ...] = ()
    processes: int = 1


RACERS = {
    "aoai_async, told": Racer(partial(_ours, is_told=True)),
    "aoai_async, untold": Racer(partial(_ours, is_told=False)),
    "aoai_async, told, two processes": Racer(partial(_ours, is_told=True, is_shared=True), processes=2),
    "aoai_async, untold, two processes": Racer(partial(_ours, is_told=False, is_shared=True), processes=2),
    "aoai_async, told, two strangers": Racer(partial(_ours, is_told=True), processes=2),
    "aoai_async, untold, two strangers": Racer(partial(_ours, is_told=False), processes=2),
    f"openai-python, max_retries={_MANY_RETRIES}": Racer(partial(_openai, max_retries=_MANY_RETRIES), ("openai",)),
    "openai-python, its defaults": Racer(partial(_openai, max_retries=2), ("openai",)),
    "aiometer + openai-python, told": Racer(_aiometer, ("openai", "aiometer")),
    f"litellm Router, num_retries={_MANY_RETRIES}": Racer(_litellm, ("litellm",)),
}
