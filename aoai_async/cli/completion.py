"""``aoai completion``: what makes a shell complete the command, made from what the command understands."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING

import shtab

from aoai_async.cli.main import parser

if TYPE_CHECKING:
    from argparse import Action, Namespace
    from collections.abc import Iterator

__all__ = ["run"]

_PLACES = {"FILE", "FOLDER", "PATH", "PROMPTS"}


def run(arguments: Namespace) -> int:
    """Print the script for a shell; return 0."""
    aoai = parser()
    for action in _actions(aoai):
        if _is_place(action):
            # This is where shtab looks for what an argument is completed with.
            setattr(action, "complete", shtab.FILE)  # noqa: B010 - argparse knows no such attribute
    print(shtab.complete(aoai, arguments.shell))
    return 0


def _actions(parser: ArgumentParser) -> Iterator[Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse shows its arguments nowhere else
        yield action
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def _is_place(action: Action) -> bool:
    return action.type is Path or action.metavar in _PLACES
