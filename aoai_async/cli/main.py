"""The command `aoai`: what it can do, which module does it, and what its exit status says."""

from __future__ import annotations

import argparse
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

from aoai_async._version import __version__
from aoai_async.cli.parsers.audio import add_transcribe, add_translate
from aoai_async.cli.parsers.images import add_images
from aoai_async.cli.parsers.local import add_demo, add_serve
from aoai_async.errors import AzureOpenAIError, ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "parser"]

_FAILED, _WRONG_USE, _INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 all done, 1 some failed, 2 wrong use, 130 interrupted."""
    arguments = parser().parse_args(argv)
    try:
        # Imported when chosen, so that `--help` and `--version` answer at once.
        status: int = import_module(f"aoai_async.cli.{arguments.module}").run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (AzureOpenAIError, ImportError, OSError) as error:
        return _told(error, is_traceback_wanted=getattr(arguments, "verbose", 0) > 1)
    return status


def parser() -> argparse.ArgumentParser:
    """Return what reads the command's arguments; ``module`` of the result is the one of `cli` with ``run``."""
    aoai = argparse.ArgumentParser(
        prog="aoai", description="Azure OpenAI's audio and image operations from the command line."
    )
    aoai.add_argument("--version", action="version", version=f"aoai {__version__}")
    commands = aoai.add_subparsers(required=True, metavar="COMMAND")
    for name, (about, add_options, module) in _COMMANDS.items():
        command = commands.add_parser(name, help=about)
        command.set_defaults(module=module)
        add_options(command)
    return aoai


_COMMANDS = {
    "images": ("draw pictures of prompts", add_images, "images"),
    "transcribe": ("write down what is said in recordings", add_transcribe, "transcribe"),
    "translate": ("write down in English what is said in recordings", add_translate, "transcribe"),
    "demo": ("real speech and pictures on this machine, without an account", add_demo, "demo"),
    "serve": ("run the local emulator of the service", add_serve, "serve"),
}


def _told(error: AzureOpenAIError | ImportError | OSError, *, is_traceback_wanted: bool) -> int:
    if is_traceback_wanted:
        traceback.print_exception(error)
    if isinstance(error, ImportError):
        return _told_of_import(error)
    print(f"aoai: {error}", file=sys.stderr)
    return _WRONG_USE if isinstance(error, ConfigurationError | InvalidInputError) else _FAILED


def _told_of_import(error: ImportError) -> int:
    if not isinstance(error, ModuleNotFoundError) or (error.name or "").startswith("aoai_async"):
        raise error
    print(f"aoai: {error.name} is missing: pip install 'aoai-async[demo]'", file=sys.stderr)
    return _FAILED


if __name__ == "__main__":
    sys.exit(main())
