import asyncio
import logging
import socket
import traceback
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from client.client_tools import (
    DATA,
    VirtualClock,
    answer,
    arrived_whole,
    in_pieces,
    raw_server,
    read_request,
)
from client.conftest import MakeClient

from aoai_async import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncAzureOpenAI,
    AttemptReport,
    AudioFile,
    AzureOpenAIError,
    GenerateImagesResponse,
    ImageResult,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
    Timeout,
    UploadSourceError,
)
from aoai_async.emulator import AzureOpenAIEmulator, Fault, Quota

FILE = ("talk.mp3", DATA)


async def ask(client: AsyncAzureOpenAI, file: Any = FILE, **options: Any) -> Any:
    return (await client.audio.transcriptions.create(model="whisper", file=file, **options)).text


async def test_waits_as_long_as_the_service_asks(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock, recording: Path
) -> None:
    """After a 429 the wait is what the service asks for and a tenth more at the most, and then the file goes whole."""
    emulator.set_quota("whisper", Quota(1, 20))
    for _ in range(2):
        assert await ask(client, recording)
    assert clock.slept == [22.0]
    assert [request.status for request in emulator.requests] == [200, 429, 200]
    assert all(arrived_whole(request) for request in emulator.requests)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
async def test_passing_statuses_are_retried(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock, status: int
) -> None:
    """What may pass is sent again, with a back-off that doubles, and each attempt sends the same bytes."""
    emulator.set_faults([Fault(status=status, headers={"Retry-After": None, "x-ratelimit-reset-requests": None})] * 2)
    raw = await client.audio.transcriptions.with_raw_response.create(file=FILE)
    assert raw.retries_taken == 2
    assert raw.elapsed == pytest.approx(sum(clock.slept))
    assert [request.status for request in emulator.requests] == [status, status, 200]
    assert all(arrived_whole(request) for request in emulator.requests)
    assert len({request.headers["x-ms-client-request-id"] for request in emulator.requests}) == 1
    if status != 429:  # its message names a wait
        assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422, 424, 501, 529])
async def test_other_statuses_are_final(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, status: int) -> None:
    """What does not pass is not repeated."""
    emulator.set_faults([Fault(status=status)])
    with pytest.raises(APIStatusError) as caught:
        await ask(client)
    assert (caught.value.status_code, caught.value.attempts) == (status, 1)
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(("status", "advice", "attempts"), [(400, "true", 3), (429, "false", 1), (503, "False", 1)])
async def test_the_services_advice_counts(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, status: int, advice: str, attempts: int
) -> None:
    """`x-should-retry` overrides what the status means."""
    emulator.set_faults([Fault(status=status, headers={"x-should-retry": advice})] * 3)
    with pytest.raises(APIStatusError) as caught:
        await ask(client)
    assert caught.value.attempts == attempts == len(emulator.requests)


@pytest.mark.parametrize("read", [0, 1, 100_000, len(DATA)])
async def test_a_cut_while_sending(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, recording: Path, read: int
) -> None:
    """A connection that breaks before, within or after the body is a reason to send the whole file again."""
    emulator.set_faults([Fault(cut_after_read=read)])
    assert await ask(client, recording)
    assert arrived_whole(emulator.requests[1])


@pytest.mark.parametrize("sent", [0, 10])
async def test_a_cut_while_answering(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, sent: int) -> None:
    """Half an answer is no answer: the request is sent again, and half is never returned."""
    emulator.set_faults([Fault(cut_after_sent=sent)] * 3)
    with pytest.raises(APIConnectionError) as caught:
        await ask(client)
    assert caught.value.attempts == 3
    emulator.set_faults([Fault(cut_after_sent=sent)])
    assert await ask(client)


