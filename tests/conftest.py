"""What all tests share: asyncio as the only backend, and a detector of blocking calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# A test never fails on timing.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_blocking_call() -> Iterator[None]:
    """Make any blocking call inside a running loop an error."""
    with blockbuster_ctx():
        yield
