"""The examples run, against the emulator, as a user would run them."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from aoai_async.emulator import AzureOpenAIEmulator, emulator_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"
RECORDING = EXAMPLES / "audio" / "summer.ogg"


@pytest.fixture
def emulator() -> Iterator[AzureOpenAIEmulator]:
    with emulator_in_thread() as emulator:
        yield emulator


def environment(emulator: AzureOpenAIEmulator) -> dict[str, str]:
    return {
        **os.environ,
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": emulator.api_key,
        "OPENAI_API_VERSION": "2024-10-21",
    }


def output_of(script: str, emulator: AzureOpenAIEmulator) -> str:
    command = [sys.executable, "-I", str(EXAMPLES / script), str(RECORDING)]
    done = subprocess.run(command, env=environment(emulator), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_the_import_changes() -> None:
    """The script for openai-python and the one for this package differ in one line, the import."""
    theirs = (EXAMPLES / "with_openai.py").read_text().splitlines()
    ours = (EXAMPLES / "with_aoai_async.py").read_text().splitlines()
    changed = [line for line in difflib.ndiff(theirs, ours) if line[0] in "+-"]
    assert [line[:7] for line in changed] == ["- from ", "+ from "]
    assert changed[0].replace("openai", "aoai_async", 1)[2:] == changed[1][2:]


def test_both_imports_give_the_same_output(emulator: AzureOpenAIEmulator) -> None:
    """The script prints the same with openai-python and with this package."""
    theirs = output_of("with_openai.py", emulator)
    assert theirs.count("\n") == 20
    assert output_of("with_aoai_async.py", emulator) == theirs


def test_the_test_of_your_code(emulator: AzureOpenAIEmulator) -> None:
    """The example of a test of one's own passes, with the fixture that comes with the package."""
    command = [sys.executable, "-Im", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "test_your_code.py")]
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


async def test_the_web_service_passes_a_recording_on(
    emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is posted to the web service arrives at the service byte for byte, and its name is judged first."""
    for name, value in environment(emulator).items():
        monkeypatch.setenv(name, value)
    recording = bytes(range(256)) * 4096
    async with TestServer(example("web_service").application()) as server, ClientSession() as session:
        async with session.post(server.make_url("/transcribe?name=talk.mp3"), data=recording) as answer:
            assert (await answer.json())["text"]
        async with session.post(server.make_url("/transcribe?name=talk.txt"), data=recording) as answer:
            assert answer.status == 400
            assert "talk.txt" in (await answer.json())["error"]
    (request,) = emulator.requests
    assert request.parts[0].size == len(recording)
    assert request.parts[0].filename == "talk.mp3"


def example(name: str) -> ModuleType:
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
