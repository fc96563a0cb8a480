from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.errors import InvalidInputError
from aoai_async.schema.audio import (
    AudioResponse,
    AudioResponseFormat,
    AudioVerboseResponse,
    CreateTranscriptionRequest,
    CreateTranslationRequest,
    TimestampGranularity,
)
from aoai_async.schema.images import (
    GenerateImagesResponse,
    ImageGenerationsRequest,
    ImageQuality,
    ImageSize,
    ImageStyle,
)
from aoai_async.wire.multipart import frame_upload
from aoai_async.wire.plan import Plan, plan_request

LONE = "\ud800"


def test_a_bare_transcription_sends_only_its_file() -> None:
    """What is not set is not sent: no default of this client goes over the wire."""
    assert plan_request(CreateTranscriptionRequest(file=b"RIFF")) == Plan(
        "audio/transcriptions", None, AudioResponse, file=b"RIFF"
    )


def test_a_full_transcription_sends_each_field() -> None:
    """Every field goes out under its name in the contract, lists as repeated ones with brackets."""
    request = CreateTranscriptionRequest(
        file="talk.mp3",
        model="whisper",
        prompt="ZyntriQix",
        response_format=AudioResponseFormat.VERBOSE_JSON,
        temperature=0,
        language="de",
        timestamp_granularities=[TimestampGranularity.WORD, "segment"],
    )
    assert plan_request(request) == Plan(
        operation="audio/transcriptions",
        deployment="whisper",
        answer=AudioVerboseResponse,
        fields=(
            ("prompt", "ZyntriQix"),
            ("response_format", "verbose_json"),
            ("temperature", "0"),
            ("language", "de"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
        ),
        file="talk.mp3",
    )


def test_a_translation_has_its_own_path() -> None:
    """A translation sends prompt, format and temperature to its own operation."""
    request = CreateTranslationRequest(file="rede.m4a", prompt="Hello", response_format="vtt", temperature=0.5)
    fields = (("prompt", "Hello"), ("response_format", "vtt"), ("temperature", "0.5"))
    assert plan_request(request) == Plan("audio/translations", None, str, fields, "rede.m4a")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (None, AudioResponse),
        ("", AudioResponse),
        ("json", AudioResponse),
        ("verbose_json", AudioVerboseResponse),
        ("text", str),
        ("srt", str),
        ("vtt", str),
        ("diarized_json", None),
    ],
)
@pytest.mark.parametrize("kind", [CreateTranscriptionRequest, CreateTranslationRequest])
def test_the_format_asked_for_tells_the_answer(kind: Any, asked: str | None, answer: type | None) -> None:
    """Each format has its class; of an unknown one only the Content-Type can tell."""
    assert plan_request(kind(file=b"", response_format=asked)).answer is answer
    assert plan_request(kind(file=b"", extra={"response_format": asked})).answer is answer


@pytest.mark.parametrize(
    "empty",
    [
        {"prompt": ""},
        {"language": ""},
        {"response_format": ""},
        {"timestamp_granularities": ""},
        {"timestamp_granularities": []},
        {"timestamp_granularities": [""]},
        {"extra": {"chunking_strategy": None, "include": [], "known_speaker_names": ""}},
    ],
    ids=str,
)
def test_empty_optional_fields_are_left_out(empty: dict[str, Any]) -> None:
    """The service answers 400 to an optional field that is there and empty."""
    assert plan_request(CreateTranscriptionRequest(file=b"", **empty)).fields == ()


def test_one_granularity_may_stand_alone() -> None:
    """A single granularity is not taken apart into letters."""
    plan = plan_request(CreateTranscriptionRequest(file=b"", timestamp_granularities="word"))
    assert plan.fields == (("timestamp_granularities[]", "word"),)


