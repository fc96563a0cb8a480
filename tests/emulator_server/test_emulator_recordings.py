import json
from typing import Any

import aiohttp
import pytest
from emulator_server.emulator_calls import Caller, Reply

from aoai_async.emulator import AzureOpenAIEmulator, Heard, HeardSegment, HeardWord, ScriptedRecognizer


def _script(document: dict[str, Any]) -> Heard:
    return Heard(
        duration=document["duration"],
        segments=tuple(
            HeardSegment(
                **{k: v for k, v in segment.items() if k not in ("id", "text", "tokens")},
                text=segment["text"].removeprefix(" "),
                tokens=tuple(segment["tokens"]),
            )
            for segment in document["segments"]
        ),
        words=tuple(HeardWord(**word, probability=1.0) for word in document.get("words", [])),
        language=document["language"],
    )


async def _ask(heard: Heard, *fields: tuple[str, str]) -> Reply:
    async with (
        AzureOpenAIEmulator(recognizer=ScriptedRecognizer(heard), region="Sweden Central") as emulator,
        aiohttp.ClientSession() as session,
    ):
        return await Caller(emulator, session).audio(
            *fields, headers={"api-key": emulator.api_key, "x-ms-client-request-id": "<echo>"}
        )


def _assert_same_headers(reply: Reply, recorded: dict[str, str]) -> None:
    assert {name.lower() for name in recorded} <= {name.lower() for name in reply.headers}
    for name in ("Content-Type", "Content-Length", "Strict-Transport-Security", "X-Content-Type-Options"):
        assert reply.headers.get(name) == recorded.get(name, reply.headers.get(name))


@pytest.mark.parametrize(
    ("name", "script", "fields"),
    [
        ("transcription_default_json", "transcription_verbose_json", []),
        ("transcription_verbose_json", "transcription_verbose_json", ["verbose_json"]),
        (
            "transcription_words_and_segments",
            "transcription_words_and_segments",
            ["verbose_json", "word", "segment"],
        ),
        ("transcription_srt", "transcription_verbose_json", ["srt"]),
    ],
)
async def test_audio_answers_equal_the_recordings(
    recordings: dict[str, Any], name: str, script: str, fields: list[str]
) -> None:
    """With the recorded values heard, the answer equals the recording: content, length in bytes, headers."""
    recorded = recordings[name]
    names = ["response_format", "timestamp_granularities[]", "timestamp_granularities[]"]
    reply = await _ask(_script(recordings[script]["response_body"]), *zip(names, fields, strict=False))
    expected = recorded["response_body"]
    assert (reply.text if isinstance(expected, str) else reply.json()) == expected
    assert reply.headers["csp-billing-usage"] == recorded["response_headers"]["csp-billing-usage"]
    _assert_same_headers(reply, recorded["response_headers"])


async def test_verbose_keys_come_in_the_recorded_order(recordings: dict[str, Any]) -> None:
    """The keys of verbose_json with words come in the order of the recording, segments' keys too."""
    recorded = recordings["transcription_words_and_segments"]["response_body"]
    fields = [("response_format", "verbose_json")]
    fields += [("timestamp_granularities[]", value) for value in ("word", "segment")]
    reply = await _ask(_script(recorded), *fields)
    assert reply.text == json.dumps(recorded, indent=2)


async def test_text_answer_equals_the_recording(recordings: dict[str, Any]) -> None:
    """The text format is the text and one newline, in the recorded length."""
    recorded = recordings["transcription_text"]
    said = recorded["response_body"].removesuffix("\n")
    heard = Heard(1.0, (HeardSegment(0, 1, said, (), 0, 0, 1, 0),), ())
    reply = await _ask(heard, ("response_format", "text"))
    assert reply.text == recorded["response_body"]
    assert reply.headers["Content-Length"] == recorded["response_headers"]["Content-Length"]


async def test_quota_refusal_equals_the_recording(recordings: dict[str, Any], session: aiohttp.ClientSession) -> None:
    """A call one second after the window of 60 began is answered as recorded: 346 bytes, 59 seconds."""
    recorded = recordings["audio_429"]
    now = 1000.0
    async with AzureOpenAIEmulator(rpm_audio=1, clock=lambda: now) as emulator:
        caller = Caller(emulator, session)
        await caller.audio(version=recorded["api_version"])
        now += 1
        headers = {"api-key": emulator.api_key, "x-ms-client-request-id": "<echo>"}
        reply = await caller.audio(version=recorded["api_version"], headers=headers)
    assert (reply.status, reply.json()) == (recorded["status"], recorded["response_body"])
    _assert_same_headers(reply, recorded["response_headers"])
    for name in ("Retry-After", "x-ratelimit-reset-requests", "policy-id", "apim-operation-name"):
        assert reply.headers[name] == recorded["response_headers"][name]


async def test_unknown_deployment_equals_the_recording(recordings: dict[str, Any], caller: Caller) -> None:
    """A deployment that does not exist is answered as recorded: 198 bytes."""
    recorded = recordings["deployment_404"]
    reply = await caller.audio(
        deployment="nowhere", headers={"api-key": "emulator-key", "x-ms-client-request-id": "<echo>"}
    )
    assert (reply.status, reply.json()) == (recorded["status"], recorded["response_body"])
    _assert_same_headers(reply, recorded["response_headers"])


@pytest.mark.parametrize(("trigger", "which"), [("forbidden-partial", 0), ("forbidden-content", 1)])
async def test_content_filter_equals_the_recordings(
    recordings: dict[str, Any], caller: Caller, trigger: str, which: int
) -> None:
    """Both recorded refusals are given word for word, but for the revised prompt, which is the caller's own."""
    expected = recordings["images_content_filter_400"]["bodies"][which]
    inner = expected["error"]["inner_error"]
    if "revised_prompt" in inner:
        inner["revised_prompt"] = f"a {trigger} scene"
    reply = await caller.image({"prompt": f"a {trigger} scene"})
    assert (reply.status, reply.json()) == (400, expected)


async def test_image_answer_equals_the_recording_but_for_its_address(
    recordings: dict[str, Any], caller: Caller
) -> None:
    """A picture's answer has the recorded keys, filters and headers; its address has the recorded parameters."""
    recorded = recordings["images_url"]
    reply = await caller.image(
        {"prompt": "a tabby cat"}, headers={"api-key": "emulator-key", "x-ms-client-request-id": "<echo>"}
    )
    expected, document = recorded["response_body"], reply.json()
    address, recorded_address = document["data"][0].pop("url"), expected["data"][0].pop("url")
    assert document == {**expected, "created": document["created"]}
    assert _parameter_names(address) == _parameter_names(recorded_address)
    assert reply.headers["apim-request-id"] in address
    _assert_same_headers(reply, recorded["response_headers"])
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in reply.headers


async def test_picture_download_has_the_recorded_headers(recordings: dict[str, Any], caller: Caller) -> None:
    """A download carries the headers of blob storage."""
    recorded = recordings["blob_download"]["response_headers"]
    address = (await caller.image({"prompt": "a cat"})).json()["data"][0]["url"]
    reply = await caller.send("GET", address)
    assert {name.lower() for name in recorded} <= {name.lower() for name in reply.headers}
    for name in ("Accept-Ranges", "Content-Type", "Server", "x-ms-blob-type", "x-ms-version"):
        assert reply.headers[name] == recorded[name]


def _parameter_names(address: str) -> list[str]:
    return [pair.partition("=")[0] for pair in address.partition("?")[2].split("&")]
