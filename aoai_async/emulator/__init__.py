"""The service on a socket of this machine: for demonstrations, for our tests and for yours.

Importing this package imports nothing else; each name is fetched when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aoai_async.emulator.app import AzureOpenAIEmulator
    from aoai_async.emulator.faults import Fault
    from aoai_async.emulator.heard import (
        Heard,
        HeardSegment,
        HeardWord,
        Painter,
        PictureWanted,
        Recognizer,
        UndecodableAudio,
    )
    from aoai_async.emulator.in_thread import emulator_in_thread
    from aoai_async.emulator.journal import RecordedPart, RecordedRequest
    from aoai_async.emulator.painters import PillowPainter, PlainPainter
    from aoai_async.emulator.quota import Quota
    from aoai_async.emulator.recognizers import ScriptedRecognizer, SphinxRecognizer

__all__ = [
    "AzureOpenAIEmulator",
    "emulator_in_thread",
    "Fault",
    "Quota",
    "RecordedPart",
    "RecordedRequest",
    "Recognizer",
    "ScriptedRecognizer",
    "SphinxRecognizer",
    "Heard",
    "HeardSegment",
    "HeardWord",
    "UndecodableAudio",
    "Painter",
    "PillowPainter",
    "PlainPainter",
    "PictureWanted",
]

_MODULES = {
    "app": ["AzureOpenAIEmulator"],
    "faults": ["Fault"],
    "heard": ["Heard", "HeardSegment", "HeardWord", "Painter", "PictureWanted", "Recognizer", "UndecodableAudio"],
    "in_thread": ["emulator_in_thread"],
    "journal": ["RecordedPart", "RecordedRequest"],
    "painters": ["PillowPainter", "PlainPainter"],
    "quota": ["Quota"],
    "recognizers": ["ScriptedRecognizer", "SphinxRecognizer"],
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