def test_extra_fields_come_last_and_win() -> None:
    """Fields of later versions pass through as text, and may replace one of the named ones."""
    extra = {"stream": True, "logprobs": False, "n": 2, "include": ("a", 1), "prompt": "mine"}
    plan = plan_request(CreateTranslationRequest(file=b"", prompt="given", extra=extra))
    assert plan.fields == (
        ("prompt", "mine"),
        ("stream", "true"),
        ("logprobs", "false"),
        ("n", "2"),
        ("include[]", "a"),
        ("include[]", "1"),
    )


@pytest.mark.parametrize(
    "value", [{"a": 1}, b"bytes", object(), [None], [["nested"]]], ids=lambda value: type(value).__name__
)
def test_what_is_no_text_is_refused(value: object) -> None:
    """A value that has no form as text is named in an error rather than sent as its repr."""
    with pytest.raises(InvalidInputError, match="chunking: a ") as raised:
        plan_request(CreateTranslationRequest(file=b"", extra={"chunking": value}))
    assert raised.value.field == "chunking"


@pytest.mark.parametrize(
    ("given_fields", "field"),
    [
        ({"prompt": f"ab{LONE}"}, "prompt"),
        ({"timestamp_granularities": [LONE]}, "timestamp_granularities"),
        ({"extra": {"a": LONE}}, "a"),
        ({"extra": {LONE: "a"}}, "extra"),
    ],
    ids=lambda value: ascii(value),
)
def test_half_a_surrogate_pair_is_refused(given_fields: dict[str, Any], field: str) -> None:
    """Text that has no bytes in UTF-8 is named in an error, with the place of the fault."""
    with pytest.raises(InvalidInputError, match=r"character \d is half of a surrogate pair") as raised:
        plan_request(CreateTranscriptionRequest(file=b"", **given_fields))
    assert raised.value.field == field
    str(raised.value).encode()


@given(
    st.dictionaries(
        st.text() | st.just("response_format"),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.none()),
    ),
    st.text(),
)
def test_a_plan_is_refused_or_can_be_framed(extra: dict[str, Any], prompt: str) -> None:
    """Whatever a caller passes, it is refused by this client's error, or makes a body without empty fields."""
    try:
        plan = plan_request(CreateTranscriptionRequest(file=b"", prompt=prompt, extra=extra))
    except InvalidInputError:
        return
    assert all(value for _, value in plan.fields)
    assert frame_upload(plan.fields, filename="a.mp3", content_type="audio/mpeg", boundary="B").head


def test_an_image_request_is_a_json_object() -> None:
    """Every field of an image request but the deployment is a key of the body, under its contract name."""
    request = ImageGenerationsRequest(
        prompt="a corgi",
        model="dall-e-3",
        n=1,
        size=ImageSize.SIZE_1792X1024,
        response_format="b64_json",
        user="u",
        quality=ImageQuality.HD,
        style=ImageStyle.NATURAL,
        extra={"background": "transparent", "user": None, "n": 2},
    )
    assert plan_request(request) == Plan(
        operation="images/generations",
        deployment="dall-e-3",
        answer=GenerateImagesResponse,
        json={
            "prompt": "a corgi",
            "n": 2,
            "size": "1792x1024",
            "response_format": "b64_json",
            "quality": "hd",
            "style": "natural",
            "background": "transparent",
        },
    )


def test_a_bare_image_request_sends_only_its_prompt() -> None:
    """What is not set is not sent."""
    assert plan_request(ImageGenerationsRequest(prompt="a corgi")).json == {"prompt": "a corgi"}


@pytest.mark.parametrize("request_", ["talk.mp3", None, {"prompt": "a corgi"}], ids=lambda value: type(value).__name__)
def test_what_is_no_request_is_refused(request_: object) -> None:
    """Only request objects have a plan; the error names what came instead."""
    with pytest.raises(InvalidInputError, match=f"A {type(request_).__name__} is no request"):
        plan_request(request_)


def test_a_name_that_is_no_text_is_refused() -> None:
    """A key of `extra_body` that is no str is refused by its value, since a form has no other names."""
    with pytest.raises(InvalidInputError, match="5 is no name of a field"):
        plan_request(CreateTranslationRequest(file="talk.mp3", extra={5: "x"}))  # type: ignore[dict-item]
