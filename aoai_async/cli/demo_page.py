"""How the demonstration shows its results."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from aoai_async.cli.demo_jobs import Hearing, Picture

__all__ = ["show_hearings", "show_pictures", "show_summary"]


def show_hearings(console: Console, hearings: list[Hearing]) -> None:
    """Show what was heard beside what was said, and where the files lie."""
    table = Table(box=box.SIMPLE_HEAD, title="Speech", title_justify="left")
    for column in ("recording", "said", "heard"):
        table.add_column(column)
    table.add_column("word error", justify="right")
    for hearing in hearings:
        name = f"{hearing.sample.name}\n{hearing.seconds:.1f} s, {hearing.operation}"
        table.add_row(name, hearing.said, hearing.heard, f"{hearing.word_error:.0%}")
    console.print(table)
    for hearing in hearings:
        for path in hearing.saved:
            console.print(f"  {path}", highlight=False, soft_wrap=True)


def show_pictures(console: Console, pictures: list[Picture]) -> None:
    """Show which prompt became which file."""
    console.print("\n[italic]Pictures[/]")
    for picture in pictures:
        console.print(f"  {picture.saved}  ← {picture.prompt}", highlight=False, soft_wrap=True)
    console.print()


def show_summary(console: Console, out: Path, requests: int, seconds: float, failures: list[str]) -> None:
    """Show what it took, and what went wrong if anything did."""
    for failure in failures:
        console.print(f"[red]failed:[/] {failure}", highlight=False)
    console.print(
        f"{requests} requests in {seconds:.1f} s; peak memory {_peak_memory():.0f} MB with the emulator's server, "
        f"{_peak_memory(of_children=True):.0f} MB in its largest worker. Everything lies in {out.resolve()}",
        highlight=False,
        soft_wrap=True,
    )


def _peak_memory(*, of_children: bool = False) -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return usage.ru_maxrss / unit
