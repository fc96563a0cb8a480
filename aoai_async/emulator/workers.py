"""Worker processes for what would hold up the event loop: recognising speech and drawing.

`anyio.to_process` leaves a process behind when its caller is cancelled while the process starts, and keeps the
others until the event loop ends; `multiprocessing` runs the main script again. Hence these.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Self, TypeVar, TypeVarTuple, cast

import anyio
import anyio.to_thread
import attrs

__all__ = ["Workers"]

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")
Outcome = tuple[object, Exception | None]

_SERVE = "from aoai_async.emulator.worker import serve; serve()"


@attrs.define(eq=False)
class Workers:
    """Processes that do one call each at a time and are kept for the next one.

    Attributes:
        count: How many calls may run at once; further ones wait for their turn.
        deadline: Seconds for one call, the wait for its turn and the start of a process included.
    """

    count: int
    deadline: float
    _turns: anyio.CapacityLimiter = attrs.field(init=False)
    _idle: list["_Process"] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self._turns = anyio.CapacityLimiter(self.count)

    async def run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Call an importable function with picklable arguments in a process.

        A caller that is cancelled takes the process with it.

        Raises:
            TimeoutError: The deadline has passed; the process is killed.
            anyio.BrokenWorkerProcess: The process ended before it answered.
            Exception: Whatever the function raised.
        """
        with anyio.fail_after(self.deadline):
            async with self._turns:
                result, error = await self._outcome(work, arguments)
        if error is not None:
            raise error
        return cast("Result", result)

    async def aclose(self) -> None:
        """End the processes; to be awaited when no call is running any more."""
        while self._idle:
            await _end(self._idle.pop())

    async def _outcome(self, work: Callable[..., object], arguments: tuple[object, ...]) -> Outcome:
        process = self._idle.pop() if self._idle else await anyio.to_thread.run_sync(_Process.start)
        try:
            outcome = await anyio.to_thread.run_sync(process.do, work, arguments, abandon_on_cancel=True)
        except BaseException:
            await _end(process)
            raise
        self._idle.append(process)
        return outcome


async def _end(process: "_Process") -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(process.end)


@attrs.define(eq=False)
class _Process:
    """One process, seen from its owner. The methods block."""

    _popen: "subprocess.Popen[bytes]"
    _in_use: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    @classmethod
    def start(cls) -> Self:
        return cls(
            subprocess.Popen(  # noqa: S603  (nothing in the command comes from outside)
                [sys.executable, "-c", _SERVE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        )

    def do(self, work: Callable[..., object], arguments: tuple[object, ...]) -> Outcome:
        calls = cast("IO[bytes]", self._popen.stdin)
        answers = cast("IO[bytes]", self._popen.stdout)
        with self._in_use:
            try:
                pickle.dump((work, arguments), calls)
                calls.flush()
                return cast("Outcome", pickle.load(answers))  # noqa: S301  (our own process writes it)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                raise anyio.BrokenWorkerProcess("the worker process has ended") from error

    def end(self) -> None:
        self._popen.kill()
        # Killing it frees the lock: whoever still waits for an answer meets the end of the pipe.
        with self._in_use, contextlib.suppress(BrokenPipeError), self._popen:
            pass