async def test_a_picture_is_asked_again(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """JSON bodies are sent again just the same."""
    emulator.set_faults([Fault(status=503), Fault(cut_after_read=3)])
    assert (await painter.images.generate(prompt="x")).data
    assert [request.json for request in emulator.requests][::2] == [{"prompt": "x"}, {"prompt": "x"}]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"x-ms-retry-after-ms": "2500", "Retry-After": "9"}, 2.5),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": formatdate(1_700_000_030, usegmt=True), "Date": formatdate(1_700_000_000, usegmt=True)}, 30.0),
        ({"Retry-After": "soon", "x-ratelimit-reset-requests": "4s"}, 4.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-3"}, None),
    ],
)
async def test_each_way_to_name_a_wait(
    client: AsyncAzureOpenAI,
    emulator: AzureOpenAIEmulator,
    clock: VirtualClock,
    headers: dict[str, str | None],
    wait: float | None,
) -> None:
    """The wait is the first that is told, in milliseconds, seconds or as a date; else the client's own back-off."""
    emulator.set_faults([Fault(status=503, headers=headers)])
    patient = client.with_options(retry=RetryPolicy(jitter=lambda: 0.0))
    assert await ask(patient)
    assert clock.slept == [wait or 0.0]


async def test_no_retries(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock) -> None:
    """With max_retries=0 there is one attempt."""
    emulator.set_faults([Fault(status=429)])
    with pytest.raises(RateLimitError) as caught:
        await ask(client.with_options(max_retries=0))
    assert (caught.value.attempts, caught.value.retry_after, clock.slept) == (1, 1.0, [])


async def test_a_wait_that_is_too_long(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock
) -> None:
    """A wait longer than the time left is not begun: the error comes at once and tells the wait."""
    emulator.set_faults([Fault(status=500), Fault(status=429, headers={"Retry-After": "86400"})])
    with pytest.raises(RateLimitError) as caught:
        await ask(client)
    assert (caught.value.retry_after, caught.value.attempts, clock.slept) == (86400.0, 2, [0.5])
    assert "the wait of 86405.0 s is longer than the 599.5 s left" in caught.value.__notes__[0]


async def test_the_total_spans_all_attempts(make_client: MakeClient) -> None:
    """The time for all attempts together ends a call within an attempt, and the error counts the attempts."""
    reports: list[AttemptReport] = []

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if not reports:
            writer.write(answer("500 Oops"))
        else:
            await reader.read()

    async with raw_server(stall) as endpoint:
        client = make_client(endpoint, on_attempt=reports.append, retry=RetryPolicy(first_wait=0))
        with pytest.raises(APITimeoutError, match="within 1 s") as caught:
            await ask(client, timeout=1)
    assert caught.value.attempts == 2
    assert [type(report.error) for report in reports] == [InternalServerError, APITimeoutError]
    assert [report.number for report in reports] == [1, 2]


@pytest.mark.parametrize("timeout", [Timeout(60, attempt=0.1), Timeout(60, read=0.1)])
async def test_each_attempt_has_its_time(make_client: MakeClient, clock: VirtualClock, timeout: Timeout) -> None:
    """An attempt that takes too long is ended and repeated."""

    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(stall) as endpoint:
        with pytest.raises(APITimeoutError) as caught:
            await ask(make_client(endpoint, timeout=timeout))
    assert caught.value.attempts == 3
    assert len(clock.slept) == 2


