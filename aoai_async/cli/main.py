"""The command `aoai`: what it can do, which module does it, and what its exit status says."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

from aoai_async._version import __version__
from aoai_async.cli.parsers.audio import add_transcribe, add_translate
from aoai_async.cli.parsers.completion import add_completion
from aoai_async.cli.parsers.doctor import add_doctor
from aoai_async.cli.parsers.images import add_images
from aoai_async.cli.parsers.local import add_demo, add_serve
from aoai_async.errors import AzureOpenAIError, ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "parser"]

_FAILED, _WRONG_USE, _INTERRUPTED = 1, 2, 130
_EXTRAS = {"azure": "entra", "rich": "cli", "shtab": "cli", "distributed": "dask"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 all done, 1 some failed, 2 wrong use, 130 interrupted."""
    try:
        try:
            return _run(parser().parse_args(argv))
        finally:
            # Here, and not when Python ends, a reader who has left can still be met quietly.
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED


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
    "transcribe": ("write down what is said in recordings", add_transcribe, "transcribe"),
    "translate": ("write down in English what is said in recordings", add_translate, "transcribe"),
    "images": ("draw pictures of prompts", add_images, "images"),
    "demo": ("real speech and pictures on this machine, without an account", add_demo, "demo"),
    "serve": ("run the local emulator of the service", add_serve, "serve"),
    "doctor": ("check the configuration, the way to the service, the key and the deployment", add_doctor, "doctor"),
    "completion": ("print what makes a shell complete this command", add_completion, "completion"),
}


def _run(arguments: argparse.Namespace) -> int:
    try:
        # Imported when chosen, so that `--help` and `--version` answer at once.
        status: int = import_module(f"aoai_async.cli.{arguments.module}").run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, a person is told in a line, and -vv tells all
        return _told(_alone(error), arguments)
    return status


def _alone(error: Exception) -> Exception:
    """Return the one error of a group, as task groups wrap it, or the error itself."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error


def _told(error: Exception, arguments: argparse.Namespace) -> int:
    if isinstance(error, BrokenPipeError):
        raise error
    if getattr(arguments, "verbose", 0) > 1:
        traceback.print_exception(error)
    print(f"aoai: {_message(error, arguments.module)}", file=sys.stderr)
    return _WRONG_USE if isinstance(error, ConfigurationError | InvalidInputError) else _FAILED


def _message(error: Exception, module: str) -> str:
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("aoai_async"):
        return f"{error.name} is missing: pip install 'aoai-async[{_extra(error.name or '', module)}]'"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, AzureOpenAIError | OSError):
        return "\n".join([str(error), *getattr(error, "__notes__", [])])
    return f"a fault of this program: {type(error).__name__}: {error}; -vv tells where"


def _extra(missing: str, module: str) -> str:
    return "demo" if module == "demo" else _EXTRAS.get(missing.partition(".")[0], "emulator")


if __name__ == "__main__":
    sys.exit(main())
