from typing import Any

import pytest

from aoai_async import (
    AsyncAzureOpenAI,
    AudioResponse,
    AudioResponseFormat,
    AudioVerboseResponse,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    InvalidInputError,
    TextAnswer,
    TimestampGranularity,
    UnexpectedAnswerError,
)
from aoai_async.emulator import AzureOpenAIEmulator, Fault

FILE = ("talk.mp3", b"ID3 sound")
SPOKEN = "The kettle is on. Would you like some tea?"
CLASSES = [
    (None, AudioResponse),
    ("json", AudioResponse),
    ("verbose_json", AudioVerboseResponse),
    ("text", TextAnswer),
    ("srt", TextAnswer),
    ("vtt", TextAnswer),
    (AudioResponseFormat.VERBOSE_JSON, AudioVerboseResponse),
    (AudioResponseFormat.SRT, TextAnswer),
]


@pytest.mark.parametrize(("response_format", "kind"), CLASSES)
@pytest.mark.parametrize("operation", ["transcriptions", "translations"])
async def test_each_format_has_its_class(
    client: AsyncAzureOpenAI, operation: str, response_format: str | None, kind: type
) -> None:
    """The format asked for decides the class of the answer, which tells the request it belongs to."""
    heard: Any = await getattr(client.audio, operation).create(file=FILE, response_format=response_format)
    assert heard.request_id
    assert heard.region == "Emulated Central"
    assert heard.remaining_requests == 999
    assert "kettle" in (heard if isinstance(heard, str) else heard.text)
    assert type(heard) is kind


async def test_the_texts_are_what_the_service_sent(client: AsyncAzureOpenAI) -> None:
    """Plain text is handed on unchanged, with its last line break."""
    create = client.audio.transcriptions.create
    assert await create(file=FILE, response_format="text") == f"{SPOKEN}\n"
    assert (await create(file=FILE, response_format="vtt")).startswith("WEBVTT\n\n00:00:00.250 -->")
    assert (await create(file=FILE, response_format="srt")).startswith("1\n00:00:00,250 -->")


async def test_verbose_answer_in_full(client: AsyncAzureOpenAI) -> None:
    """Segments and words come with their times when both were asked for."""
    heard = await client.audio.transcriptions.create(
        file=FILE, response_format="verbose_json", timestamp_granularities=["word", TimestampGranularity.SEGMENT]
    )
    assert (heard.task, heard.language, heard.duration) == ("transcribe", "english", 3.5)
    assert [segment.text for segment in heard.segments or []] == [" The kettle is on.", " Would you like some tea?"]
    assert [(word.word, word.start) for word in heard.words or []][:2] == [("The", 0.25), ("kettle", 0.5)]


