import json
from pathlib import Path
from typing import Any

import pytest


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


@pytest.fixture
def examples(service_folder: Path) -> dict[str, Any]:
    """The official examples by their names."""
    return {file.stem: json.loads(file.read_bytes()) for file in (service_folder / "examples").glob("*.json")}
