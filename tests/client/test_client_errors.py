import asyncio
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from client.client_tools import answer, raw_server, read_request
from client.conftest import MakeClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aoai_async
from aoai_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAzureOpenAI,
    AuthenticationError,
    AzureOpenAIError,
    BadRequestError,
    InternalServerError,
    Limits,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    UnexpectedAnswerError,
)
from aoai_async.emulator import AzureOpenAIEmulator, Fault
from aoai_async.transport import exchange
from aoai_async.transport.turns import Turns

FILE = ("talk.mp3", b"ID3 sound")


class Noted(Turns):
    """Tells when a turn begins."""

    def __init__(self, note: Callable[[], object]) -> None:
        super().__init__()
        self._note = note

    @contextmanager
    def work(self) -> Iterator[None]:
        """Begin one."""
        self._note()
        with super().work():
            yield


async def ask(client: AsyncAzureOpenAI, **options: Any) -> Any:
    return await client.audio.transcriptions.create(**{"model": "whisper", "file": FILE, **options})


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (409, "ConflictError"),
        (413, "RequestTooLargeError"),
        (418, "APIStatusError"),
        (422, "UnprocessableEntityError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (529, "InternalServerError"),
    ],
)
async def test_each_status_has_its_class(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, status: int, name: str
) -> None:
    """The class tells the status; the error knows who answered and can cross a process boundary."""
    emulator.set_faults([Fault(status=status)])
    with pytest.raises(APIStatusError) as caught:
        await ask(client.with_options(max_retries=0))
    error = caught.value
    assert type(error) is getattr(aoai_async, name)
    assert error.status_code == status
    assert error.request_id == error.headers["APIM-REQUEST-ID"]
    assert error.region == "Emulated Central"
    assert str(error).startswith(f"{status}: ")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), str(again), again.attempts) == (type(error), str(error), 1)


async def test_errors_of_the_service_itself(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Code and message are the service's own, in each of the forms it has for them."""
    with pytest.raises(AuthenticationError, match="invalid subscription key") as wrong_key:
        await ask(client.with_options(api_key="wrong"))
    assert wrong_key.value.code == "401"
    with pytest.raises(NotFoundError) as missing:
        await ask(client, model="nobody")
    assert missing.value.code == "DeploymentNotFound"
    with pytest.raises(NotFoundError, match="Resource not found"):
        await ask(client.with_options(api_version="1999-01-01"))
    with pytest.raises(BadRequestError) as unsupported:
        await ask(client, model="dall-e-3")
    assert unsupported.value.code == "OperationNotSupported"
    with pytest.raises(BadRequestError) as bad:
        await ask(client, temperature=2)
    assert (bad.value.type, bad.value.param) == ("invalid_request_error", "temperature")


async def test_too_large_for_the_service(make_client: MakeClient) -> None:
    """A 413 of the service is an error of its own, and not repeated."""
    async with AzureOpenAIEmulator(body_limit=100) as emulator:
        with pytest.raises(RequestTooLargeError, match="Maximum content size limit") as caught:
            await ask(make_client(emulator.endpoint))
        assert caught.value.attempts == 1


@pytest.mark.parametrize(
    ("fault", "asked", "message"),
    [
        (Fault(html=True), "json", "text/html"),
        (Fault(html=True), "text", "text/html"),
        (Fault(body={"text": "x"}), "srt", "application/json"),
        (Fault(body="hello"), "json", "text/plain"),
        (Fault(body="{", content_type="application/json"), "json", "no JSON"),
        (Fault(body={"txt": "x"}), "json", "text"),
        (Fault(body={"text": None}), "json", "got null"),
        (Fault(headers={"Content-Type": None}, body="x"), "text", "octet-stream|without a type"),
        (Fault(status=201, body={"text": "x"}), "json", "201"),
        (Fault(status=204), "json", "204"),
    ],
)
async def test_answers_of_another_form(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, fault: Fault, asked: str, message: str
) -> None:
    """A good status with something else than was asked for is never a result, and is not repeated."""
    emulator.set_faults([fault])
    with pytest.raises(UnexpectedAnswerError, match=message) as caught:
        await ask(client, response_format=asked)
    assert caught.value.attempts == 1
    assert caught.value.request_id
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, status: int) -> None:
    """A redirect is an error that names the target; neither key nor file goes there."""
    target = f"{emulator.endpoint}/openai/deployments/whisper/audio/translations?code=secret"
    emulator.set_faults([Fault(status=status, headers={"Location": target})])
    with pytest.raises(UnexpectedAnswerError, match=r"redirect to .*/audio/translations'") as caught:
        await ask(client)
    assert caught.value.status_code == status
    assert "secret" not in str(caught.value)
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("limit", [1000, 128 * 1024, 128 * 1024 + 1, 1_000_000])
async def test_an_answer_over_the_limit(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, limit: int) -> None:
    """An answer is read up to its limit only, small or so large that it has its turn; exactly as much is allowed."""
    limited = client.with_options(limits=Limits(answer=limit))
    emulator.set_faults([Fault(body="x" * limit)])
    assert len(await ask(limited, response_format="text")) == limit
    emulator.set_faults([Fault(body="x" * (limit + 1))])
    with pytest.raises(UnexpectedAnswerError, match=f"{limit:,} bytes"):
        await ask(limited, response_format="text")


