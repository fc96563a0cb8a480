"""What a caller sees of a run's uploads, and how a run is brought to a gentle end."""

from contextlib import aclosing

import anyio
from batch.batch_tools import DATA, PATIENCE, named
from batch.conftest import MakeClient

from aoai_async import CreateTranscriptionRequest, ImageGenerationsRequest
from aoai_async.batch.jobs import Job
from aoai_async.batch.runner import BatchRunner
from aoai_async.emulator import AzureOpenAIEmulator, Fault


async def test_uploads_are_seen(make_client: MakeClient, emulator: AzureOpenAIEmulator) -> None:
    """Every piece of a recording is told with its job, the bytes so far and all bytes; a picture has none."""
    seen: list[tuple[str | None, int, int]] = []
    runner = BatchRunner(
        make_client(emulator.endpoint),
        on_upload=lambda job, sent, total: seen.append((job.id, sent, total)),
    )
    picture = Job(ImageGenerationsRequest(prompt="a corgi", model="dall-e-3"), id="picture")
    with anyio.fail_after(PATIENCE):
        outcomes = await runner.gather([named("talk"), picture])
    assert all(outcome.is_done for outcome in outcomes)
    assert {job_id for job_id, _, _ in seen} == {"talk"}
    assert seen[-1] == ("talk", len(DATA), len(DATA))


async def test_each_attempt_is_seen_from_its_beginning(
    make_client: MakeClient, emulator: AzureOpenAIEmulator, running: object
) -> None:
    """An upload that is sent again tells its bytes again."""
    ends: list[int] = []
    emulator.set_faults([Fault(status=503)])
    runner = BatchRunner(
        make_client(emulator.endpoint), on_upload=lambda _, sent, total: ends.append(sent) if sent == total else None
    )
    with anyio.fail_after(PATIENCE):
        await runner.gather([named("talk")])
    assert ends == [len(DATA), len(DATA)]


async def test_a_run_that_is_stopped(make_client: MakeClient, emulator: AzureOpenAIEmulator) -> None:
    """No more jobs are drawn, and those in flight have their outcomes; before a run there is nothing to stop."""
    runner = BatchRunner(make_client(emulator.endpoint), max_concurrency=1)
    runner.stop()
    drawn = []

    def jobs():  # type: ignore[no-untyped-def]
        for number in range(100):
            drawn.append(number)
            yield Job(CreateTranscriptionRequest(file=("talk.mp3", DATA)))

    outcomes = []
    with anyio.fail_after(PATIENCE):
        async with aclosing(runner.run(jobs())) as running:
            async for outcome in running:
                outcomes.append(outcome)
                runner.stop()
    assert all(outcome.is_done for outcome in outcomes)
    assert len(outcomes) == len(drawn) < 5
