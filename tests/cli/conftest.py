from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.cli_tools import HeldRecognizer, Run, settings

from aoai_async.emulator import AzureOpenAIEmulator, emulator_in_thread


@pytest.fixture
def run(tmp_path: Path, aoai_emulator: AzureOpenAIEmulator) -> Run:
    """Runs the command in the test's folder, against `aoai_emulator`."""
    return Run(tmp_path, settings(aoai_emulator))


@pytest.fixture
def holding() -> HeldRecognizer:
    """Hears when the test lets it."""
    return HeldRecognizer()


@pytest.fixture
def held_emulator(holding: HeldRecognizer) -> Iterator[AzureOpenAIEmulator]:
    """An emulator that hears when the test lets it."""
    with emulator_in_thread(recognizer=holding) as emulator:
        try:
            yield emulator
        finally:
            holding.let(1000)


@pytest.fixture
def held_run(tmp_path: Path, held_emulator: AzureOpenAIEmulator) -> Run:
    """Runs the command in the test's folder, against `held_emulator`."""
    return Run(tmp_path, settings(held_emulator))
