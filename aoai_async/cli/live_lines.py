"""The lines that are redrawn on a terminal: the overall one, and one for each upload in flight. Needs rich."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import define, field, frozen
from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aoai_async.batch.progress import Progress
from aoai_async.cli.display_lines import overall, printable

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["LiveLines"]

_REFRESHES_A_SECOND = 10
_BAR_WIDTH = 24
_NAME_WIDTH = 40


@frozen
class _Upload:
    label: str
    sent: int
    total: int

    def row(self) -> tuple[Text, ProgressBar, Text]:
        name = printable(self.label)
        # What tells names apart is mostly at their end.
        shown = name if len(name) <= _NAME_WIDTH else f"…{name[1 - _NAME_WIDTH :]}"
        size = (
            f"{decimal(self.sent)} of {decimal(self.total)}" if self.sent < self.total else f"{decimal(self.sent)} sent"
        )
        return Text(shown), ProgressBar(self.total, self.sent, width=_BAR_WIDTH // 2), Text(size)


@define(eq=False)
class LiveLines:
    """Lines that rich redraws in a thread of its own.

    `uploading` and `settled` take no lock, so that the loop never waits for the terminal. That is why rich's own
    `Progress` is not used: adding a task to it writes to the terminal. The other methods wait, and are for threads.

    Attributes:
        progress: What the overall line tells.
        console: The terminal.
    """

    progress: Progress
    console: Console = field(factory=lambda: Console(stderr=True))
    _uploads: dict[int, _Upload] = field(factory=dict, init=False)
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._live = Live(
            console=self.console,
            refresh_per_second=_REFRESHES_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self._board,
        )

    def start(self) -> None:
        """Show the lines; raises `OSError`."""
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Take the lines away; raises `OSError`."""
        # Rich draws all lines a last time, also those for which the terminal has no room.
        self._uploads.clear()
        self._live.stop()

    def put(self, lines: Iterable[str]) -> None:
        """Write lines above those that are redrawn; raises `OSError`."""
        # The terminal breaks long ones, so that they are whole where they are copied.
        self.console.print(Text("\n".join(printable(line) for line in lines)), soft_wrap=True)

    def uploading(self, request: int, label: str, sent: int, total: int) -> None:
        """Note how far the upload of a request is."""
        self._uploads[request] = _Upload(label, sent, total)

    def settled(self, request: int) -> None:
        """Note that a request is no longer in flight."""
        self._uploads.pop(request, None)

    def _board(self) -> Group:
        bar = ProgressBar(self.progress.total, self.progress.finished, width=_BAR_WIDTH)
        first = Table.grid(padding=(0, 1))
        first.add_row(bar, Text(overall(self.progress, time.monotonic()), no_wrap=True, overflow="ellipsis"))
        uploads = Table.grid(padding=(0, 1))
        # Rich says when there are more than the terminal has lines, but it would lay out all of them before.
        for upload in list(self._uploads.values())[: self.console.height]:
            uploads.add_row(" ", *upload.row())
        return Group(first, uploads)
