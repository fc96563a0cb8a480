"""The pictures of a batch."""

import asyncio
from pathlib import Path

from batch.conftest import MakeClient
from client.client_tools import PNG, answer, raw_server

from aoai_async import ImageGenerationsRequest
from aoai_async.batch import BatchRunner
from aoai_async.emulator import AzureOpenAIEmulator, Fault


async def test_a_picture_is_fetched_with_the_retries_of_the_client(
    make_client: MakeClient, running: object, emulator: AzureOpenAIEmulator, tmp_path: Path
) -> None:
    """That the batch repeats requests itself does not take the client's retries from the fetches."""
    left = [answer("503 Busy", b""), answer(body=PNG)]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0))
        writer.close()

    async with raw_server(serve) as url:
        emulator.set_faults([Fault(body={"created": 1, "data": [{"url": f"{url}/x.png"}]})])
        runner = BatchRunner(make_client(emulator.endpoint, max_retries=2))
        (outcome,) = await runner.gather([ImageGenerationsRequest(prompt="a corgi", model="dall-e-3")])
        assert await outcome.unwrap().data[0].save(tmp_path / "a") == tmp_path / "a.png"
    assert left == []
