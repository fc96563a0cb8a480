"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["write_whole"]


def write_whole(place: Path, content: bytes, announce: Callable[[os.stat_result], object] | None = None) -> None:
    """Write a file by way of a temporary name; raises `OSError`.

    Args:
        place: Where; an existing file is replaced.
        content: All of it.
        announce: Called with what is known of the file just before it gets its name.
    """
    # Short, as a name may be as long as the disk allows; and the same each time, so that a killed run's is replaced.
    temporary = place.with_name(f".{zlib.crc32(os.fsencode(place.name)):08x}.part")
    try:
        temporary.write_bytes(content)
        if announce is not None:
            announce(temporary.stat())
        os.replace(temporary, place)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