async def test_a_stalled_source_has_a_deadline(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream that gives nothing ends with the time for the whole call, when it is copied and when it is sent."""
    never = asyncio.Event()

    class Stalled:
        async def read(self, _: int = -1) -> bytes:
            await never.wait()
            return b""

    for size in (None, 5):
        with pytest.raises(APITimeoutError) as caught:
            await ask(client, AudioFile(Stalled(), "a.mp3", size=size), timeout=0.5)
        assert caught.value.attempts == (0 if size is None else 1)


async def test_every_attempt_is_reported(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, clock: VirtualClock
) -> None:
    """`on_attempt` is told of each attempt: what went wrong, and when the next one comes."""
    reports: list[AttemptReport] = []
    emulator.set_faults([Fault(status=503), Fault(cut_after_read=0)])
    await ask(client.with_options(on_attempt=reports.append))
    assert [report.number for report in reports] == [1, 2, 3]
    assert [report.retry_in for report in reports] == [0.5, 1.0, None]
    assert [type(report.error) for report in reports] == [InternalServerError, APIConnectionError, type(None)]
    assert {(report.operation, report.deployment) for report in reports} == {("audio/transcriptions", "whisper")}
    assert {report.client_request_id for report in reports} == {
        request.headers["x-ms-client-request-id"] for request in emulator.requests
    }


async def test_an_answer_of_the_wrong_form_counts_its_attempts(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator
) -> None:
    """An answer that cannot be used also says how often the request was sent."""
    emulator.set_faults([Fault(status=500), Fault(html=True)])
    with pytest.raises(APIError) as caught:
        await ask(client)
    assert caught.value.attempts == 2


async def test_a_spent_stream_is_final(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream that can be read once is not sent again after its first byte, and the error says why."""
    emulator.set_faults([Fault(status=503)])
    with pytest.raises(InternalServerError) as caught:
        await ask(client, AudioFile(in_pieces(), "talk.mp3", size=len(DATA)))
    assert caught.value.attempts == 1
    assert "once only" in "".join(caught.value.__notes__)
    assert len(emulator.requests) == 1
    assert arrived_whole(emulator.requests[0])


async def test_a_stream_that_was_not_begun_is_sent_again(make_client: MakeClient, clock: VirtualClock) -> None:
    """A stream that can be read once is sent at the second attempt if the first one found no connection."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append((await read_request(reader)).body)
        writer.write(answer())
        writer.close()

    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))

        async def listen() -> None:
            servers.append(await asyncio.start_server(serve, sock=reserved))

        servers: list[asyncio.Server] = []
        clock.before_waking = listen
        client = make_client(f"http://127.0.0.1:{reserved.getsockname()[1]}")
        assert await ask(client, AudioFile(in_pieces(), "talk.mp3", size=len(DATA))) == "good"
        servers[0].close()
    assert len(clock.slept) == 1
    assert len(bodies) == 1
    assert DATA in bodies[0]


async def test_a_stream_that_can_be_opened_anew(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A function that opens a stream is called for each attempt, and what it opened is closed each time."""
    opened: list[Any] = []

    def opener() -> Any:
        opened.append(in_pieces())
        return opened[-1]

    emulator.set_faults([Fault(status=503), Fault(cut_after_read=1000)])
    assert await ask(client, AudioFile(opener, "talk.mp3", size=len(DATA)))
    assert len(opened) == 3
    assert all(stream.ag_frame is None for stream in opened)
    assert arrived_whole(emulator.requests[2])


async def test_a_source_that_fails_is_not_retried(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A stream that breaks is an error of the source, at the first attempt."""

    async def broken() -> Any:
        yield b"ID3"
        raise RuntimeError("the microphone is gone")

    with pytest.raises(UploadSourceError, match="microphone") as caught:
        await ask(client, AudioFile(broken, "talk.mp3", size=1000))
    assert caught.value.attempts == 1


async def test_an_error_of_the_callers_own_function(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """What `on_progress` raises ends the call as it is, and nothing arrives whole."""

    def fail(_: int, __: int) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await ask(client, on_progress=fail)
    assert not any(request.parts for request in emulator.requests if request.status == 200)


async def test_nothing_secret_is_told(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """No key, token or signature is in any log record, repr, message or traceback; nothing is logged above DEBUG."""
    caplog.set_level(logging.DEBUG)
    secret, signature = "k3y-of-the-test", "s1gnature-of-the-test"

    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"this is no HTTP\r\n\r\n")

    shown: list[str] = []
    async with raw_server(garble) as garbled:
        for endpoint in (garbled, emulator.endpoint, "http://127.0.0.1:1"):
            for option in ("api_key", "azure_ad_token", "azure_ad_token_provider"):
                value = secret if option != "azure_ad_token_provider" else lambda: secret
                client = make_client(endpoint, **{option: value}, azure_deployment="whisper")
                emulator.set_faults([Fault(status=401), Fault(status=401)])
                shown += [repr(client), repr(client._settings), repr(client.audio), repr(client.images)]
                shown.append(await _failure(ask(client)))
                shown.append(await _failure(client.images.generate(prompt="x")))
                picture = client.images.attach(_stored(f"{endpoint}/storage/x.png?sig={signature}")).data[0]
                shown += [repr(picture), await _failure(picture.read())]
    text = "\n".join(shown) + caplog.text
    assert secret not in text
    assert signature not in text
    assert all(record.levelno <= logging.DEBUG for record in caplog.records)
    assert any(record.name == "aoai_async" for record in caplog.records)


def _stored(url: str) -> Any:
    return GenerateImagesResponse(created=1, data=[ImageResult(url=url)])


async def _failure(call: Any) -> str:
    try:
        await call
    except AzureOpenAIError as error:
        return "".join([*traceback.format_exception(error), repr(error), repr(vars(error))])
    raise AssertionError("it should have failed")
