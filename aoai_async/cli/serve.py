"""``aoai serve``: the emulator as a program."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from aoai_async.emulator import AzureOpenAIEmulator
from aoai_async.emulator.serve import serve

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; return 1 when the address cannot be listened on."""
    sphinx = arguments.recognizer == "sphinx"
    emulator = AzureOpenAIEmulator(
        host=arguments.host,
        port=arguments.port,
        api_key=arguments.api_key,
        rpm_audio=arguments.rpm_audio,
        rpm_images=arguments.rpm_images,
        recognizer=arguments.recognizer,
        painter="pillow" if sphinx else "plain",
    )
    try:
        asyncio.run(serve(emulator, ready=_announce))
    except OSError as error:
        print(f"aoai serve: cannot listen on {arguments.host}:{arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _announce(emulator: AzureOpenAIEmulator) -> None:
    print("The emulator listens. In another terminal:", flush=True)
    print(f"  export AZURE_OPENAI_ENDPOINT={emulator.endpoint}")
    print(f"  export AZURE_OPENAI_API_KEY={emulator.api_key}", flush=True)
