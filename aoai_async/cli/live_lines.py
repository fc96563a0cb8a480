"""The lines that are redrawn on a terminal: the overall one, and one for each upload in flight. Needs rich."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aoai_async.cli.display_lines import Upload, overall, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aoai_async.batch.progress import Progress

__all__ = ["live_lines"]

_BAR_WIDTH = 24
_NAME_WIDTH = 40


def live_lines(progress: Progress, uploads: Mapping[int, Upload], console: Console) -> Live:
    """Return what redraws lines that tell of a batch and its uploads, once it is started, in a thread of its own.

    It looks at both without a lock, so that whoever changes them never waits for the terminal; rich's own `Progress`
    writes to it whenever there is one more upload. To start it, to stop it and to print above it are for threads.
    """
    return Live(
        console=console,
        refresh_per_second=10,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        # Rich leaves out what the terminal has no lines for, but would lay out all before.
        get_renderable=lambda: _board(progress, list(uploads.values())[: console.height]),
    )


def _board(progress: Progress, uploads: Iterable[Upload]) -> Group:
    first, others = Table.grid(padding=(0, 1)), Table.grid(padding=(0, 1))
    first.add_row(
        ProgressBar(progress.total, progress.finished, width=_BAR_WIDTH),
        Text(overall(progress, time.monotonic()), no_wrap=True, overflow="ellipsis"),
    )
    for upload in uploads:
        bar = ProgressBar(upload.total, upload.sent, width=_BAR_WIDTH // 2)
        size = Text(f"{decimal(upload.sent)} of {decimal(upload.total)}")
        others.add_row(" ", Text(_shortened(printable(upload.label))), bar, size)
    return Group(first, others)


def _shortened(name: str) -> str:
    # What tells names apart is mostly at their end.
    return name if len(name) <= _NAME_WIDTH else f"…{name[1 - _NAME_WIDTH :]}"
