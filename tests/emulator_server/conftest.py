import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller
from emulator_server.emulator_script import HEARD

from aoai_async.emulator import AzureOpenAIEmulator, ScriptedRecognizer


@pytest.fixture
async def emulator() -> AsyncIterator[AzureOpenAIEmulator]:
    async with AzureOpenAIEmulator(recognizer=ScriptedRecognizer(HEARD)) as emulator:
        yield emulator


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


@pytest.fixture
def caller(emulator: AzureOpenAIEmulator, session: aiohttp.ClientSession) -> Caller:
    return Caller(emulator, session)


@pytest.fixture(scope="session")
def service_folder() -> Path:
    """The folder with the service's contract and recordings beside the checkout; skips the test without it."""
    folder = Path(__file__).parents[2].parent / "shared" / "service"
    if not folder.is_dir():
        pytest.skip("the service's contract and recordings are not beside this checkout")
    return folder


@pytest.fixture
def recordings(service_folder: Path) -> dict[str, Any]:
    """The recorded answers by their names."""
    return {file.stem: json.loads(file.read_bytes()) for file in (service_folder / "recordings").glob("*.json")}
