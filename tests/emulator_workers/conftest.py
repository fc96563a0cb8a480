from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def audio() -> Path:
    """The folder of sample recordings."""
    return Path(__file__).parents[2] / "examples" / "audio"
