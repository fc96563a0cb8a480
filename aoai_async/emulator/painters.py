"""Painters that can stand behind the emulator's image operation."""

import anyio.to_thread
import attrs

from aoai_async.emulator.extras import demand_extra
from aoai_async.emulator.heard import PictureWanted
from aoai_async.emulator.mosaic import mosaic
from aoai_async.emulator.workers import Workers

__all__ = ["PillowPainter", "PlainPainter"]


@attrs.frozen
class PlainPainter:
    """Lays a mosaic whose colours depend on the prompt, style, quality and number. Fast; needs no extra."""

    async def paint(self, picture: PictureWanted) -> bytes:
        """Paint a PNG file of the size wanted."""
        return await anyio.to_thread.run_sync(mosaic, picture)

    async def aclose(self) -> None:
        """Do nothing: it holds nothing."""


@attrs.define(kw_only=True, eq=False)
class PillowPainter:
    """Paints a scene on which the prompt can be read, in a process of its own. Needs the extra `emulator`.

    The prompt decides the scene; `vivid` gives bright contrasts and `natural` muted neighbours, `hd` more and
    finer shapes. The letters are those of English: accents are left out, other scripts become empty boxes.
    A large picture takes a second of one core.

    Attributes:
        workers: How many pictures may be painted at once; further ones wait for their turn.
        deadline: Seconds for one picture, the wait for its turn included.

    Raises:
        ModuleNotFoundError: The extra is not installed.
    """

    workers: int = 1
    deadline: float = 120.0
    _processes: Workers = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        demand_extra("PIL")
        self._processes = Workers(self.workers, self.deadline)

    async def paint(self, picture: PictureWanted) -> bytes:
        """Paint a PNG file of the size wanted.

        A caller that is cancelled takes the worker process with it; the next call starts another.

        Raises:
            TimeoutError: The deadline has passed.
            anyio.BrokenWorkerProcess: The worker process has died.
        """
        return await self._processes.run(_draw, picture)

    async def aclose(self) -> None:
        """End the worker processes; to be awaited when nothing is being painted any more."""
        await self._processes.aclose()


def _draw(picture: PictureWanted) -> bytes:
    # Imported here, in the worker process: the server need not carry Pillow.
    from aoai_async.emulator.pictures import draw

    return draw(picture)
