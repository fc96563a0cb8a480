import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, raw_exchange, raw_post

from aoai_async.emulator import AzureOpenAIEmulator

NOT_FOUND = {"error": {"code": "404", "message": "Resource not found"}}


async def test_wrong_key_is_401_with_a_wrapper(caller: Caller) -> None:
    """Another key is refused with code "401" under `error`."""
    reply = await caller.audio(headers={"api-key": "another"})
    assert (reply.status, reply.error["code"]) == (401, "401")
    assert reply.headers["apim-request-id"]


@pytest.mark.parametrize(
    "headers", [{}, {"api-key": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic dXNlcjpwYXNz"}]
)
async def test_no_credentials_is_401_without_a_wrapper(caller: Caller, headers: dict[str, str]) -> None:
    """Neither a key nor a bearer token is refused with a statusCode at the top."""
    reply = await caller.audio(headers=headers)
    assert reply.status == 401
    assert reply.json().keys() == {"statusCode", "message"}
    assert reply.json()["statusCode"] == 401


async def test_any_bearer_token_is_accepted_unless_configured(caller: Caller) -> None:
    """Without configuration every token that is not empty passes."""
    assert (await caller.audio(headers={"Authorization": "Bearer anything"})).status == 200


async def test_only_configured_bearer_tokens_are_accepted(session: aiohttp.ClientSession) -> None:
    """With tokens configured, another one is refused without a wrapper."""
    async with AzureOpenAIEmulator(bearer_tokens={"good"}) as emulator:
        caller = Caller(emulator, session)
        assert (await caller.audio(headers={"Authorization": "Bearer good"})).status == 200
        refused = await caller.audio(headers={"Authorization": "Bearer stale"})
    assert (refused.status, refused.json()["statusCode"]) == (401, 401)


@pytest.mark.parametrize("version", ["2024-02-01", "2024-06-01", "2024-10-21", "2025-04-01-preview"])
async def test_known_versions_are_served(caller: Caller, version: str) -> None:
    """The released versions and every preview are served, for audio and for images."""
    assert (await caller.audio(version=version)).status == 200
    assert (await caller.image({"prompt": "a cat"}, version=version)).status == 200


@pytest.mark.parametrize("version", ["", "2024-10-22", "latest", "2024-10-21-PREVIEW", "x2025-04-01-preview"])
async def test_unknown_versions_are_404(caller: Caller, version: str) -> None:
    """An api-version that does not exist is a resource that does not exist."""
    reply = await caller.audio(version=version)
    assert (reply.status, reply.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/openai/deployments/whisper/audio/transcriptions"),
        ("GET", "/openai/deployments/whisper/audio/transcriptions?api-version=2024-10-21"),
        ("POST", "/openai/deployments/whisper/audio/nothing?api-version=2024-10-21"),
        ("POST", "/openai/audio/transcriptions?api-version=2024-10-21"),
        ("PUT", "/emulator/health"),
        ("GET", "/"),
    ],
)
async def test_what_does_not_exist_is_404(caller: Caller, method: str, path: str) -> None:
    """A path, a method or a missing api-version that lead nowhere are all answered alike."""
    reply = await caller.send(method, path, headers={"api-key": caller.emulator.api_key})
    assert (reply.status, reply.json()) == (404, NOT_FOUND)
    assert reply.headers["apim-request-id"]


async def test_unknown_deployment_is_404(caller: Caller) -> None:
    """A deployment that does not exist has a code of its own."""
    reply = await caller.audio(deployment="whisper-2")
    assert (reply.status, reply.error["code"]) == (404, "DeploymentNotFound")


async def test_operation_must_fit_the_deployment(caller: Caller) -> None:
    """Audio asked of an image deployment, and the reverse, is 400 OperationNotSupported."""
    for reply in (
        await caller.audio(deployment="dall-e-3"),
        await caller.audio(deployment="dall-e-3", operation="translations"),
        await caller.image({"prompt": "a cat"}, deployment="whisper"),
    ):
        assert (reply.status, reply.error["code"]) == (400, "OperationNotSupported")


async def test_deployments_can_be_named_otherwise(session: aiohttp.ClientSession) -> None:
    """The deployments are those the emulator was given."""
    async with AzureOpenAIEmulator(deployments={"ohr": "audio"}) as emulator:
        caller = Caller(emulator, session)
        assert (await caller.audio(deployment="ohr")).status == 200
        assert (await caller.audio(deployment="whisper")).status == 404


async def test_strange_headers_are_no_server_error(emulator: AzureOpenAIEmulator) -> None:
    """Bytes outside ASCII in our own headers are neither echoed nor fatal."""
    request = raw_post(b"", "Content-Length: 0", "x-ms-client-request-id: ÿ")
    answer = await raw_exchange(emulator, request)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-ms-client-request-id" not in answer
