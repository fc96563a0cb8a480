import pytest
from client.client_tools import VirtualClock

from aoai_async import (
    AsyncAzureOpenAI,
    ContentFilteredError,
    GenerateImagesResponse,
    ImageGenerationsRequest,
    ImageQuality,
    ImageSize,
    ImageStyle,
    InvalidInputError,
)
from aoai_async.emulator import AzureOpenAIEmulator


async def test_only_what_was_given_is_sent(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Without options the body is the prompt alone, with its length."""
    made = await painter.images.generate(prompt="a corgi, très «joli»", n=None)
    assert emulator.requests[0].json == {"prompt": "a corgi, très «joli»"}
    assert "Content-Length" in emulator.requests[0].headers
    assert isinstance(made, GenerateImagesResponse)
    assert made.data[0].revised_prompt == "a corgi, très «joli»"
    assert made.request_id


async def test_every_option_arrives(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Every parameter is a key of the body, enumerations as their text, extra keys as they are."""
    await painter.images.generate(
        model="dall-e-3",
        prompt="x",
        n=1,
        size=ImageSize.SIZE_1024X1024,
        response_format="b64_json",
        user="u",
        quality=ImageQuality.HD,
        style=ImageStyle.NATURAL,
        extra_body={"background": {"deep": [1, None]}},
        extra_headers={"X-Team": "a"},
        extra_query={"trace": 1},
    )
    request = emulator.requests[0]
    assert request.json == {
        "prompt": "x",
        "n": 1,
        "size": "1024x1024",
        "response_format": "b64_json",
        "user": "u",
        "quality": "hd",
        "style": "natural",
        "background": {"deep": [1, None]},
    }
    assert request.headers["X-Team"] == "a"
    assert request.query == {"api-version": "2024-10-21", "trace": "1"}


async def test_raw_response(painter: AsyncAzureOpenAI, clock: VirtualClock) -> None:
    """`with_raw_response` parses to the same answer, with pictures that can be read."""
    raw = await painter.images.with_raw_response.generate(prompt="x", response_format="b64_json")
    assert (raw.status, raw.retries_taken) == (200, 0)
    assert raw.request_id == raw.headers["apim-request-id"]
    made = raw.parse()
    assert made.created == int(clock.now)
    assert (await made.data[0].read()).startswith(b"\x89PNG")


async def test_request_object(painter: AsyncAzureOpenAI) -> None:
    """`send` gives pictures that can be read, as the method does."""
    made = await painter.send(ImageGenerationsRequest(prompt="x", response_format="url"))
    assert (await made.data[0].read()).startswith(b"\x89PNG")


async def test_a_filtered_prompt(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A filtered prompt has an error of its own, with the verdicts and the revised prompt, and is not repeated."""
    with pytest.raises(ContentFilteredError) as caught:
        await painter.images.generate(prompt="forbidden-content")
    error = caught.value
    assert (error.status_code, error.code, error.attempts) == (400, "content_policy_violation", 1)
    assert error.revised_prompt == "forbidden-content"
    assert error.filter_results
    assert error.filter_results.violence
    assert (error.filter_results.violence.filtered, error.filter_results.violence.severity) == (True, "low")
    assert len(emulator.requests) == 1


async def test_a_partial_verdict(painter: AsyncAzureOpenAI) -> None:
    """Categories that the service leaves out are None."""
    with pytest.raises(ContentFilteredError) as caught:
        await painter.images.generate(prompt="forbidden-partial")
    verdicts = caught.value.filter_results
    assert verdicts
    assert verdicts.jailbreak
    assert verdicts.jailbreak.detected is False
    assert verdicts.hate is None


@pytest.mark.parametrize(
    "extra",
    [{"key": object()}, {"key": "\ud800"}, {object(): 1}, {"key": {1j}}],
    ids=["object", "surrogate", "key", "nested"],
)
async def test_what_has_no_json_is_refused(
    painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, extra: dict[str, object]
) -> None:
    """An `extra_body` that cannot be written as JSON is refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
        await painter.images.generate(prompt="x", extra_body=extra)
    assert emulator.requests == []


async def test_a_circle_is_refused(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A value that contains itself is refused, not recursed into for ever."""
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidInputError, match="JSON"):
        await painter.images.generate(prompt="x", extra_body={"circle": circle})
    assert emulator.requests == []


async def test_half_a_surrogate_in_the_prompt(painter: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Half a surrogate pair in a prompt is refused before anything is sent."""
    with pytest.raises(InvalidInputError, match="surrogate"):
        await painter.images.generate(prompt="x\udfff")
    with pytest.raises(InvalidInputError, match="surrogate"):
        await painter.audio.transcriptions.create(file=("a.mp3", b"x"), prompt="x\udfff")
    assert emulator.requests == []
