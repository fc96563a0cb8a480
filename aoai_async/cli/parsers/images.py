"""The options of the command that draws: `images`."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING

from aoai_async.cli.parsers.shared import add_connection, add_manner, add_pace, at_least_one

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["add_images", "size"]

_NOTES = """
In a text file each line is a prompt; blank lines and lines that begin with # are left out. A table has a column, or a
JSON object of a line a key, for each parameter: prompt, model, n, size, quality, style, user; and id, a name of yours.
Only prompt is needed; what a row leaves out is as the options say.

The output folder then holds the pictures, 0001-a-corgi-in-a-field.png, numbered as their prompts; manifest.jsonl, a
line a picture; index.html, a gallery; failures.jsonl, if there are any. Pictures of other prompts stay in all of them.

What is done is kept in a journal, .aoai/images.jsonl there: the same command again skips it and does what is left. A
prompt with other options is a new job. What failed is done again with --retry-failed. A picture whose file was removed
is fetched again, for nothing, while its address works, 24 hours; later --retry-failed draws and pays for another.
"""
_SIZE = re.compile(r"[1-9]\d*x[1-9]\d*|[a-z]+")


def add_images(parser: ArgumentParser) -> None:
    """Add the options of ``aoai images``."""
    parser.description = "Draws pictures of prompts."
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = _NOTES
    parser.add_argument(
        "prompts", nargs="+", metavar="PROMPTS", help="a prompt, a file (.txt, .csv, .jsonl), or - for standard input"
    )
    parser.add_argument("--retry-failed", action="store_true", help="do again what failed in an earlier run")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("aoai-images"),
        metavar="FOLDER",
        help="the folder for the pictures (%(default)s)",
    )
    _add_picture(parser)
    add_connection(parser)
    add_pace(parser)
    add_manner(parser)


def _add_picture(parser: ArgumentParser) -> None:
    picture = parser.add_argument_group("the picture")
    picture.add_argument("--size", type=size, metavar="SIZE", help="1024x1024, 1792x1024 or 1024x1792 for dall-e-3")
    picture.add_argument("--quality", metavar="NAME", help="standard or hd for dall-e-3")
    picture.add_argument("--style", metavar="NAME", help="vivid or natural for dall-e-3")
    picture.add_argument("-n", type=at_least_one, metavar="N", help="pictures of each prompt; dall-e-3 draws one")
    picture.add_argument("--user", metavar="NAME", help="an identifier of the end user, which helps against abuse")


def size(text: str) -> str:
    """Return a picture's size as it was given; argparse tells what is none."""
    if not _SIZE.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no size; give one like 1024x1024")
    return text
