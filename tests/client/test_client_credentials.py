import asyncio
import base64
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from client.client_tools import DATA, VirtualClock, in_pieces
from client.conftest import MakeClient

from aoai_async import (
    APITimeoutError,
    AsyncAzureOpenAI,
    AudioFile,
    AuthenticationError,
    ConfigurationError,
    CredentialError,
)
from aoai_async.emulator import AzureOpenAIEmulator, Fault

SCOPE = "https://cognitiveservices.azure.com/.default"
FILE = ("talk.mp3", b"ID3 sound")


async def ask(client: AsyncAzureOpenAI, **options: Any) -> Any:
    return (await client.audio.transcriptions.create(**{"model": "whisper", "file": FILE, **options})).text


def jwt(expires: float, mark: str = "") -> str:
    claims = json.dumps({"exp": expires, "mark": mark}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


class Office:
    """Gives out tokens, and notes each time and thread it was asked in."""

    def __init__(self, give: Callable[[int], Any]) -> None:
        self.give = give
        self.threads: list[int] = []
        self.scopes: list[tuple[str, ...]] = []

    @property
    def count(self) -> int:
        """How often it was asked."""
        return len(self.threads)

    def __call__(self) -> Any:
        """Give a token."""
        self.threads.append(threading.get_ident())
        return self.give(self.count)

    async def later(self) -> Any:
        """Give a token after a moment."""
        await checkpoint()
        return self()

    def get_token(self, *scopes: str) -> Any:
        """Give a token as azure-identity does."""
        self.scopes.append(scopes)
        return self()


class AsyncOffice(Office):
    async def get_token(self, *scopes: str) -> Any:
        """Give a token as the async half of azure-identity does."""
        self.scopes.append(scopes)
        return await self.later()


async def test_key(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A key goes in its own header, and nothing else does."""
    assert await ask(make_client(emulator.endpoint, api_key="emulator-key"))
    assert "api-key" in emulator.requests[0].headers
    assert "Authorization" not in emulator.requests[0].headers


async def test_token(make_client: MakeClient) -> None:
    """A token goes in the Authorization header, and is not asked for again."""
    async with AzureOpenAIEmulator(bearer_tokens={"good"}) as emulator:
        assert await ask(make_client(emulator.endpoint, azure_ad_token="good"))
        with pytest.raises(AuthenticationError) as caught:
            await ask(make_client(emulator.endpoint, azure_ad_token="bad"))
        assert caught.value.attempts == 1
        assert "api-key" not in emulator.requests[0].headers


@pytest.mark.parametrize("way", ["sync", "async", "awaitable"])
async def test_key_function(emulator: AzureOpenAIEmulator, make_client: MakeClient, way: str) -> None:
    """A function may give the key: it is asked for each attempt, so that a changed key is noticed."""
    office = Office(lambda _: "emulator-key")
    functions: dict[str, Any] = {"sync": office, "async": office.later, "awaitable": lambda: office.later()}
    client = make_client(emulator.endpoint, api_key=functions[way])
    assert await ask(client)
    assert await ask(client)
    assert office.count == 2
    assert "api-key" in emulator.requests[0].headers


@pytest.mark.parametrize("way", ["provider", "credential"])
async def test_sync_functions_run_off_the_loop(make_client: MakeClient, way: str) -> None:
    """A function that is not async is called in another thread than the loop's."""
    office = Office(lambda _: "good")
    options: dict[str, Any] = {"azure_ad_token_provider": office} if way == "provider" else {"credential": office}
    async with AzureOpenAIEmulator(bearer_tokens={"good"}) as emulator:
        assert await ask(make_client(emulator.endpoint, **options))
    assert threading.get_ident() not in office.threads
    assert office.scopes == ([] if way == "provider" else [(SCOPE,)])


@pytest.mark.parametrize("way", ["provider", "credential"])
async def test_async_functions_run_on_the_loop(make_client: MakeClient, way: str) -> None:
    """An async function is awaited where the call is made."""
    office = AsyncOffice(lambda _: "good")
    options: dict[str, Any] = {"azure_ad_token_provider": office.later} if way == "provider" else {"credential": office}
    async with AzureOpenAIEmulator(bearer_tokens={"good"}) as emulator:
        assert await ask(make_client(emulator.endpoint, **options))
    assert office.threads == [threading.get_ident()]
    assert office.scopes == ([] if way == "provider" else [(SCOPE,)])


@pytest.mark.parametrize("form", ["jwt", "object"])
async def test_a_token_is_kept_until_shortly_before_its_end(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, clock: VirtualClock, form: str
) -> None:
    """A token that tells its end is used until 5 minutes before it."""
    end = clock.now + 3600

    def give(number: int) -> Any:
        expires = int(end * 2 if number > 1 else end)
        return jwt(expires) if form == "jwt" else SimpleNamespace(token=f"opaque{number}", expires_on=expires)

    office = Office(give)
    client = make_client(emulator.endpoint, azure_ad_token_provider=office)
    for moment, count in ((clock.now, 1), (end - 301, 1), (end - 300, 2), (end, 2)):
        clock.now = moment
        assert await ask(client)
        assert office.count == count


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.eyJleHAiOiJ4In0.c", "a..c"])
async def test_a_token_without_an_end_is_asked_each_time(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, token: str
) -> None:
    """Whether an opaque token still lives only its provider knows, so that is asked before each attempt."""
    office = Office(lambda _: token)
    client = make_client(emulator.endpoint, azure_ad_token_provider=office)
    emulator.set_faults([Fault(status=500)])
    assert await ask(client)
    assert office.count == 2


async def test_many_callers_ask_once(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, clock: VirtualClock
) -> None:
    """Fifty callers who need a token at once cause one request for it."""
    arrived, proceed = asyncio.Event(), asyncio.Event()
    count = 0

    async def provider() -> str:
        nonlocal count
        count += 1
        arrived.set()
        await proceed.wait()
        return jwt(clock.now + 3600)

    client = make_client(emulator.endpoint, azure_ad_token_provider=provider)
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(ask, client)
        await arrived.wait()
        proceed.set()
    assert count == 1
    assert [request.status for request in emulator.requests] == [200] * 50


async def test_a_caller_who_leaves_disturbs_nobody(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, clock: VirtualClock
) -> None:
    """When the caller for whom a token is asked is cancelled, the others still get it."""
    arrived, proceed = asyncio.Event(), asyncio.Event()
    count = 0

    async def provider() -> str:
        nonlocal count
        count += 1
        arrived.set()
        await proceed.wait()
        return jwt(clock.now + 3600)

    client = make_client(emulator.endpoint, azure_ad_token_provider=provider)
    first = asyncio.create_task(ask(client))
    await arrived.wait()
    second = asyncio.create_task(ask(client))
    third = asyncio.create_task(ask(client, timeout=0.05))
    with pytest.raises(APITimeoutError):
        await third
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    proceed.set()
    assert await second
    assert count == 1


async def test_a_refused_token_is_renewed_once(make_client: MakeClient, clock: VirtualClock) -> None:
    """After a 401 another token is asked for, though the old one has time left, and the file is sent again."""
    old, new = jwt(clock.now + 3600, "old"), jwt(clock.now + 3600, "new")
    office = Office(lambda number: old if number == 1 else new)
    async with AzureOpenAIEmulator(bearer_tokens={new}) as emulator:
        client = make_client(emulator.endpoint, azure_ad_token_provider=office, max_retries=0)
        assert await ask(client)
        assert await ask(client)
        assert [request.status for request in emulator.requests] == [401, 200, 200]
    assert office.count == 2
    assert clock.slept == [0.0]


async def test_many_refused_callers_renew_once(make_client: MakeClient, clock: VirtualClock) -> None:
    """When many callers find their token refused, one request for another serves them all."""
    old, new = jwt(clock.now + 3600, "old"), jwt(clock.now + 3600, "new")
    office = Office(lambda number: old if number == 1 else new)
    async with AzureOpenAIEmulator(bearer_tokens={new}) as emulator:
        client = make_client(emulator.endpoint, azure_ad_token_provider=office)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask, client)
    assert office.count == 2


async def test_a_second_refusal_is_final(make_client: MakeClient, clock: VirtualClock) -> None:
    """A renewed token that is refused too ends the call."""
    office = Office(lambda number: jwt(clock.now + 3600, str(number)))
    async with AzureOpenAIEmulator(bearer_tokens=()) as emulator:
        with pytest.raises(AuthenticationError, match="Access token is missing, invalid") as caught:
            await ask(make_client(emulator.endpoint, azure_ad_token_provider=office))
        assert len(emulator.requests) == caught.value.attempts == office.count == 2


async def test_a_refused_token_and_a_spent_stream(make_client: MakeClient, clock: VirtualClock) -> None:
    """What can be read once only is not sent again with another token."""
    office = Office(lambda number: jwt(clock.now + 3600, str(number)))
    async with AzureOpenAIEmulator(bearer_tokens=()) as emulator:
        client = make_client(emulator.endpoint, azure_ad_token_provider=office)
        with pytest.raises(AuthenticationError) as caught:
            await ask(client, file=AudioFile(in_pieces(), "a.mp3", size=len(DATA)))
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError"),
        (lambda _: None, "NoneType that is no token"),
        (lambda _: "", "no token"),
        (lambda _: b"bytes", "no token"),
        (lambda _: "line\nbreak", "no token"),
        (lambda _: "ümlaut", "no token"),
        (lambda _: SimpleNamespace(token=None), "no token"),
    ],
)
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_provider_that_fails(
    emulator: AzureOpenAIEmulator, make_client: MakeClient, way: str, give: Any, message: str
) -> None:
    """A provider that raises, or gives no token, is an error of its own, at the first attempt; nothing is sent."""
    office = Office(give)
    client = make_client(emulator.endpoint, azure_ad_token_provider=office if way == "sync" else office.later)
    with pytest.raises(CredentialError, match=message):
        await ask(client)
    assert office.count == 1
    assert emulator.requests == []


