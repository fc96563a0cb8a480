"""Generated requests against the official contract of the three operations, where it lies beside the checkout."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator_server.emulator_calls import Caller, Reply
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

Validator = Callable[[str], Draft4Validator]

generously = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])

OPERATIONS = st.sampled_from(["transcriptions", "translations"])
DEPLOYMENTS = st.sampled_from(["whisper", "whisper", "whisper", "dall-e-3", "nothing", "Wh%C3%AFsper"])
VERSIONS = st.sampled_from(["2024-10-21", "2024-10-21", "2025-03-01-preview", "1999-01-01", "", "%00"])
KEYS = st.sampled_from(["emulator-key", "emulator-key", "emulator-key", "wrong", ""])
FILENAMES = st.sampled_from(["a.mp3", "a.wav", "A.FLAC", "ü.ogg", "a.opus", "a", "", ".mp3", None])
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def contract(service_folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((service_folder / "openapi-2024-10-21.audio-image.json").read_bytes())
    return document


@pytest.fixture
def validator(contract: dict[str, Any]) -> Validator:
    def of(schema: str) -> Draft4Validator:
        reference = {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]}
        return Draft4Validator(reference)

    return of


def _assert_within_the_contract(reply: Reply, validator: Validator, *answers: str) -> None:
    """No 5xx, and nothing but the contract's answers or one of the two documented exceptions."""
    assert reply.status < 500
    if reply.status == 400 and not reply.body:
        assert reply.headers["ms-azureml-model-error-reason"]
    elif reply.status == 401 and "statusCode" in reply.json():
        assert reply.json().keys() == {"statusCode", "message"}
    elif reply.status != 200:
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.error["message"]
        validator("dalleErrorResponse").validate(reply.json())
    elif reply.headers["Content-Type"] == "application/json":
        assert any(validator(answer).is_valid(reply.json()) for answer in answers)
    else:
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "audioResponse" in answers


def _choices(*good: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*good, *good, "", "nothing"]) | TEXT


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": TEXT,
        "language": _choices("en", "de"),
        "response_format": _choices("json", "text", "srt", "verbose_json", "vtt"),
        "temperature": st.floats().map(str) | _choices("0", "0.5", "1"),
        "timestamp_granularities[]": _choices("word", "segment"),
        "model": TEXT,
    },
)


@generously
@given(OPERATIONS, DEPLOYMENTS, VERSIONS, KEYS, FILENAMES, FIELDS)
async def test_audio_stays_within_the_contract(
    caller: Caller,
    validator: Validator,
    operation: str,
    deployment: str,
    version: str,
    key: str,
    filename: str | None,
    fields: dict[str, str],
) -> None:
    """Whatever is asked of the audio operations, the answer is one the contract knows, or a documented exception."""
    reply = await caller.audio(
        *fields.items(),
        operation=operation,
        deployment=deployment,
        version=version,
        filename=filename,
        headers={"api-key": key},
    )
    _assert_within_the_contract(reply, validator, "audioVerboseResponse", "audioResponse")


@generously
@given(
    OPERATIONS,
    st.fixed_dictionaries(
        {},
        optional={
            "prompt": st.text(min_size=1, max_size=20),
            "response_format": st.sampled_from(["json", "text", "srt", "verbose_json", "vtt"]),
            "temperature": st.floats(0, 1).map(str),
        },
    ),
)
async def test_good_audio_requests_are_answered(
    caller: Caller, contract: dict[str, Any], operation: str, fields: dict[str, str]
) -> None:
    """What the contract allows is carried out, in one of the two Content-Types it names."""
    reply = await caller.audio(*fields.items(), operation=operation)
    path = contract["paths"][f"/openai/deployments/{{deployment-id}}/audio/{operation}"]
    assert reply.status == 200
    assert reply.headers["Content-Type"].partition(";")[0] in path["post"]["responses"]["200"]["content"]


VERBOSE_KEYS = {"id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio"}


@pytest.mark.parametrize("operation", ["transcriptions", "translations"])
async def test_verbose_answers_are_valid(caller: Caller, validator: Validator, operation: str) -> None:
    """verbose_json is an audioVerboseResponse with every key of its segments."""
    reply = await caller.audio(("response_format", "verbose_json"), operation=operation)
    validator("audioVerboseResponse").validate(reply.json())
    assert all(segment.keys() >= VERBOSE_KEYS for segment in reply.json()["segments"])


GOOD_IMAGES = st.fixed_dictionaries(
    {"prompt": st.text(min_size=1, max_size=20)},
    optional={
        "n": st.just(1),
        "size": st.sampled_from(["1024x1024", "1792x1024", "1024x1792"]),
        "response_format": st.sampled_from(["url", "b64_json"]),
        "user": TEXT,
        "quality": st.sampled_from(["standard", "hd"]),
        "style": st.sampled_from(["vivid", "natural"]),
    },
)


@st.composite
def _spoiled_images(draw: st.DrawFn) -> Any:
    document = draw(GOOD_IMAGES)
    name = draw(st.sampled_from(["prompt", "n", "size", "response_format", "user", "quality", "style", "other"]))
    return {**document, name: draw(JSON)}


@generously
@given(GOOD_IMAGES | _spoiled_images() | JSON)
async def test_images_are_judged_as_the_contract_judges(caller: Caller, validator: Validator, document: Any) -> None:
    """A request the contract allows gets an answer it knows, one it forbids gets 400 and an error it knows."""
    reply = await caller.image(document)
    _assert_within_the_contract(reply, validator, "generateImagesResponse")
    assert reply.status == (200 if validator("imageGenerationsRequest").is_valid(document) else 400)


@generously
@given(DEPLOYMENTS, VERSIONS, KEYS, st.binary(max_size=50))
async def test_any_bytes_are_answered_within_the_contract(
    caller: Caller, validator: Validator, deployment: str, version: str, key: str, body: bytes
) -> None:
    """Bytes that mean nothing are answered with an error of the contract, by every operation."""
    for operation, content_type in (
        ("audio/transcriptions", "multipart/form-data; boundary=B"),
        ("images/generations", "application/json"),
    ):
        path = f"/openai/deployments/{deployment}/{operation}?api-version={version}"
        headers = {"api-key": key, "Content-Type": content_type}
        reply = await caller.send("POST", path, data=body, headers=headers)
        _assert_within_the_contract(reply, validator)


@pytest.mark.parametrize("prompt", ["forbidden-content", "forbidden-partial"])
async def test_filter_refusals_are_valid(caller: Caller, validator: Validator, prompt: str) -> None:
    """Both kinds of refusal by the content filter are errors the contract knows."""
    reply = await caller.image({"prompt": prompt})
    _assert_within_the_contract(reply, validator)
    assert "inner_error" in reply.error
