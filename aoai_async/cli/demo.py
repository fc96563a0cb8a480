"""``aoai demo``: the whole way from speech to text and from prompts to pictures, on this machine."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from rich.console import Console

from aoai_async.cli.demo_jobs import Hearing, Picture, draw_all, hear_all, samples_in
from aoai_async.cli.demo_page import show_hearings, show_pictures, show_summary
from aoai_async.client import AsyncAzureOpenAI
from aoai_async.emulator import AzureOpenAIEmulator, SphinxRecognizer
from aoai_async.errors import AzureOpenAIError

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

__all__ = ["run"]

_RECOGNIZERS = 2


def run(arguments: Namespace) -> int:
    """Run the demonstration; return 0 only if everything it shows really happened."""
    console = Console()
    try:
        return asyncio.run(_demonstrate(console, arguments.out, samples_in(arguments.samples)))
    except (AzureOpenAIError, OSError) as error:
        console.print(f"[red]The demonstration failed:[/] {error}", highlight=False)
        return 1


async def _demonstrate(console: Console, out: Path, samples: list[Path]) -> int:
    begun = time.perf_counter()
    async with (
        aclosing(SphinxRecognizer(workers=_RECOGNIZERS)) as recognizer,
        AzureOpenAIEmulator(recognizer=recognizer, painter="pillow") as emulator,
        AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, api_key=emulator.api_key) as client,
    ):
        console.print(f"The emulator listens on {emulator.endpoint}; {len(samples)} recordings are on their way.\n")
        hearings = await hear_all(client, samples, out / "transcripts")
        show_hearings(console, hearings)
        pictures = await draw_all(client, out / "pictures")
        show_pictures(console, pictures)
        answered = [request.status for request in emulator.requests]
    failures = _failures(hearings, pictures, answered)
    show_summary(console, out, len(answered), time.perf_counter() - begun, failures)
    return 1 if failures else 0


def _failures(hearings: list[Hearing], pictures: list[Picture], answered: list[int | None]) -> list[str]:
    return [
        *(f"{hearing.sample.name}: {failure}" for hearing in hearings for failure in hearing.failures()),
        *(f"{picture.prompt!r}: {failure}" for picture in pictures for failure in picture.failures()),
        *(f"a request was answered with {status}" for status in answered if status != 200),
    ]
