from types import SimpleNamespace
from typing import Any
from uuid import RFC_4122, UUID

import aiohttp
import pytest
from aiohttp import web
from client.client_tools import VirtualClock
from client.conftest import MakeClient

from aoai_async import (
    APIStatusError,
    AsyncAzureOpenAI,
    AzureOpenAIError,
    ConfigurationError,
    InvalidInputError,
    Limits,
    RetryPolicy,
    Timeout,
)
from aoai_async.emulator import AzureOpenAIEmulator, Fault
from aoai_async.wire.address import Route

FILE = ("talk.mp3", b"ID3 sound")
OPENAI = "https://NAME.openai.azure.com"


async def ask(client: AsyncAzureOpenAI, **options: Any) -> Any:
    return (await client.audio.transcriptions.create(model="whisper", file=FILE, **options)).text


async def test_environment(emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoint, key and version come from the environment when they are not given."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", emulator.endpoint)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", emulator.api_key)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-06-01")
    async with AsyncAzureOpenAI() as client:
        assert await ask(client)
        assert await ask(client.with_options(api_version="2024-02-01"))
    async with AsyncAzureOpenAI(api_version="2025-04-01-preview") as client:
        assert await ask(client)
    versions = [request.query["api-version"] for request in emulator.requests]
    assert versions == ["2024-06-01", "2024-02-01", "2025-04-01-preview"]


async def test_the_default_version(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Without any other the version is 2024-10-21."""
    await ask(client)
    assert emulator.requests[0].query == {"api-version": "2024-10-21"}


async def test_account_headers(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """`organization` and `project` are headers; each request says what sent it and has an id of its own."""
    client = make_client(emulator.endpoint, organization="org", project="pro", default_headers={"X-A": "1"})
    await ask(client)
    await ask(client)
    headers = emulator.requests[0].headers
    assert (headers["OpenAI-Organization"], headers["OpenAI-Project"], headers["X-A"]) == ("org", "pro", "1")
    assert headers["User-Agent"].startswith("aoai-async/")
    ids = {request.headers["x-ms-client-request-id"] for request in emulator.requests}
    assert len(ids) == 2
    assert [(str(UUID(text)), UUID(text).version, UUID(text).variant) for text in ids] == [
        (text, 4, RFC_4122) for text in ids
    ]


@pytest.mark.parametrize("ending", ["", "/", "//"])
@pytest.mark.parametrize("prefix", ["", "/team/speech"])
async def test_gateway_with_a_path(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, prefix: str, ending: str
) -> None:
    """An endpoint may have a path and slashes at its end: requests go to what lies under it."""
    runner, base = await _gateway(emulator, prefix)
    try:
        assert await ask(make_client(f"{base}{prefix}{ending}"))
        assert await ask(make_client(None, base_url=f"{base}{prefix}/openai{ending}"))
        named = make_client(None, base_url=f"{base}{prefix}/openai/deployments/whisper{ending}")
        assert (await named.audio.transcriptions.create(file=FILE)).text
    finally:
        await runner.cleanup()
    assert {request.path for request in emulator.requests} == {"/openai/deployments/whisper/audio/transcriptions"}


async def _gateway(emulator: AzureOpenAIEmulator, prefix: str) -> tuple[web.AppRunner, str]:
    async def forward(request: web.Request) -> web.Response:
        assert request.raw_path.startswith(f"{prefix}/openai/deployments/")
        url = f"{emulator.endpoint}{request.raw_path.removeprefix(prefix)}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, headers=request.headers, data=await request.read()) as answered,
        ):
            return web.Response(status=answered.status, body=await answered.read(), headers=answered.headers)

    app = web.Application()
    app.router.add_post("/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "AZURE_OPENAI_ENDPOINT"),
        ({"azure_endpoint": "http://far.example.com"}, "allow_insecure_http"),
        ({"base_url": "http://far.example.com/openai"}, "allow_insecure_http"),
        ({"azure_endpoint": "ftp://far.example.com"}, "https://NAME.openai.azure.com"),
        ({"azure_endpoint": "NAME.openai.azure.com"}, "https://NAME.openai.azure.com"),
        ({"azure_endpoint": "https://"}, "https://NAME.openai.azure.com"),
        ({"azure_endpoint": "https://a b"}, "https://NAME.openai.azure.com"),
        ({"azure_endpoint": "https://host:port"}, "https://NAME.openai.azure.com"),
        ({"azure_endpoint": f"{OPENAI}/?api-version=1"}, "api_version="),
        ({"azure_endpoint": "https://me:pass-word@host"}, "credentials"),
        ({"azure_endpoint": OPENAI, "base_url": OPENAI}, "not both"),
        ({"base_url": f"{OPENAI}/openai/deployments/a/b"}, "deployment"),
        ({"azure_endpoint": OPENAI, "azure_deployment": "a/b"}, "azure_deployment='a/b'"),
        ({"azure_endpoint": OPENAI, "timeout": 0}, "timeout="),
        ({"azure_endpoint": OPENAI, "timeout": "5"}, "timeout='5'"),
        ({"azure_endpoint": OPENAI, "max_retries": -1}, "max_retries=-1"),
        ({"azure_endpoint": OPENAI, "max_retries": "2"}, "max_retries='2'"),
        ({"azure_endpoint": OPENAI, "http_client": object()}, "session="),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    """An option that cannot work is refused when the client is made, with what would do, and without secrets."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncAzureOpenAI(**{"api_key": "k", **options})
    assert message in str(caught.value)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "a.localhost"])
