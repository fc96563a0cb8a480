"""TLS as users meet it: their company's authority, and a certificate nobody vouches for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme
from client.client_tools import answer, read_request
from client.conftest import MakeClient

from aoai_async import UntrustedHostError


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def served(authority: trustme.CA) -> ssl.SSLContext:
    """What a server for `localhost` speaks TLS with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a client that trusts the authority speaks TLS with."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@asynccontextmanager
async def tls_endpoint(served: ssl.SSLContext) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_an_untrusted_certificate(served: ssl.SSLContext, make_client: MakeClient) -> None:
    """A certificate nobody vouches for is an error at once that names the host and what is wrong, and not the key."""
    async with tls_endpoint(served) as endpoint:
        with pytest.raises(UntrustedHostError) as caught:
            await make_client(endpoint).audio.transcriptions.create(model="whisper", file=("talk.mp3", b"speech"))
    assert str(caught.value).startswith("The certificate of localhost is not trusted: ")
    assert "certificate verify failed" in str(caught.value)
    assert "emulator-key" not in repr(caught.value)
    assert caught.value.attempts == 1


async def test_an_authority_of_ones_own(
    served: ssl.SSLContext, trusting: ssl.SSLContext, make_client: MakeClient
) -> None:
    """A session of the caller's that trusts another authority is all it takes."""
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with tls_endpoint(served) as endpoint, aiohttp.ClientSession(connector=connector) as session:
        client = make_client(endpoint, session=session)
        heard = await client.audio.transcriptions.create(model="whisper", file=("talk.mp3", b"speech"))
    assert heard.text == "good"
