import base64
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, raw_exchange

from aoai_async.emulator import AzureOpenAIEmulator, PictureWanted


class _Notepad:
    def __init__(self) -> None:
        self.wanted: list[PictureWanted] = []

    async def paint(self, picture: PictureWanted) -> bytes:
        self.wanted.append(picture)
        return b"\x89PNG and so on"

    async def aclose(self) -> None:
        """Hold nothing."""


async def test_picture_by_address(caller: Caller) -> None:
    """By default the answer has an address on the emulator itself, where a PNG file lies."""
    reply = await caller.image({"prompt": "a corgi in a field"})
    result = reply.json()["data"][0]
    assert result.keys() == {"url", "revised_prompt", "content_filter_results", "prompt_filter_results"}
    assert result["url"].startswith(f"{caller.emulator.endpoint}/storage/")
    download = await caller.send("GET", result["url"])
    assert (download.status, download.headers["Content-Type"]) == (200, "image/png")
    assert download.body.startswith(b"\x89PNG")


async def test_picture_in_base64(caller: Caller) -> None:
    """b64_json carries the PNG file itself, and no address."""
    result = (await caller.image({"prompt": "a corgi", "response_format": "b64_json"})).json()["data"][0]
    assert base64.b64decode(result["b64_json"], validate=True).startswith(b"\x89PNG")
    assert "url" not in result


@pytest.mark.parametrize("response_format", ["url", "b64_json"])
async def test_image_answers_are_chunked(caller: Caller, response_format: str) -> None:
    """An image answer has no length; it carries the ids and times of the service."""
    reply = await caller.image({"prompt": "a corgi", "response_format": response_format})
    assert (reply.status, reply.headers["Transfer-Encoding"]) == (200, "chunked")
    assert "Content-Length" not in reply.headers
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["x-ms-request-id"] == reply.headers["apim-request-id"]


async def test_http_1_0_gets_its_picture_too(emulator: AzureOpenAIEmulator) -> None:
    """A client that knows no chunks, and sends no Host, gets a length instead."""
    body = b'{"prompt": "a corgi"}'
    head = (
        "POST /openai/deployments/dall-e-3/images/generations?api-version=2024-10-21 HTTP/1.0\r\n"
        f"api-key: emulator-key\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await raw_exchange(emulator, head.encode() + body)
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert b"Content-Length: " in answer


async def test_the_painter_is_told_what_was_asked(session: aiohttp.ClientSession) -> None:
    """Size, quality and style reach the painter; what was not asked has the service's defaults."""
    painter = _Notepad()
    async with AzureOpenAIEmulator(painter=painter, clock=lambda: 1_733_359_989.7) as emulator:
        caller = Caller(emulator, session)
        await caller.image({"prompt": "p", "size": "1792x1024", "quality": "hd", "style": "natural", "n": 1})
        reply = await caller.image({"prompt": "q", "user": "me", "model": "dall-e-3"})
    assert painter.wanted == [
        PictureWanted("p", 1792, 1024, "hd", "natural", 1),
        PictureWanted("q", 1024, 1024, "standard", "vivid", 1),
    ]
    assert reply.json()["created"] == 1_733_359_989
    assert reply.json()["data"][0]["revised_prompt"] == "q"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", ""),
        ("prompt", None),
        ("prompt", "x" * 4001),
        ("prompt", ["a"]),
        ("n", 0),
        ("n", 2),
        ("n", "1"),
        ("n", True),
        ("n", None),
        ("size", "256x256"),
        ("size", 1024),
        ("size", {}),
        ("quality", "best"),
        ("style", ""),
        ("response_format", "png"),
        ("user", 7),
    ],
)
async def test_values_the_service_does_not_take(caller: Caller, name: str, value: object) -> None:
    """A value outside its type, choices or range is 400 and names its field."""
    reply = await caller.image({"prompt": "a cat", name: value})
    assert (reply.status, reply.error["param"]) == (400, name)
    assert reply.error["message"]


async def test_prompt_is_required(caller: Caller) -> None:
    """Without a prompt the request is refused."""
    reply = await caller.image({"n": 1})
    assert (reply.status, reply.error["param"]) == (400, "prompt")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'"prompt"'),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"prompt": "' + b"x" * 1_048_576 + b'"}'),
        ("text/plain", b'{"prompt": "a cat"}'),
    ],
)
async def test_bodies_that_are_no_json_object(caller: Caller, content_type: str, body: bytes) -> None:
    """Anything but a JSON object of reasonable size is 400."""
    headers = {"api-key": caller.emulator.api_key, "Content-Type": content_type}
    path = "/openai/deployments/dall-e-3/images/generations?api-version=2024-10-21"
    reply = await caller.send("POST", path, data=BytesIO(body), headers=headers)
    assert (reply.status, reply.error["code"]) == (400, "invalidPayload")


def _filter_results(error: Any) -> Any:
    assert (error["code"], error["type"]) == ("content_policy_violation", "invalid_request_error")
    assert error["inner_error"]["code"] == "ResponsibleAIPolicyViolation"
    return error["inner_error"]["content_filter_results"]


async def test_forbidden_content_gives_every_category(caller: Caller) -> None:
    """The trigger is refused with all results and the revised prompt."""
    reply = await caller.image({"prompt": "some forbidden-content here"})
    assert reply.status == 400
    assert _filter_results(reply.error)["violence"] == {"filtered": True, "severity": "low"}
    assert _filter_results(reply.error).keys() == {"hate", "self_harm", "sexual", "violence", "profanity"}
    assert reply.error["inner_error"]["revised_prompt"] == "some forbidden-content here"


async def test_forbidden_partial_gives_one_category(caller: Caller) -> None:
    """The other trigger is refused with the result of jailbreak alone."""
    reply = await caller.image({"prompt": "forbidden-partial"})
    assert reply.status == 400
    assert _filter_results(reply.error) == {"jailbreak": {"detected": False, "filtered": False}}
    assert "revised_prompt" not in reply.error["inner_error"]