def test_plain_http_to_this_machine(host: str) -> None:
    """Plain http is fine where nobody can read along."""
    assert "http://" in repr(AsyncAzureOpenAI(azure_endpoint=f"http://{host}:8080", api_key="k"))


def test_plain_http_can_be_allowed() -> None:
    """Plain http to another machine is for those who allow it by name."""
    client = AsyncAzureOpenAI(azure_endpoint="http://far.example.com", api_key="k", allow_insecure_http=True)
    assert "http://far.example.com/openai" in repr(client)


def test_a_client_cannot_be_changed() -> None:
    """Setting anything on a client is an error that points to `with_options`."""
    client = AsyncAzureOpenAI(azure_endpoint=OPENAI, api_key="k")
    for name in ("timeout", "api_key", "_settings"):
        with pytest.raises(AttributeError, match="with_options"):
            setattr(client, name, 1)


async def test_copies_share_connections(
    emulator: AzureOpenAIEmulator, client: AsyncAzureOpenAI, make_client: MakeClient
) -> None:
    """A copy has its own options and the same connections; to close it closes nothing."""
    async with client.with_options(azure_deployment="dall-e-3", default_headers={"X-A": "1"}) as copied:
        assert copied._settings.connections is client._settings.connections
        assert (await copied.images.generate(prompt="x")).data
    assert await ask(client)
    assert await ask(copied)
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await ask(copied)
    assert ["X-A" in request.headers for request in emulator.requests] == [True, False, True]


