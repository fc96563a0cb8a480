import json

import pytest
from emulator_server.emulator_calls import Caller

VERBOSE = ("response_format", "verbose_json")
WORD = ("timestamp_granularities[]", "word")
SEGMENT = ("timestamp_granularities[]", "segment")


@pytest.mark.parametrize("fields", [[], [("response_format", "json")]])
async def test_json_is_indented_and_has_a_length(caller: Caller, fields: list[tuple[str, str]]) -> None:
    """Nothing asked and json asked both give the text alone, indented by two, with its exact length."""
    reply = await caller.audio(*fields)
    assert reply.text == '{\n  "text": "Grüß dich, Welt. Bye."\n}'
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Content-Length"] == str(len(reply.body))


@pytest.mark.parametrize(
    ("response_format", "body"),
    [
        ("text", "Grüß dich, Welt. Bye.\n"),
        (
            "srt",
            "1\n00:00:00,900 --> 00:00:02,400\nGrüß dich, Welt.\n\n2\n01:02:03,250 --> 01:02:05,000\nBye.\n\n\n",
        ),
        (
            "vtt",
            "WEBVTT\n\n00:00:00.900 --> 00:00:02.400\nGrüß dich, Welt.\n\n01:02:03.250 --> 01:02:05.000\nBye.\n\n",
        ),
    ],
)
async def test_text_formats_byte_for_byte(caller: Caller, response_format: str, body: str) -> None:
    """text, srt and vtt have the service's line ends, counters and marks, and its Content-Type."""
    reply = await caller.audio(("response_format", response_format))
    assert reply.text == body
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(reply.body))


async def test_verbose_json_has_the_services_keys_in_its_order(caller: Caller) -> None:
    """verbose_json carries segments whose text begins with a blank, and floats widened from 32 bits."""
    reply = await caller.audio(VERBOSE)
    document = reply.json()
    assert list(document) == ["task", "language", "duration", "text", "segments"]
    assert (document["task"], document["language"]) == ("transcribe", "german")
    assert document["duration"] == 3725.10009765625
    assert list(document["segments"][0].items()) == [
        ("id", 0),
        ("seek", 0),
        ("start", 0.8999999761581421),
        ("end", 2.4000000953674316),
        ("text", " Grüß dich, Welt."),
        ("tokens", [1, 2, 3]),
        ("temperature", 0.20000000298023224),
        ("avg_logprob", -0.5),
        ("compression_ratio", 0.75),
        ("no_speech_prob", 0.125),
    ]
    assert (document["segments"][1]["id"], document["segments"][1]["seek"]) == (1, 300)
    assert reply.text == json.dumps(document, indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ([VERBOSE, WORD], {"words"}),
        ([VERBOSE, SEGMENT], {"segments"}),
        ([VERBOSE, WORD, SEGMENT], {"words", "segments"}),
        ([VERBOSE, SEGMENT, WORD], {"words", "segments"}),
        ([WORD, SEGMENT], set()),
    ],
)
async def test_words_and_segments_rule(caller: Caller, fields: list[tuple[str, str]], keys: set[str]) -> None:
    """Words alone give no segments, both give both, and without verbose_json neither is given."""
    document = (await caller.audio(*fields)).json()
    assert document.keys() & {"words", "segments"} == keys


async def test_words_have_word_start_and_end(caller: Caller) -> None:
    """A word tells its text and its time, and nothing else."""
    document = (await caller.audio(VERBOSE, WORD)).json()
    assert document["words"][0] == {"word": "Grüß", "start": 0.8999999761581421, "end": 1.25}


async def test_translation_answers_its_task_and_english(caller: Caller) -> None:
    """A translation says so, and its language is English whatever was spoken."""
    document = (await caller.audio(VERBOSE, operation="translations")).json()
    assert (document["task"], document["language"]) == ("translate", "english")


async def test_answers_carry_the_services_headers(caller: Caller) -> None:
    """An audio answer has the gateway's and the model's headers, echoes our request id, and hides its server."""
    headers = {"api-key": caller.emulator.api_key, "x-ms-client-request-id": "my-id"}
    reply = await caller.audio(headers=headers)
    assert reply.headers["x-ms-client-request-id"] == "my-id"
    assert reply.headers["x-ms-region"] == "Emulated Central"
    assert reply.headers["csp-billing-usage"] == "CognitiveServices.OpenAI.Whisper=3726"
    assert reply.headers["apim-request-id"] == reply.headers["X-Request-ID"]
    assert "Server" not in reply.headers


async def test_each_answer_has_an_id_of_its_own(caller: Caller) -> None:
    """Two answers never share apim-request-id, and without an id of ours there is no echo."""
    first, second = await caller.audio(), await caller.audio()
    assert first.headers["apim-request-id"] != second.headers["apim-request-id"]
    assert "x-ms-client-request-id" not in first.headers
