import contextlib
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import anyio
import pytest
from emulator_workers.worker_pipes import cancelled_while_reading, is_read

from aoai_async.emulator.workers import Workers

FIFOS = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers(count=1, deadline=60)
    yield workers
    await workers.aclose()


def _is_running(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


async def test_the_process_is_kept(workers: Workers) -> None:
    """Calls run in another process than the caller's, the same one each time."""
    processes = {await workers.run(os.getpid) for _ in range(3)}
    assert len(processes) == 1
    assert os.getpid() not in processes


async def test_arguments_results_and_errors_come_through(workers: Workers) -> None:
    """What the function returns is returned, what it raises is raised, and the process goes on."""
    assert await workers.run(divmod, 17, 5) == (3, 2)
    with pytest.raises(ZeroDivisionError):
        await workers.run(divmod, 17, 0)
    assert await workers.run(divmod, 17, 5) == (3, 2)


async def test_what_is_printed_does_not_disturb(workers: Workers) -> None:
    """A library that prints to standard output does not break the answers."""
    await workers.run(partial(print, "noise", flush=True))
    assert await workers.run(divmod, 17, 5) == (3, 2)


async def test_a_dead_process_is_replaced(workers: Workers) -> None:
    """A process that dies during a call is reported, and the next call starts another."""
    with pytest.raises(anyio.BrokenWorkerProcess):
        await workers.run(os._exit, 3)
    assert await workers.run(divmod, 17, 5) == (3, 2)


async def test_a_process_that_died_while_idle_is_replaced(workers: Workers) -> None:
    """A process that is gone when its next call comes is reported once, and not kept."""
    process = await workers.run(os.getpid)
    os.kill(process, signal.SIGTERM)
    with pytest.raises(anyio.BrokenWorkerProcess):
        await workers.run(os.getpid)
    assert await workers.run(os.getpid) != process


async def test_closing_ends_the_process(workers: Workers) -> None:
    """After closing, no process is left, not even as a zombie."""
    process = await workers.run(os.getpid)
    await workers.aclose()
    assert not _is_running(process)


async def test_no_more_at_once_than_allowed() -> None:
    """Two workers serve many calls at once with no more than two processes."""
    workers = Workers(count=2, deadline=60)
    seen = set[int]()

    async def call() -> None:
        seen.add(await workers.run(os.getpid))

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(call)
    await workers.aclose()
    assert 1 <= len(seen) <= 2


@FIFOS
async def test_cancelling_kills_the_process(workers: Workers, tmp_path: Path) -> None:
    """When the caller is cancelled in the middle of a call, its process dies; the next call works."""

    async def read(fifo: Path) -> bytes:
        return await workers.run(Path.read_bytes, fifo)

    process = await workers.run(os.getpid)
    pipe = await cancelled_while_reading(read, tmp_path / "fifo")
    assert not await is_read(pipe)
    assert not _is_running(process)
    assert await workers.run(os.getpid) != process


@FIFOS
async def test_the_deadline_kills_the_process(tmp_path: Path) -> None:
    """A call that does not end is ended by the deadline."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    workers = Workers(count=1, deadline=0.5)
    with pytest.raises(TimeoutError):
        await workers.run(Path.read_text, fifo)
    with pytest.raises(OSError, match="No such device"):  # nobody has it open for reading
        os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    await workers.aclose()


async def test_cancelling_during_the_start_leaves_nothing(workers: Workers) -> None:
    """A caller that is cancelled before its process is ready leaves neither process nor turn behind."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await workers.run(os.getpid)
    assert await workers.run(divmod, 17, 5) == (3, 2)
