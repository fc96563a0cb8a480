"""The options of the commands that need no service: `demo` and `serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["add_demo", "add_serve"]


def add_demo(demo: ArgumentParser) -> None:
    """Add the options of ``aoai demo``."""
    demo.description = (
        "Starts the emulator, transcribes the sample recordings in all formats with real speech recognition, "
        "makes pictures, and shows what was heard beside what was said."
    )
    demo.add_argument("--out", type=Path, default=Path("aoai-demo"), help="the folder for the results (%(default)s)")
    demo.add_argument("--samples", type=Path, help="a folder of recordings, each with a .txt of what is said in it")


def add_serve(serve: ArgumentParser) -> None:
    """Add the options of ``aoai serve``."""
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
