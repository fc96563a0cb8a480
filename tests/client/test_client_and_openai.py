"""openai-python and this client get equal answers to equal calls."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import openai
import pytest

import aoai_async
from aoai_async.emulator import AzureOpenAIEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VERSION = "2024-10-21"
RECORDING = ("talk.mp3", b"ID3" + bytes(5000))
FORMATS = ["json", "verbose_json", "text", "srt", "vtt", None]
# Each picture lies at an address of its own, and was made in a second of its own.
OF_THE_MOMENT = {"created", "url"}


@pytest.fixture
async def emulator() -> AsyncIterator[AzureOpenAIEmulator]:
    async with AzureOpenAIEmulator(clock=lambda: 1_700_000_000.0) as emulator:
        yield emulator


@pytest.fixture
async def theirs(emulator: AzureOpenAIEmulator) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    # It reads certificates from disk when it is made.
    async with await asyncio.to_thread(their_client, emulator) as client:
        yield client


def their_client(emulator: AzureOpenAIEmulator) -> openai.AsyncAzureOpenAI:
    return openai.AsyncAzureOpenAI(
        azure_endpoint=emulator.endpoint, api_key=emulator.api_key, api_version=VERSION, max_retries=0
    )


@pytest.fixture
async def ours(emulator: AzureOpenAIEmulator) -> AsyncIterator[aoai_async.AsyncAzureOpenAI]:
    async with aoai_async.AsyncAzureOpenAI(
        azure_endpoint=emulator.endpoint, api_key=emulator.api_key, api_version=VERSION, max_retries=0
    ) as client:
        yield client


def plain(answer: Any) -> Any:
    """The JSON of an answer of either client, or its text, without what differs from second to second."""
    if isinstance(answer, openai.BaseModel):
        return without_the_moment(answer.model_dump(exclude_unset=True))
    return without_the_moment(aoai_async.as_dict(answer))


def without_the_moment(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_the_moment(item) for key, item in value.items() if key not in OF_THE_MOMENT}
    if isinstance(value, list):
        return [without_the_moment(item) for item in value]
    return value


@pytest.mark.parametrize("response_format", FORMATS)
@pytest.mark.parametrize("granularities", [None, ["word"], ["word", "segment"]], ids=str)
async def test_transcriptions(
    theirs: openai.AsyncAzureOpenAI,
    ours: aoai_async.AsyncAzureOpenAI,
    response_format: Any,
    granularities: Any,
) -> None:
    """Equal transcriptions, whatever the format and whatever carries times."""
    asked = {"response_format": response_format, "timestamp_granularities": granularities, "temperature": 0.2}
    given = {name: value for name, value in asked.items() if value is not None}
    call: dict[str, Any] = {"model": "whisper", "file": RECORDING, "language": "en", "prompt": "tea", **given}
    their_answer = await theirs.audio.transcriptions.create(**call)
    assert plain(await ours.audio.transcriptions.create(**call)) == plain(their_answer)


@pytest.mark.parametrize("response_format", FORMATS)
async def test_translations(
    theirs: openai.AsyncAzureOpenAI, ours: aoai_async.AsyncAzureOpenAI, response_format: Any
) -> None:
    """Equal translations, whatever the format."""
    given = {} if response_format is None else {"response_format": response_format}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # theirs, in its own method
        their_answer = await theirs.audio.translations.create(model="whisper", file=RECORDING, **given)
    our_answer = await ours.audio.translations.create(model="whisper", file=RECORDING, **given)
    assert plain(our_answer) == plain(their_answer)


@pytest.mark.parametrize("response_format", ["url", "b64_json", None])
async def test_pictures(
    theirs: openai.AsyncAzureOpenAI, ours: aoai_async.AsyncAzureOpenAI, response_format: Any
) -> None:
    """Equal pictures, by address and as base64."""
    given = {} if response_format is None else {"response_format": response_format}
    call: dict[str, Any] = {"model": "dall-e-3", "prompt": "a corgi", "size": "1792x1024", "style": "natural", **given}
    their_answer = await theirs.images.generate(**call)
    our_answer = await ours.images.generate(**call)
    assert plain(our_answer) == plain(their_answer)
    assert our_answer.created == their_answer.created


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ({"model": "nope", "prompt": "a corgi"}, "NotFoundError"),
        ({"model": "dall-e-3", "prompt": ""}, "BadRequestError"),
        ({"model": "dall-e-3", "prompt": "forbidden-content"}, "BadRequestError"),
        ({"model": "whisper", "prompt": "a corgi"}, "BadRequestError"),
    ],
    ids=["no such deployment", "no prompt", "filtered", "of another kind"],
)
async def test_refusals(
    theirs: openai.AsyncAzureOpenAI, ours: aoai_async.AsyncAzureOpenAI, call: dict[str, Any], kind: str
) -> None:
    """Refusals are errors of classes with the same names, with equal status, code, type and param."""
    with pytest.raises(getattr(openai, kind)) as their_error:
        await theirs.images.generate(**call)
    with pytest.raises(getattr(aoai_async, kind)) as our_error:
        await ours.images.generate(**call)
    facts = ("status_code", "code", "type", "param")
    assert [getattr(our_error.value, fact) for fact in facts] == [getattr(their_error.value, fact) for fact in facts]
