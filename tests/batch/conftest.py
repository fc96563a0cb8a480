import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from batch.batch_tools import DATA, ManualClock

from aoai_async import AsyncAzureOpenAI, RetryPolicy
from aoai_async.emulator import AzureOpenAIEmulator

MakeClient = Callable[..., AsyncAzureOpenAI]


@pytest.fixture(autouse=True)
def bare_batch_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable the client looks at."""
    for name in list(os.environ):
        if name.startswith(("AZURE_OPENAI_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def running(clock: ManualClock) -> AsyncIterator[ManualClock]:
    """The clock, moving by itself whenever all that is left to do is to sleep."""
    mover = asyncio.create_task(clock.run())
    yield clock
    mover.cancel()


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[AzureOpenAIEmulator]:
    async with AzureOpenAIEmulator(clock=clock.unix) as emulator:
        yield emulator


@pytest.fixture
async def make_client(clock: ManualClock) -> AsyncIterator[MakeClient]:
    """Makes clients for an endpoint, on the manual clock and without jitter; they are closed after the test."""
    async with AsyncExitStack() as stack:

        def make(azure_endpoint: str, **options: Any) -> AsyncAzureOpenAI:
            defaults: dict[str, Any] = {
                "api_key": "emulator-key",
                "azure_deployment": "whisper",
                "clock": clock,
                "retry": RetryPolicy(jitter=lambda: 1.0),
            }
            client = AsyncAzureOpenAI(azure_endpoint=azure_endpoint, **{**defaults, **options})
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
def client(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> AsyncAzureOpenAI:
    return make_client(emulator.endpoint)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file of `DATA`, last changed a while ago."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(DATA)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path