async def test_words_alone_come_without_segments(client: AsyncAzureOpenAI) -> None:
    """What the service leaves out is None."""
    heard = await client.audio.transcriptions.create(
        file=FILE, response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert heard.segments is None
    assert heard.words


@pytest.mark.parametrize(("response_format", "kind"), CLASSES)
@pytest.mark.parametrize("operation", ["transcriptions", "translations"])
async def test_raw_responses(client: AsyncAzureOpenAI, operation: str, response_format: str | None, kind: type) -> None:
    """`with_raw_response` has status, headers, body, and parses to what the plain method returns."""
    raw = await getattr(client.audio, operation).with_raw_response.create(file=FILE, response_format=response_format)
    assert (raw.status, raw.status_code, raw.retries_taken) == (200, 200, 0)
    assert raw.request_id == raw.headers["APIM-Request-Id"] == raw.parse().request_id
    assert raw.url.endswith(f"/openai/deployments/whisper/audio/{operation}")
    assert type(raw.parse()) is kind
    assert "kettle" in raw.text
    assert raw.content == raw.text.encode()


async def test_raw_response_of_the_whole_group(client: AsyncAzureOpenAI) -> None:
    """`audio.with_raw_response` gives the same methods; `json` gives the plain value."""
    raw = await client.audio.with_raw_response.transcriptions.create(file=FILE)
    assert raw.json() == {"text": SPOKEN}
    assert (await client.audio.with_raw_response.translations.create(file=FILE)).parse().text == SPOKEN


async def test_nothing_is_sent_that_was_not_given(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Without options the body is the file alone: defaults are the service's own."""
    await client.audio.transcriptions.create(file=FILE)
    await client.audio.translations.create(file=FILE, prompt=None, response_format=None, temperature=None)
    assert [[part.name for part in request.parts] for request in emulator.requests] == [["file"], ["file"]]


async def test_every_option_arrives(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Every parameter of a transcription is a text part, the file is the last one."""
    await client.audio.transcriptions.create(
        file=FILE,
        prompt="Grüße, 你好\r\nline",
        response_format="verbose_json",
        temperature=0,
        language="de",
        timestamp_granularities=["word", "segment"],
        extra_body={"chunking": True, "include": ["a", "b"], "limit": 3, "none": None},
    )
    parts = [(part.name, part.text) for part in emulator.requests[0].parts]
    assert parts == [
        ("prompt", "Grüße, 你好\r\nline"),
        ("response_format", "verbose_json"),
        ("temperature", "0"),
        ("language", "de"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        ("chunking", "true"),
        ("include[]", "a"),
        ("include[]", "b"),
        ("limit", "3"),
        ("file", None),
    ]


async def test_extra_headers_and_query_arrive(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """`extra_headers` and `extra_query` of a call add to those of the client and replace them, in any case."""
    other = client.with_options(default_headers={"X-Team": "a", "X-Cost": "b"}, default_query={"q": "1"})
    await other.audio.translations.create(
        file=FILE, extra_headers={"x-team": "c"}, extra_query={"q": "a b&c", "api-version": "2025-04-01-preview"}
    )
    request = emulator.requests[0]
    assert request.headers.getall("X-Team") == ["c"]
    assert request.headers["X-Cost"] == "b"
    assert request.query == {"q": "a b&c", "api-version": "2025-04-01-preview"}


async def test_the_content_type_can_be_told(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """A tuple's third member is the part's Content-Type; one that would break the framing is not sent."""
    await client.audio.transcriptions.create(file=("a.mp3", b"x", "audio/mpeg"))
    await client.audio.transcriptions.create(file=("a.mp3", b"x", "audio/mpeg\r\nX-Evil: 1"))
    await client.audio.transcriptions.create(file=("a.mp3", b"x", None))
    kinds = [request.part("file").content_type for request in emulator.requests]
    assert kinds == ["audio/mpeg", "application/octet-stream", "application/octet-stream"]


async def test_model_is_the_deployment(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """`model` names the deployment; without it the client's `azure_deployment` is asked."""
    await client.with_options(azure_deployment="other").audio.transcriptions.create(model="whisper", file=FILE)
    await client.audio.transcriptions.create(file=FILE)
    assert {request.path for request in emulator.requests} == {"/openai/deployments/whisper/audio/transcriptions"}


async def test_a_deployment_is_needed(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """Without any deployment, or with one that cannot be, nothing is sent and the message tells what to give."""
    nameless = AsyncAzureOpenAI(azure_endpoint=emulator.endpoint, api_key="k")
    with pytest.raises(InvalidInputError, match="give model=") as caught:
        await nameless.audio.transcriptions.create(file=FILE)
    assert caught.value.attempts == 0
    for name in ("", "a/b", "..", "ü", "x" * 65):
        with pytest.raises(InvalidInputError, match="not the name of a deployment") as caught:
            await client.audio.transcriptions.create(model=name, file=FILE)
        assert caught.value.field == "model"
    assert emulator.requests == []


async def test_request_objects(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """`send` does for a request object what the methods do."""
    text = await client.send(CreateTranscriptionRequest(file=FILE, response_format="text", language="en"), timeout=60)
    assert text == f"{SPOKEN}\n"
    assert isinstance(await client.send(CreateTranslationRequest(file=FILE)), AudioResponse)
    assert [request.path.rpartition("/")[2] for request in emulator.requests] == ["transcriptions", "translations"]
    with pytest.raises(InvalidInputError, match="no request"):
        await client.send("talk.mp3")  # type: ignore[call-overload]


@pytest.mark.parametrize(("body", "kind"), [("hello\n", TextAnswer), ({"text": "hello\n"}, AudioResponse)])
async def test_an_unknown_format_is_told_by_the_content_type(
    client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator, body: object, kind: type
) -> None:
    """A format of a later version passes, and the answer's Content-Type decides its class."""
    emulator.set_faults([Fault(body=body)])  # type: ignore[arg-type]
    heard = await client.audio.transcriptions.create(file=FILE, response_format="new_one")
    assert type(heard) is kind
    assert getattr(heard, "text", heard) == "hello\n"


async def test_a_large_answer_is_understood(client: AsyncAzureOpenAI, emulator: AzureOpenAIEmulator) -> None:
    """An answer of thousands of segments is taken apart without blocking the loop, unknown keys included."""
    segments = [{"id": number, "text": " x" * 50, "novel": True} for number in range(5000)]
    emulator.set_faults([Fault(body={"text": "all", "segments": segments}), Fault(body={"segments": segments})])
    heard = await client.audio.transcriptions.create(file=FILE, response_format="verbose_json")
    assert heard.segments
    assert [segment.id for segment in heard.segments] == list(range(5000))
    assert heard.segments[0].extra == {"novel": True}
    with pytest.raises(UnexpectedAnswerError, match="text") as caught:
        await client.audio.transcriptions.create(file=FILE, response_format="verbose_json")
    assert caught.value.attempts == 1