async def test_a_provider_that_recovers(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A failure is not remembered: the next call asks again."""
    office = Office(lambda number: 1 / 0 if number == 1 else "good")
    client = make_client(emulator.endpoint, azure_ad_token_provider=office)
    with pytest.raises(CredentialError) as caught:
        await ask(client)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert await ask(client)


async def test_closing_while_a_token_is_asked(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """To close a client ends the request for a token; who waits for it is told, not cancelled."""
    arrived = asyncio.Event()

    async def provider() -> str:
        arrived.set()
        await asyncio.Event().wait()
        return "never"

    client = make_client(emulator.endpoint, azure_ad_token_provider=provider)
    call = asyncio.create_task(ask(client))
    await arrived.wait()
    before = asyncio.all_tasks()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        await call
    assert all(task.done() or task in before for task in asyncio.all_tasks())


async def test_another_credential_for_a_copy(emulator: AzureOpenAIEmulator, make_client: MakeClient) -> None:
    """A copy may have credentials of another kind; the original keeps its own."""
    client = make_client(emulator.endpoint)
    assert await ask(client.with_options(credential=AsyncOffice(lambda _: "good")))
    assert await ask(client)
    assert ["api-key" in request.headers for request in emulator.requests] == [False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "AZURE_OPENAI_API_KEY"),
        ({"api_key": "a", "azure_ad_token": "b"}, "api_key, azure_ad_token"),
        ({"azure_ad_token_provider": str, "credential": AsyncOffice(str)}, "exclude each other"),
        ({"api_key": ""}, "api_key= is not one"),
        ({"api_key": "k3y\n"}, "strip"),
        ({"azure_ad_token": "tök3n"}, "azure_ad_token= is not one"),
        ({"api_key": 5}, "function"),
        ({"azure_ad_token_provider": "t0ken"}, "function without arguments"),
        ({"credential": "k3y"}, "get_token"),
    ],
)
def test_credentials_that_cannot_be(options: dict[str, Any], message: str) -> None:
    """Credentials that are none, or more than one, are refused without being repeated."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncAzureOpenAI(azure_endpoint="https://NAME.openai.azure.com", **options)
    assert message in str(caught.value)
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "options", "header"),
    [
        ({"AZURE_OPENAI_API_KEY": "emulator-key"}, {}, "api-key"),
        ({"AZURE_OPENAI_AD_TOKEN": "t"}, {}, "Authorization"),
        ({"AZURE_OPENAI_API_KEY": "emulator-key", "AZURE_OPENAI_AD_TOKEN": "t"}, {}, "Authorization"),
        ({"AZURE_OPENAI_AD_TOKEN": "t"}, {"api_key": "emulator-key"}, "api-key"),
        ({"AZURE_OPENAI_API_KEY": "wrong"}, {"azure_ad_token": "t"}, "Authorization"),
    ],
)
async def test_environment(
    emulator: AzureOpenAIEmulator,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    options: dict[str, Any],
    header: str,
) -> None:
    """What is given goes before the environment, and there a token before a key."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, **options) as client:
        assert await ask(client)
    assert [name for name in ("api-key", "Authorization") if name in emulator.requests[0].headers] == [header]
