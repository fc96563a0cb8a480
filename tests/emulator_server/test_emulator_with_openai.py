import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
from emulator_server.emulator_script import HEARD
from openai import AsyncAzureOpenAI, AuthenticationError, BadRequestError, NotFoundError, RateLimitError
from openai.types import Image, ImagesResponse

from aoai_async.emulator import AzureOpenAIEmulator, Quota

FILE = ("talk.mp3", b"sound")


@pytest.fixture
async def openai(emulator: AzureOpenAIEmulator) -> AsyncIterator[AsyncAzureOpenAI]:
    async with await asyncio.to_thread(_client, emulator) as client:
        yield client


# It reads certificates when it is made: not for an event loop.
def _client(emulator: AzureOpenAIEmulator, key: str = "emulator-key") -> AsyncAzureOpenAI:
    return AsyncAzureOpenAI(
        azure_endpoint=emulator.endpoint, api_key=key, api_version="2024-10-21", max_retries=0, timeout=60
    )


async def test_transcription_in_every_format(openai: AsyncAzureOpenAI) -> None:
    """openai-python understands the five formats of a transcription."""
    create = openai.audio.transcriptions.create
    assert (await create(model="whisper", file=FILE)).text == HEARD.text
    assert (await create(model="whisper", file=FILE, response_format="json")).text == HEARD.text
    assert await create(model="whisper", file=FILE, response_format="text") == HEARD.text + "\n"
    assert (await create(model="whisper", file=FILE, response_format="srt")).startswith("1\n00:00:00,900 --> ")
    assert (await create(model="whisper", file=FILE, response_format="vtt")).startswith("WEBVTT\n\n")


async def test_verbose_transcription(openai: AsyncAzureOpenAI) -> None:
    """openai-python finds language, duration, segments and words."""
    heard = await openai.audio.transcriptions.create(
        model="whisper",
        file=FILE,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="de",
        prompt="Grüße",
        temperature=0.5,
    )
    assert (heard.language, heard.text) == ("german", HEARD.text)
    assert float(heard.duration) == pytest.approx(3725.1)
    assert [segment.text for segment in heard.segments or []] == [" Grüß dich, Welt.", " Bye."]
    assert [word.word for word in heard.words or []] == ["Grüß", "Bye"]


# openai-python 3.54 calls its own translations deprecated.
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_translation_in_every_format(openai: AsyncAzureOpenAI) -> None:
    """openai-python understands the five formats of a translation."""
    create = openai.audio.translations.create
    assert (await create(model="whisper", file=FILE)).text == HEARD.text
    assert (await create(model="whisper", file=FILE, response_format="verbose_json")).language == "english"
    for response_format in ("text", "srt", "vtt"):
        assert HEARD.segments[0].text in await create(model="whisper", file=FILE, response_format=response_format)


async def test_images(openai: AsyncAzureOpenAI) -> None:
    """openai-python gets a picture by address and in base64."""
    by_address = await openai.images.generate(
        model="dall-e-3", prompt="a corgi", size="1792x1024", quality="hd", style="natural", n=1, user="me"
    )
    inline = await openai.images.generate(model="dall-e-3", prompt="a corgi", response_format="b64_json")
    assert (_only(by_address).url or "").startswith("http://127.0.0.1:")
    assert _only(by_address).revised_prompt == "a corgi"
    assert base64.b64decode(_only(inline).b64_json or "").startswith(b"\x89PNG")


def _only(response: ImagesResponse) -> Image:
    assert response.data
    return response.data[0]


async def test_errors(emulator: AzureOpenAIEmulator, openai: AsyncAzureOpenAI) -> None:
    """openai-python raises its own error for each refusal, and finds the code."""
    with pytest.raises(NotFoundError) as not_found:
        await openai.audio.transcriptions.create(model="nothing", file=FILE)
    assert not_found.value.code == "DeploymentNotFound"
    with pytest.raises(BadRequestError) as filtered:
        await openai.images.generate(model="dall-e-3", prompt="forbidden-content")
    assert filtered.value.code == "content_policy_violation"
    emulator.set_quota("whisper", Quota(1))
    await openai.audio.transcriptions.create(model="whisper", file=FILE)
    with pytest.raises(RateLimitError) as limited:
        await openai.audio.transcriptions.create(model="whisper", file=FILE)
    assert limited.value.response.headers["Retry-After"] == "60"
    async with await asyncio.to_thread(_client, emulator, "wrong") as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.images.generate(model="dall-e-3", prompt="a cat")