@pytest.mark.parametrize(
    ("size", "expected"), [(100, ["read"]), (128 * 1024, ["read"]), (128 * 1024 + 1, ["turn", "read"])]
)
async def test_a_large_answer_of_told_length(
    client: AsyncAzureOpenAI,
    emulator: AzureOpenAIEmulator,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    expected: list[str],
) -> None:
    """Nothing of it is read before its turn, so that many that come at once are not all read a little."""
    happened: list[str] = []

    async def collect(*given: Any) -> None:
        happened.append("read")
        await collected(*given)

    collected = exchange._collect
    monkeypatch.setattr(exchange, "_collect", collect)
    client._settings.connections.turns = Noted(lambda: happened.append("turn"))
    emulator.set_faults([Fault(body="x" * size)])
    assert len(await ask(client, response_format="text")) == size
    assert happened == expected


async def test_a_large_answer_without_a_told_length(make_client: MakeClient) -> None:
    """Pictures come in chunks without Content-Length; a large answer has its turn all the same, and its limit."""
    text, begun = b"x" * 600_000, asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(text), 100_000):
            writer.write(b"186a0\r\n" + text[start : start + 100_000] + b"\r\n")
            await writer.drain()
            if start == 200_000:
                await begun.wait()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with raw_server(pour) as endpoint:
        client = make_client(endpoint)
        client._settings.connections.turns = Noted(begun.set)
        assert await ask(client, response_format="text") == text.decode()
        with pytest.raises(UnexpectedAnswerError, match="599,999 bytes"):
            await ask(client.with_options(limits=Limits(answer=599_999)), response_format="text")


async def test_an_error_body_without_end(make_client: MakeClient) -> None:
    """Of an error body only the beginning is read, be it without end; the status counts."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"no " * 10_000)
            await writer.drain()

    async with raw_server(pour) as endpoint:
        with pytest.raises(BadRequestError, match="no no") as caught:
            await ask(make_client(endpoint, limits=Limits(error=5000)))
    assert caught.value.body
    assert len(caught.value.body) <= 5000


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{}{}",
        b"HTTP/1.1 200 OK\r\nContent-Type\r\n\r\n",
        b"\x00" * 100,
        b"",
    ],
)
async def test_garbage_instead_of_an_answer(make_client: MakeClient, garbage: bytes) -> None:
    """Whatever comes back, what the caller meets is an error of this package."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(garbage)

    async with raw_server(serve) as endpoint:
        with pytest.raises((APIConnectionError, UnexpectedAnswerError)):
            await ask(make_client(endpoint, max_retries=0))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.integers(200, 599),
    kind=st.sampled_from(["application/json", "text/plain", "text/html", "", "application/problem+json"]),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from(["error", "code", "message", "text", "inner_error", "content_filter_results"]), inner
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
async def test_no_answer_raises_a_foreign_exception(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, status: int, kind: str, body: bytes
) -> None:
    """Any status with any body gives a result or an error of this package."""
    text = body.decode("latin-1")
    emulator.set_faults([Fault(status=status, body=text, content_type=kind or None)])
    outcome = await _outcome(ask(client.with_options(max_retries=0)))
    if isinstance(outcome, AzureOpenAIError):
        assert outcome.attempts == 1
        assert str(outcome)
    else:
        assert isinstance(outcome.text, str)


