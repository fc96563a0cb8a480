"""What the tests on a cluster share."""

from __future__ import annotations

from aoai_async import ImageGenerationsRequest

__all__ = ["KEY", "KEY_VARIABLE", "pictures"]

KEY = "SENTINEL-KEY-OF-THE-CLUSTER"
KEY_VARIABLE = "KEY_OF_THE_CLUSTER"


def pictures(count: int) -> list[ImageGenerationsRequest]:
    return [ImageGenerationsRequest(prompt=f"picture {number}") for number in range(count)]
