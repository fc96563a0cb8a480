"""The pytest plugin: the fixture `aoai_emulator`.

pytest loads it in every run of an environment that has this package, so it imports nothing until it is asked.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aoai_async.emulator.app import AzureOpenAIEmulator

__all__ = ["aoai_emulator"]


@pytest.fixture
def aoai_emulator() -> "Iterator[AzureOpenAIEmulator]":
    """An emulator of its own for each test, in a thread of its own, with scripted speech and plain pictures.

    It serves synchronous tests, and asynchronous ones under any plugin.
    """
    from aoai_async.emulator.in_thread import emulator_in_thread

    with emulator_in_thread() as emulator:
        yield emulator
