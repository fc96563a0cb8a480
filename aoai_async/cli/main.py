"""The command `aoai`: what it can do, and which module does it."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from aoai_async._version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        # Imported when chosen, so that `--help` and `--version` answer at once.
        status: int = import_module(f"aoai_async.cli.{arguments.command}").run(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("aoai_async"):
            raise
        print(f"aoai: {error.name} is missing: pip install 'aoai-async[demo]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aoai", description="Azure OpenAI's audio and image operations from the command line."
    )
    parser.add_argument("--version", action="version", version=f"aoai {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="real speech and pictures on this machine, without an account"))
    _add_serve(commands.add_parser("serve", help="run the local emulator of the service"))
    return parser


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.description = (
        "Starts the emulator, transcribes the sample recordings in all formats with real speech recognition, "
        "makes pictures, and shows what was heard beside what was said."
    )
    demo.add_argument("--out", type=Path, default=Path("aoai-demo"), help="the folder for the results (%(default)s)")
    demo.add_argument("--samples", type=Path, help="a folder of recordings, each with a .txt of what is said in it")


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.description = "Runs the emulator until Ctrl-C. It is for tests and demonstrations; it is not the service."
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    serve.add_argument("--port", type=int, default=8100, help="the port; 0 for any free one (%(default)s)")
    serve.add_argument("--api-key", default="emulator-key", help="the key that is accepted (%(default)s)")
    serve.add_argument("--rpm-audio", type=int, metavar="N", help="audio requests a minute for each deployment")
    serve.add_argument("--rpm-images", type=int, metavar="N", help="image requests a minute for each deployment")
    serve.add_argument(
        "--recognizer",
        choices=["sphinx", "scripted"],
        default="sphinx",
        help="real, rough, English recognition, or the same text for every recording (%(default)s)",
    )


if __name__ == "__main__":
    sys.exit(main())
