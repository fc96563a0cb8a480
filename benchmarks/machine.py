"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
import ssl
from importlib.metadata import PackageNotFoundError, version

__all__ = ["machine"]

_PACKAGES = ("aoai-async", "openai", "aiohttp", "uvloop")


def machine() -> dict[str, str]:
    """Return names and versions."""
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "processors": str(os.cpu_count()),
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        **{name: found for name in _PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