async def test_a_copy_has_other_options(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Each option given to `with_options` counts for the copy alone; `copy` is the same method."""
    emulator.set_faults([Fault(status=500)])
    reports: list[Any] = []
    other = client.copy(
        api_key="wrong",
        max_retries=0,
        timeout=None,
        retry=RetryPolicy(),
        limits=Limits(upload=1),
        on_attempt=reports.append,
        default_query={"q": "1"},
    )
    with pytest.raises(InvalidInputError, match="too large"):
        await ask(other)
    other = other.with_options(limits=Limits())
    with pytest.raises(AzureOpenAIError):
        await ask(other)
    with pytest.raises(APIStatusError, match="401"):
        await ask(other)
    assert [report.number for report in reports] == [1, 1]
    assert await ask(client)
    assert [request.query.get("q") for request in emulator.requests] == ["1", "1", None]
    for options in ({"timeout": -1}, {"max_retries": -1}, {"azure_deployment": "a/b"}, {"api_key": ""}):
        with pytest.raises(ConfigurationError):
            client.with_options(**options)
    with pytest.raises(ConfigurationError, match="exclude each other"):
        client.with_options(api_key="a", azure_ad_token="b")


async def test_a_closed_client_says_so(client: AsyncAzureOpenAI) -> None:
    """A closed client refuses, also when it is closed twice."""
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await ask(client)


async def test_a_given_session_is_used_and_left_open(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, clock: VirtualClock
) -> None:
    """A caller's session is used, its settings do no harm, and it is never closed."""
    async with aiohttp.ClientSession(
        raise_for_status=True,
        headers={"X-Team": "a", "Content-Type": "text/plain", "api-key": "not this one"},
        cookies={"c": "1"},
        timeout=aiohttp.ClientTimeout(total=1e-9),
    ) as session:
        client = make_client(emulator.endpoint, session=session)
        emulator.set_faults([Fault(status=500)])
        assert await ask(client)
        made = await client.images.generate(model="dall-e-3", prompt="x")
        assert (await made.data[0].read()).startswith(b"\x89PNG")
        with pytest.raises(APIStatusError, match="404"):
            await client.audio.transcriptions.create(model="nobody", file=FILE)
        await client.close()
        assert not session.closed
    requests = emulator.requests
    assert requests[0].headers["X-Team"] == "a"
    assert all(request.headers.getall("Content-Type")[0] != "text/plain" for request in requests[:3])
    storage = next(request for request in requests if request.path.startswith("/storage"))
    assert not {"X-Team", "api-key", "Cookie"} & set(storage.headers)


async def test_a_closed_session_is_noticed(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A session that its owner closed is an error that says so."""
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(ConfigurationError, match="session"):
        await ask(make_client(emulator.endpoint, session=session))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, Timeout(None)),
        (5, Timeout(5)),
        (Timeout(3, read=1), Timeout(3, read=1)),
        (SimpleNamespace(connect=2, read=7, write=7, pool=7), Timeout(600, connect=2, read=7)),
        (aiohttp.ClientTimeout(total=9, connect=2, sock_read=4), Timeout(9, connect=2, read=4)),
    ],
)
def test_timeouts_of_other_libraries(given: object, meant: Timeout) -> None:
    """A number is a total, and timeouts of httpx and aiohttp mean what they meant there."""
    assert Timeout.of(given) == meant


@pytest.mark.parametrize(
    "headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "b"}, {"": "b"}, {"X-A": 5}, {5: "a"}, {"X-A": "\ud800"}]
)
async def test_headers_that_cannot_be_sent(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, headers: dict[str, str]
) -> None:
    """A header that would break the framing is refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="header") as caught:
        await ask(client, extra_headers=headers)
    assert caught.value.attempts == 0
    with pytest.raises(InvalidInputError, match="header"):
        await ask(client.with_options(default_headers=headers))
    assert emulator.requests == []


async def test_another_router(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A router of the caller's makes the addresses, and may add fields to the body."""

    def route(base: str, deployment: str, operation: str) -> Route:
        return Route(f"{base}/deployments/whisper/{operation}", {"language": deployment})

    client = make_client(emulator.endpoint, router=route)
    assert (await client.audio.transcriptions.create(model="gpt-x", file=FILE)).text
    assert emulator.requests[0].part("language").text == "gpt-x"


def test_a_client_needs_no_loop() -> None:
    """A client can be made outside of a loop, and shows no key."""
    client = AsyncAzureOpenAI(azure_endpoint=OPENAI, api_key="secret-key", azure_deployment="whisper")
    assert repr(client) == f"<AsyncAzureOpenAI {OPENAI}/openai deployment='whisper'>"
