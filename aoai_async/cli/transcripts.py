"""Recordings as jobs, and their answers as files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, evolve, field, frozen

from aoai_async.batch.jobs import Job, Outcome, content_id, path_of
from aoai_async.cli.formats import Writer, format_instead
from aoai_async.cli.outputs import Ledger
from aoai_async.cli.remedies import OutputError
from aoai_async.cli.settling import Settled
from aoai_async.schema.audio import AudioVerboseResponse, CreateTranscriptionRequest, CreateTranslationRequest
from aoai_async.transport.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Listening", "Transcript", "Transcripts"]

Listening: TypeAlias = "CreateTranscriptionRequest | CreateTranslationRequest"


@frozen
class Transcript:
    """A recording and the files it becomes, by their endings."""

    recording: Path
    outputs: Mapping[str, Path]


@define(eq=False)
class Transcripts:
    """The jobs of a batch; they are made when they are drawn, and asked as the deployment was found to answer.

    Attributes:
        transcripts: What there is to do.
        request: What is asked of each recording; its file is put in.
        formats: The formats asked for.
        writers: What writes them, by the endings of the files.
        ledger: Knows the files of earlier runs.
        is_overwriting: Whether files of others are replaced.
    """

    transcripts: Sequence[Transcript]
    request: Listening
    formats: Collection[str]
    writers: Mapping[str, Writer]
    ledger: Ledger
    is_overwriting: bool
    _by_file: dict[str, Transcript] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._by_file = {os.fspath(transcript.recording): transcript for transcript in self.transcripts}

    def __len__(self) -> int:
        return len(self.transcripts)

    def __iter__(self) -> Iterator[Job]:
        return (self._job(os.fspath(transcript.recording)) for transcript in self.transcripts)

    def set_aside(self) -> list[Outcome]:
        """Take out, before anything is paid for, the recordings whose outputs would replace files of others."""
        if self.is_overwriting:
            return []
        refused: list[Outcome] = []
        kept: list[Transcript] = []
        for index, transcript in enumerate(self.transcripts):
            if others := self._others(transcript):
                refused.append(self._refusal(index, transcript, others))
            else:
                kept.append(transcript)
        self.transcripts = kept
        return refused

    def _refusal(self, index: int, transcript: Transcript, others: list[Path]) -> Outcome:
        job = self._job(os.fspath(transcript.recording))
        return Outcome(id=str(job.id), index=index, request=job.request, error=_there_already(others))

    def _others(self, transcript: Transcript) -> list[Path]:
        places = transcript.outputs.values()
        return [p for p in places if os.path.lexists(p) and not self.ledger.is_known(p, transcript.recording)]

    async def settle(self, outcome: Outcome) -> Settled:
        """Write the files of an outcome that are not there; raises `OutputError`, `OSError` and `InvalidInputError`."""
        if outcome.error is not None:
            return self._asked_otherwise(outcome)
        transcript = self._by_file[path_of(outcome.request) or ""]
        written = await in_thread(self._write, transcript, outcome)
        return Settled(outputs=tuple(transcript.outputs.values()), written=written, facts=_facts(outcome.result))

    def _asked_otherwise(self, outcome: Outcome) -> Settled:
        instead = format_instead(outcome.error, self.formats)
        file = path_of(outcome.request)
        if instead is None or file is None or outcome.request.response_format == instead:
            return Settled()
        # So that the recordings still to come are sent but once.
        self.request = evolve(self.request, response_format=instead)
        return Settled(instead=self._job(file))

    def _job(self, file: str) -> Job:
        request = evolve(self.request, file=file)
        return Job(request, id=content_id(evolve(request, file=os.path.relpath(file, self.ledger.base))))

    def _write(self, transcript: Transcript, outcome: Outcome) -> list[Path]:
        contents = {
            place: self.writers[ending](outcome.result, transcript.recording, place).encode(errors="replace")
            for ending, place in transcript.outputs.items()
        }
        missing = {place: content for place, content in contents.items() if not self._is_there(place, content, outcome)}
        self._refuse_changed(missing, transcript.recording)
        for place, content in missing.items():
            self.ledger.write(place, content, transcript.recording)
        return list(missing)

    def _is_there(self, place: Path, content: bytes, outcome: Outcome) -> bool:
        # What was corrected by hand since it was written stays so.
        is_kept = outcome.is_from_journal and not self.is_overwriting and self.ledger.was_written(place, content)
        return is_kept or _holds(place, content)

    def _refuse_changed(self, places: Collection[Path], recording: Path) -> None:
        changed = [p for p in places if os.path.lexists(p) and not self.ledger.is_untouched(p, recording)]
        if changed and not self.is_overwriting:
            raise _there_already(changed)


def _there_already(places: Sequence[Path]) -> OutputError:
    return OutputError(
        f"{', '.join(map(str, places))} is there already, and not as this command made it of this recording; "
        "--overwrite replaces it, --output-dir writes elsewhere"
    )


def _holds(place: Path, content: bytes) -> bool:
    try:
        return place.read_bytes() == content
    except FileNotFoundError:
        return False


def _facts(result: Any) -> dict[str, Any]:
    if isinstance(result, AudioVerboseResponse):
        return {"language": result.language, "duration": result.duration}
    return {}