async def _outcome(call: Any) -> Any:
    try:
        return await call
    except AzureOpenAIError as error:
        return error


async def test_nobody_listens(make_client: MakeClient) -> None:
    """A refused connection is tried again, and the error names the host."""
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1 cannot be reached") as caught:
        await ask(make_client("http://127.0.0.1:1"))
    assert caught.value.attempts == 3
    assert caught.value.status_code is None


async def test_no_such_host(make_client: MakeClient) -> None:
    """A host that does not exist is named, with a hint at the endpoint."""
    with pytest.raises(APIConnectionError) as caught:
        await ask(make_client("https://nobody.invalid", max_retries=0, timeout=10))
    if isinstance(caught.value, APITimeoutError):
        pytest.skip("the resolver of this machine takes its time")
    assert "no host nobody.invalid" in str(caught.value)
    assert "endpoint" in str(caught.value)


async def test_tls_to_a_plain_server(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A server that speaks no TLS is an error of the connection."""
    endpoint = emulator.endpoint.replace("http:", "https:")
    with pytest.raises(APIConnectionError):
        await ask(make_client(endpoint, max_retries=0))


async def test_a_good_answer_that_comes_too_early(make_client: MakeClient) -> None:
    """A 200 before the recording was wholly sent is never success."""

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer())
        await writer.drain()
        await gone.wait()

    gone = asyncio.Event()
    async with raw_server(hasty) as endpoint:
        with pytest.raises(UnexpectedAnswerError, match="wholly sent") as caught:
            await ask(make_client(endpoint), file=("a.mp3", bytes(20 * 2**20)))
        gone.set()
    assert caught.value.attempts == 1


async def test_an_error_that_comes_early(make_client: MakeClient) -> None:
    """A refusal before the recording was wholly sent is that refusal."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer("401 No", b'{"error": {"code": "401", "message": "no entry"}}'))
        await writer.drain()
        await gone.wait()

    gone = asyncio.Event()
    async with raw_server(refuse) as endpoint:
        with pytest.raises(AuthenticationError, match="no entry"):
            await ask(make_client(endpoint), file=("a.mp3", bytes(20 * 2**20)))
        gone.set()


@pytest.mark.parametrize("error", [RateLimitError, InternalServerError])
async def test_the_last_error_is_raised(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, error: type[APIStatusError]
) -> None:
    """After the last retry the caller gets the last error, with the number of attempts."""
    last = 429 if error is RateLimitError else 500
    emulator.set_faults([Fault(status=503), Fault(status=503), Fault(status=last)])
    with pytest.raises(error) as caught:
        await ask(client)
    assert caught.value.attempts == 3


async def test_a_proxy_that_refuses(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy of the environment is used, and its refusal is told as one."""
    heads: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer("407 Proxy Authentication Required", b""))

    async with raw_server(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("http://", "http://me:pass-word@"))
        with pytest.raises(APIConnectionError, match="proxy") as caught:
            await ask(make_client("https://somewhere.invalid", max_retries=0))
    assert heads[0].startswith(b"CONNECT somewhere.invalid:443")
    assert b"Proxy-Authorization" in heads[0]
    assert "pass-word" not in str(caught.value)


async def test_a_proxy_for_plain_http(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY takes a host out."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(APIConnectionError):
        await ask(make_client(emulator.endpoint, max_retries=0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert (await ask(make_client(emulator.endpoint))).text
