"""What runs in a worker process: `workers` starts it and sends it one call after the other."""

import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

__all__ = ["serve"]

Call = tuple[Callable[..., object], tuple[object, ...]]


def serve() -> None:
    """Do what standard input asks for, one call at a time, until it ends.

    Each call is a pickled function and its arguments; the pickled answer is what the function returned and
    None, or None and the exception it raised.
    """
    # Ctrl-C reaches every process of the terminal; this one ends when its owner closes standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with _private_stdout() as answers:
        for call in _calls():
            pickle.dump(_outcome(*call), answers)
            answers.flush()


def _private_stdout() -> BinaryIO:
    # What libraries print must not end up between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _calls() -> Iterator[Call]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(sys.stdin.buffer)  # noqa: S301  (the parent process writes it)


def _outcome(work: Callable[..., object], arguments: tuple[object, ...]) -> tuple[object, Exception | None]:
    try:
        return work(*arguments), None
    except Exception as error:  # noqa: BLE001  (whatever it is, the parent raises it)
        return None, error
