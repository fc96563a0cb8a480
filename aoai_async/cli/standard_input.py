"""A recording from standard input, its transcript to standard output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Any

from attrs import evolve

from aoai_async.cli.connect import connected
from aoai_async.cli.display_lines import printable, put
from aoai_async.cli.formats import format_instead, writers_for
from aoai_async.cli.remedies import remedy_for
from aoai_async.cli.settling import error_facts
from aoai_async.errors import AzureOpenAIError, ConfigurationError, InvalidInputError
from aoai_async.schema.files import AudioFile
from aoai_async.wire.filenames import sniffed_name
from aoai_async.wire.limits import Limits

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection

    from aoai_async.batch import DeploymentPool
    from aoai_async.cli.transcripts import Listening
    from aoai_async.client import AsyncAzureOpenAI

__all__ = ["listen"]

_FAILED = 1
_PIECE = 256 * 1024
_LONGEST_DEAFNESS = 0.2


def listen(arguments: Namespace, request: Listening) -> int:
    """Send what standard input gives, print what was heard, and return the exit status; nothing is kept.

    Raises:
        ConfigurationError: Standard input is a terminal, or the options are those of files.
        OSError: Standard input cannot be read, or there is no place for it.
    """
    _check(arguments)
    client = connected(arguments)
    # It is written down before the loop runs, so that Ctrl-C ends the wait for it at once.
    with tempfile.NamedTemporaryFile(prefix="aoai-") as copy:
        try:
            _copy_to(copy.file)
            request = evolve(request, file=_named(arguments.stdin_name, Path(copy.name)))
            text = asyncio.run(_heard(client, request, arguments.formats))
        except AzureOpenAIError as error:
            return _told(error, is_json=arguments.json)
    facts = {"input": "-", "status": "done", "result": text}
    put(sys.stdout, (json.dumps(facts) + "\n" if arguments.json else text).encode())
    return 0


def _check(arguments: Namespace) -> None:
    if len(arguments.formats) != 1 or arguments.page or arguments.output_dir:
        raise ConfigurationError("What standard input says is printed in one format, to no folder and no page")
    if sys.stdin.isatty():
        raise ConfigurationError("Standard input is a terminal: aoai … - < talk.mp3")


def _copy_to(copy: Any) -> None:
    limit, size = Limits().upload, 0
    while piece := _piece():
        size += len(piece)
        if size > limit:
            raise InvalidInputError(f"It is too large: the service takes {limit:,} bytes; compress or split it")
        copy.write(piece)
    copy.flush()


def _piece() -> bytes:
    # A Ctrl-C that comes just before a read that waits would not end it; one within a `select` ends in time.
    while not select([sys.stdin], [], [], _LONGEST_DEAFNESS)[0]:
        pass
    # Not from the buffer, which looks for Ctrl-C only when it has all that was asked for.
    return os.read(sys.stdin.fileno(), _PIECE)


def _named(name: str | None, copy: Path) -> AudioFile:
    with copy.open("rb") as file:
        return AudioFile(copy, filename=name or sniffed_name(file.read(12)))


async def _heard(client: AsyncAzureOpenAI | DeploymentPool, request: Listening, formats: Collection[str]) -> str:
    async with client:
        try:
            answer = await client.send(request)
        except AzureOpenAIError as error:
            instead = format_instead(error, formats)
            if instead in (None, request.response_format):
                raise
            answer = await client.send(evolve(request, response_format=instead))
    (write,) = writers_for(formats, is_page_wanted=False).values()
    return write(answer, Path("-"), Path("-"))


def _told(error: AzureOpenAIError, *, is_json: bool) -> int:
    if is_json:
        print(json.dumps({"input": "-", "status": "failed", "error": error_facts(error)}))
    print(printable(f"aoai: standard input failed: {error}"), file=sys.stderr)
    print(f"  To do: {remedy_for(error)}.", file=sys.stderr)
    return _FAILED
