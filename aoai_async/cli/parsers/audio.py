"""The options of the commands that listen: `transcribe` and `translate`."""

from __future__ import annotations

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING

from aoai_async.cli.parsers.shared import add_connection, add_manner, add_pace

if TYPE_CHECKING:
    from argparse import ArgumentParser, _ArgumentGroup

__all__ = ["FORMATS", "add_transcribe", "add_translate"]

FORMATS = ("text", "srt", "vtt", "tsv", "json", "verbose_json")

_ALIASES = {"txt": "text"}
_NOTES = """
talk.mp3 becomes talk.txt, talk.srt and so on, beside it or in the output folder, where the tree of a folder is kept;
talk.wav and talk.mp3 in one folder become talk.wav.txt and talk.mp3.txt. When json is asked for as well, verbose_json
is written to talk.verbose.json. A file that this command did not make of the same recording is not overwritten without
--overwrite.

One request a recording is paid for, verbose_json, whatever formats are asked for; text alone is asked for as text. A
deployment that refuses verbose_json is asked for json, which is enough for text and json.

What is done is kept in a journal, .aoai/{command}.jsonl in the output folder or the current one, with its answers: the
same command again skips it, writes what is missing, and does what is left. A recording that changed, or other options,
is a new job. What failed is told in failures.jsonl there, and done again with --retry-failed.
"""


def add_transcribe(parser: ArgumentParser) -> None:
    """Add the options of ``aoai transcribe``."""
    parser.description = "Writes down what is said in recordings."
    _add_common(parser, "transcribe")
    speech = parser.add_argument_group("speech")
    speech.add_argument("--language", metavar="CODE", help="the language spoken, such as de; recognised when left out")
    _add_guidance(speech)
    speech.add_argument(
        "--word-times", "--word_times", action="store_true", help="add each word's times to verbose_json"
    )


def add_translate(parser: ArgumentParser) -> None:
    """Add the options of ``aoai translate``."""
    parser.description = "Writes down in English what is said in recordings of any language."
    _add_common(parser, "translate")
    _add_guidance(parser.add_argument_group("speech"))
    parser.set_defaults(language=None, word_times=False)


def _add_common(parser: ArgumentParser, command: str) -> None:
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = _NOTES.format(command=command)
    parser.set_defaults(operation=command)
    _add_recordings(parser)
    _add_outputs(parser)
    add_connection(parser)
    add_pace(parser)
    add_manner(parser)


def _add_recordings(parser: ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a recording, a folder of them, a glob, or - for standard input"
    )
    parser.add_argument("--recursive", action="store_true", help="look into the folders of a folder, too")
    parser.add_argument("--stdin-name", metavar="NAME", help="what standard input is called, such as talk.mp3")
    parser.add_argument("--retry-failed", action="store_true", help="do again what failed in an earlier run")


def _add_outputs(parser: ArgumentParser) -> None:
    outputs = parser.add_argument_group("outputs")
    outputs.add_argument(
        "-f",
        "--format",
        "--output_format",
        dest="formats",
        type=_formats,
        default=("text",),
        metavar="FORMATS",
        help=f"{', '.join(FORMATS)}, several of them with commas between, or all (text)",
    )
    outputs.add_argument("--page", action="store_true", help="leave a page with player and transcript")
    outputs.add_argument(
        "-o", "--output-dir", "--output_dir", type=Path, metavar="FOLDER", help="where to write; beside each recording"
    )
    outputs.add_argument("--overwrite", action="store_true", help="replace files that this command did not make")
    outputs.add_argument("--journal", type=Path, metavar="FILE", help="another place for the journal")


def _add_guidance(speech: _ArgumentGroup) -> None:
    speech.add_argument(
        "--prompt", "--initial_prompt", metavar="TEXT", help="a text whose style and spelling is followed"
    )
    speech.add_argument("--temperature", type=float, metavar="N", help="from 0, always the same, to 1, free")


def _formats(text: str) -> tuple[str, ...]:
    names = [_ALIASES.get(name, name) for name in text.replace(",", " ").split()]
    if wrong := [name for name in names if name not in (*FORMATS, "all")]:
        raise ArgumentTypeError(f"there is no format {wrong[0]!r}; there are {', '.join(FORMATS)} and all")
    if not names:
        raise ArgumentTypeError("no format is named")
    return FORMATS if "all" in names else tuple(name for name in FORMATS if name in names)
