from collections.abc import AsyncIterator

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller
from yarl import URL

from aoai_async.emulator import AzureOpenAIEmulator


class _Clock:
    def __init__(self) -> None:
        self.now = 1_733_359_989.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def store(clock: _Clock, session: aiohttp.ClientSession) -> AsyncIterator[Caller]:
    async with AzureOpenAIEmulator(clock=clock, picture_lifetime=100) as emulator:
        yield Caller(emulator, session)


async def _address(store: Caller) -> str:
    address: str = (await store.image({"prompt": "a cat"})).json()["data"][0]["url"]
    return address


async def test_an_address_names_its_request_and_its_end(store: Caller) -> None:
    """The path holds the request's id, the query the moment of expiry, percent-encoded."""
    reply = await store.image({"prompt": "a cat"})
    address = reply.json()["data"][0]["url"]
    assert f"/{reply.headers['apim-request-id']}/generated_00.png?se=2024-12-05T00%3A54%3A49Z&sig=" in address
    assert "%3D" in address.partition("sig=")[2]


async def test_an_address_can_be_fetched_again_until_it_expires(store: Caller, clock: _Clock) -> None:
    """The address is good to the last moment of its lifetime, and then 403 in XML."""
    address = await _address(store)
    for moment in (0, 99.9):
        clock.now = 1_733_359_989.0 + moment
        assert (await store.send("GET", address)).status == 200
    clock.now += 0.1
    reply = await store.send("GET", address)
    assert (reply.status, reply.headers["Content-Type"]) == (403, "application/xml")
    assert "<Code>AuthenticationFailed</Code>" in reply.text
    assert "Signature not valid in the specified time frame" in reply.text


async def test_encoding_the_query_again_breaks_the_signature(store: Caller) -> None:
    """An address that was decoded and encoded again is another address: 403."""
    address = await _address(store)
    assert str(URL(address)) != address
    assert (await store.send("GET", str(URL(address)))).status == 403
    assert (await store.send("GET", address)).status == 200


@pytest.mark.parametrize("header", ["api-key", "Authorization"])
async def test_credentials_at_the_storage_are_refused(store: Caller, header: str) -> None:
    """A client that sends its credentials along with a signed address is told so: 400."""
    reply = await store.send("GET", await _address(store), headers={header: "Bearer secret"})
    assert reply.status == 400
    assert "<Code>InvalidAuthenticationInfo</Code>" in reply.text
    assert store.emulator.requests[-1].headers[header] == "***"


@pytest.mark.parametrize(
    "path", ["/storage/private/images/nothing/generated_00.png?sig=x", "/storage/", "/storage/../x"]
)
async def test_unknown_addresses_are_403(store: Caller, path: str) -> None:
    """An address that was never given out is refused like a wrong signature."""
    assert (await store.send("GET", path)).status == 403


async def test_part_of_a_picture(store: Caller) -> None:
    """The storage takes ranges, as it says."""
    address = await _address(store)
    whole = (await store.send("GET", address)).body
    reply = await store.send("GET", address, headers={"Range": "bytes=4-7"})
    assert (reply.status, reply.body) == (206, whole[4:8])
