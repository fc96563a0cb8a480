"""``aoai transcribe`` and ``aoai translate``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from aoai_async.batch.jobs import Outcome, path_of
from aoai_async.cli.batches import run_batch
from aoai_async.cli.connect import asked_model
from aoai_async.cli.display_lines import printable
from aoai_async.cli.formats import asked_format, writers_for
from aoai_async.cli.naming import outputs_of
from aoai_async.cli.outputs import Ledger
from aoai_async.cli.recordings import Found, recordings_in
from aoai_async.cli.transcripts import Listening, Transcript, Transcripts
from aoai_async.errors import ConfigurationError, InvalidInputError
from aoai_async.schema.audio import CreateTranscriptionRequest, CreateTranslationRequest

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Transcribe or translate what the paths mean, and return the exit status.

    Raises:
        ConfigurationError: The options contradict each other, or a path means nothing.
        JournalError: The journal is in use, or cannot be read or written.
        OSError: The journal's folder, the ledger or the failures cannot be read or written.
    """
    _check(arguments)
    if arguments.paths == ["-"]:
        from aoai_async.cli.standard_input import listen

        return listen(arguments, _request(arguments))
    found = recordings_in(arguments.paths, is_recursive=arguments.recursive)
    for folder in found.empty:
        print(f"aoai: no recordings in {printable(str(folder))}", file=sys.stderr)
    return _transcribe(arguments, found) if found.recordings or found.closed else 0


def _check(arguments: Namespace) -> None:
    if "-" in arguments.paths and len(arguments.paths) > 1:
        raise ConfigurationError("- is standard input and stands alone; a file of that name is ./-")
    if arguments.word_times and not ("verbose_json" in arguments.formats or arguments.page):
        raise ConfigurationError("--word-times adds to verbose_json: ask for it with --format verbose_json")


def _transcribe(arguments: Namespace, found: Found) -> int:
    base = arguments.output_dir or Path()
    journal = arguments.journal or base / ".aoai" / f"{arguments.operation}.jsonl"
    batch = _batch(arguments, found, Ledger.opened(journal.with_name(f"{journal.stem}.outputs.jsonl"), base))
    refused = [*batch.set_aside(), *_closed(found, batch.request)]
    running = run_batch(
        arguments,
        batch,
        journal=journal,
        failures=base / "failures.jsonl",
        settle=batch.settle,
        label=lambda request: path_of(request) or "",
        refused=refused,
    )
    return asyncio.run(running)


def _batch(arguments: Namespace, found: Found, ledger: Ledger) -> Transcripts:
    writers = writers_for(arguments.formats, is_page_wanted=arguments.page)
    outputs = outputs_of(found.recordings, list(writers), arguments.output_dir)
    return Transcripts(
        [Transcript(recording.path, places) for recording, places in zip(found.recordings, outputs, strict=True)],
        _request(arguments),
        {*arguments.formats, *(["page"] if arguments.page else [])},
        writers,
        ledger,
        arguments.overwrite,
    )


def _closed(found: Found, request: Listening) -> list[Outcome]:
    return [
        Outcome(
            id=str(error.filename),
            index=-1,
            request=evolve(request, file=error.filename),
            error=InvalidInputError(f"The folder cannot be looked into: {error.strerror}", field="file"),
        )
        for error in found.closed
    ]


def _request(arguments: Namespace) -> Listening:
    asked = asked_format({*arguments.formats, *(["page"] if arguments.page else [])})
    if arguments.operation == "translate":
        return CreateTranslationRequest(
            file=None,
            model=asked_model(arguments),
            prompt=arguments.prompt,
            temperature=arguments.temperature,
            response_format=asked,
        )
    return CreateTranscriptionRequest(
        file=None,
        model=asked_model(arguments),
        prompt=arguments.prompt,
        temperature=arguments.temperature,
        response_format=asked,
        language=arguments.language,
        timestamp_granularities=["word", "segment"] if arguments.word_times else None,
    )
