import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from client.client_tools import DATA, VirtualClock

from aoai_async import AsyncAzureOpenAI, RetryPolicy
from aoai_async.emulator import AzureOpenAIEmulator

MakeClient = Callable[..., AsyncAzureOpenAI]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable the client looks at."""
    for name in list(os.environ):
        if name.startswith(("AZURE_OPENAI_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def emulator(clock: VirtualClock) -> AsyncIterator[AzureOpenAIEmulator]:
    async with AzureOpenAIEmulator(clock=clock.unix) as emulator:
        yield emulator


@pytest.fixture
async def make_client(clock: VirtualClock) -> AsyncIterator[MakeClient]:
    """Makes clients for an endpoint, on the virtual clock and without jitter; they are closed after the test."""
    async with AsyncExitStack() as stack:

        def make(azure_endpoint: str | None = None, **options: Any) -> AsyncAzureOpenAI:
            defaults = {"api_key": "emulator-key", "clock": clock, "retry": RetryPolicy(jitter=lambda: 1.0)}
            others = ("azure_ad_token", "azure_ad_token_provider", "credential")
            if any(name in options for name in others):
                del defaults["api_key"]
            client = AsyncAzureOpenAI(azure_endpoint=azure_endpoint, **{**defaults, **options})
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
def client(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> AsyncAzureOpenAI:
    return make_client(emulator.endpoint, azure_deployment="whisper")


@pytest.fixture
def painter(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> AsyncAzureOpenAI:
    """A client for pictures."""
    return make_client(emulator.endpoint, azure_deployment="dall-e-3")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file of `DATA`, last changed a while ago."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(DATA)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 200,000 bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
