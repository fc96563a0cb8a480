"""Never run: mypy and pyright hold these types against the package."""

from pathlib import Path
from typing import assert_type

from aoai_async import (
    AsyncAzureOpenAI,
    AudioFile,
    AudioResponse,
    AudioResponseFormat,
    AudioVerboseResponse,
    ContentFilteredError,
    CreateTranscriptionRequest,
    DalleFilterResults,
    GenerateImagesResponse,
    ImageGenerationsRequest,
    RawResponse,
)


async def transcriptions(client: AsyncAzureOpenAI, any_format: str) -> None:
    create = client.audio.transcriptions.create
    assert_type(await create(file="a.mp3"), AudioResponse)
    assert_type(await create(file=Path("a.mp3"), model="whisper", response_format="json"), AudioResponse)
    assert_type(await create(file=b"ID3", response_format=None, language="de"), AudioResponse)
    assert_type(await create(file=("a.mp3", b""), response_format="verbose_json"), AudioVerboseResponse)
    assert_type(await create(file="a.mp3", response_format=AudioResponseFormat.VERBOSE_JSON), AudioVerboseResponse)
    assert_type(await create(file=AudioFile(b"", filename="a.mp3"), response_format="text"), str)
    assert_type(await create(file="a.mp3", response_format="srt", prompt="names", temperature=0), str)
    assert_type(await create(file=lambda: Path("a.mp3").open("rb"), response_format="vtt"), str)
    assert_type(await create(file="a.mp3", response_format=AudioResponseFormat.SRT), str)
    assert_type(await create(file="a.mp3", response_format=any_format), AudioResponse | AudioVerboseResponse | str)
    assert_type(
        await create(file="a.mp3", response_format="verbose_json", timestamp_granularities=["word"]),
        AudioVerboseResponse,
    )
    await create(file=open("a.mp3"))  # type: ignore[arg-type] # pyright: ignore
    await create(file="a.mp3", langauge="de")  # type: ignore[call-overload] # pyright: ignore - a misspelt parameter


async def translations(client: AsyncAzureOpenAI) -> None:
    create = client.audio.translations.create
    assert_type(await create(file="a.mp3"), AudioResponse)
    assert_type(await create(file="a.mp3", response_format="verbose_json"), AudioVerboseResponse)
    assert_type(await create(file="a.mp3", response_format="vtt"), str)
    await create(file="a.mp3", language="de")  # type: ignore[call-overload] # pyright: ignore - translations know no language


async def pictures(client: AsyncAzureOpenAI) -> None:
    made = await client.images.generate(prompt="a corgi", n=1, size="auto", quality="hd", style="vivid", user="me")
    assert_type(made, GenerateImagesResponse)
    assert_type(made.created, int)
    assert_type(made.data[0].prompt_filter_results, DalleFilterResults | None)
    assert_type(await made.data[0].read(), bytes)
    assert_type(await made.data[0].save("a.png"), Path)


async def raw(client: AsyncAzureOpenAI) -> None:
    raw_audio = client.audio.transcriptions.with_raw_response
    assert_type(await raw_audio.create(file="a.mp3"), RawResponse[AudioResponse])
    assert_type((await raw_audio.create(file="a.mp3", response_format="srt")).parse(), str)
    assert_type((await raw_audio.create(file="a.mp3", response_format="verbose_json")).parse(), AudioVerboseResponse)
    assert_type((await client.images.with_raw_response.generate(prompt="a")).parse(), GenerateImagesResponse)


async def requests(client: AsyncAzureOpenAI) -> None:
    assert_type(await client.send(ImageGenerationsRequest(prompt="a corgi")), GenerateImagesResponse)
    assert_type(await client.send(CreateTranscriptionRequest(file="a.mp3")), AudioResponse | AudioVerboseResponse | str)


def failures(error: ContentFilteredError) -> None:
    assert_type(error.filter_results, DalleFilterResults | None)
    assert_type(error.status_code, int)
    assert_type(error.retry_after, float | None)


def copies(client: AsyncAzureOpenAI) -> None:
    assert_type(client.with_options(timeout=5, max_retries=0), AsyncAzureOpenAI)
