import asyncio
import threading

import anyio
import pytest
from client.client_tools import DATA, answer, arrived_whole, raw_server, read_request
from client.conftest import MakeClient

from aoai_async import APIConnectionError, AsyncAzureOpenAI, AzureOpenAIError
from aoai_async.emulator import AzureOpenAIEmulator, Fault, emulator_in_thread

FILE = ("talk.mp3", DATA)


async def ask(client: AsyncAzureOpenAI) -> str:
    return (await client.audio.transcriptions.create(model="whisper", file=FILE)).text


async def test_connections_are_kept(make_client: MakeClient) -> None:
    """Calls one after the other, also of copies and after errors, go over one connection."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        for status in ("200 OK", "429 Slow down", "200 OK", "200 OK"):
            await read_request(reader)
            writer.write(answer(status).replace(b"Connection: close\r\n", b""))
        await reader.read()

    async with raw_server(serve) as endpoint:
        client = make_client(endpoint)
        assert await ask(client) == "good"
        assert await ask(client) == "good"
        assert await ask(client.with_options(max_retries=0)) == "good"
        assert count == 1
        await client.close()


async def test_a_kept_connection_that_died(make_client: MakeClient) -> None:
    """A kept connection that the other side has closed meanwhile costs no call."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        assert DATA in (await read_request(reader)).body
        writer.write(answer().replace(b"Connection: close\r\n", b""))

    async with raw_server(serve) as endpoint:
        client = make_client(endpoint)
        for _ in range(5):
            assert await ask(client) == "good"
    assert count == 5


async def test_a_broken_upload_does_not_spoil_the_next(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """After a call that failed in the middle of its body, the next one has a sound connection."""

    def fail(sent: int, _: int) -> None:
        if sent > 300_000:
            raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            await client.audio.transcriptions.create(model="whisper", file=FILE, on_progress=fail)
        assert await ask(client)
    assert [arrived_whole(request) for request in emulator.requests if request.status == 200] == [True] * 3


async def test_an_early_answer_does_not_spoil_the_next(make_client: MakeClient) -> None:
    """A connection on which an answer came before the body was sent is not used again."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not bodies:
            bodies.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer("503 Busy").replace(b"Connection: close\r\n", b""))
            await reader.read()
        else:
            bodies.append((await read_request(reader)).body)
            writer.write(answer())

    content = bytes(12 * 2**20)
    async with raw_server(serve) as endpoint:
        heard = await make_client(endpoint).audio.transcriptions.create(model="whisper", file=("a.mp3", content))
    assert heard.text == "good"
    assert content in bodies[1]


async def test_closing_during_a_call(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A client that is closed during a call ends it with an error of this package."""
    arrived = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.set()
        await reader.read()

    async with raw_server(stall) as endpoint:
        client = make_client(endpoint)
        call = asyncio.create_task(ask(client))
        await arrived.wait()
        await client.close()
        with anyio.fail_after(10), pytest.raises(AzureOpenAIError):
            await call


def test_a_client_made_outside_of_a_loop() -> None:
    """A client made outside of a loop serves the loop in which it is used first."""
    with emulator_in_thread() as emulator:
        client = AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, api_key=emulator.api_key)

        async def use() -> str:
            async with client:
                return await ask(client)

        assert asyncio.run(use())


def test_clients_in_many_threads() -> None:
    """Clients of several threads do not disturb each other."""
    heard: list[str] = []

    async def use(endpoint: str) -> None:
        async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_key="emulator-key") as client:
            heard.append(await ask(client))

    with emulator_in_thread() as emulator:
        threads = [threading.Thread(target=asyncio.run, args=(use(emulator.endpoint),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(heard) == 4


async def test_the_connection_breaks_for_good(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A connection that breaks at every attempt is an error with the number of attempts."""
    emulator.set_faults([Fault(cut_after_read=50_000)] * 3)
    with pytest.raises(APIConnectionError) as caught:
        await ask(client)
    assert caught.value.attempts == 3
    assert caught.value.status_code is None
