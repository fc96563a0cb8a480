"""Transcribe a folder of recordings overnight; killed at any moment, it goes on where it stopped.

python examples/bulk_transcribe.py recordings
"""

import asyncio
import sys
from pathlib import Path

from aoai_async import AsyncAzureOpenAI, CreateTranscriptionRequest
from aoai_async.batch import BatchRunner, Progress


def show(progress: Progress) -> None:
    left = "?" if progress.seconds_left is None else f"{progress.seconds_left:.0f}"
    print(f"{progress.finished} of {progress.total}, {progress.failed} failed, {left} s to go")


async def main(folder: Path) -> None:
    recordings = sorted(path for path in folder.iterdir() if path.suffix in (".flac", ".m4a", ".mp3", ".ogg"))
    jobs = [CreateTranscriptionRequest(file=path, response_format="srt") for path in recordings]
    async with AsyncAzureOpenAI(azure_deployment="whisper") as client:
        runner = BatchRunner(client, journal=folder / "journal.jsonl", retry_failed=True, on_progress=show)
        async for outcome in runner.run(jobs):
            recording = outcome.request.file
            if outcome.error is None:
                recording.with_name(f"{recording.name}.srt").write_text(outcome.result)
            else:
                print(f"{recording}: {outcome.error}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
