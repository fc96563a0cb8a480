import json
from typing import Any

import pytest
from wire.wire_samples import reply

from aoai_async.errors import APIStatusError, ContentFilteredError, NotFoundError, RateLimitError
from aoai_async.schema.audio import AudioResponse, AudioTask, AudioVerboseResponse
from aoai_async.schema.base import TextAnswer
from aoai_async.schema.failures import DalleErrorResponse
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import as_dict, encode_json, fit
from aoai_async.wire.decipher import check_status, decipher
from aoai_async.wire.pictures import expiry
from aoai_async.wire.reply import Reply
from aoai_async.wire.retry import is_worth_retrying

ANSWERS = {
    "images_url": GenerateImagesResponse,
    "transcription_default_json": AudioResponse,
    "transcription_srt": str,
    "transcription_text": str,
    "transcription_verbose_json": AudioVerboseResponse,
    "transcription_words_and_segments": AudioVerboseResponse,
}
REFUSALS = {"audio_429": RateLimitError, "deployment_404": NotFoundError}
OTHERS = {"images_content_filter_400", "blob_download"}
EXAMPLES = {
    "audio_transcription_object": AudioResponse,
    "audio_translation_object": AudioResponse,
    "image_generation": GenerateImagesResponse,
}
TEXT_EXAMPLES = {"audio_transcription_text", "audio_translation_text"}


def _replayed(recorded: dict[str, Any]) -> Reply:
    body, headers = recorded["response_body"], recorded["response_headers"]
    content = body.encode() if isinstance(body, str) else body
    return reply(content, status=recorded["status"], headers=headers, content_type=headers["Content-Type"])


def _plain(answer: object) -> Any:
    return json.loads(encode_json(as_dict(answer)))


def _raised(answer: Reply) -> APIStatusError:
    with pytest.raises(APIStatusError) as raised:
        check_status(answer, 0.0)
    return raised.value


def test_every_recording_and_example_is_tested(recordings: dict[str, Any], examples: dict[str, Any]) -> None:
    """Nothing that was recorded is left out here."""
    assert recordings.keys() == ANSWERS.keys() | REFUSALS.keys() | OTHERS
    assert examples.keys() == EXAMPLES.keys() | TEXT_EXAMPLES


@pytest.mark.parametrize("name", ANSWERS)
def test_a_recorded_answer_is_read_and_given_back(recordings: dict[str, Any], name: str) -> None:
    """Each answer becomes its class, knows its request, and is the recorded JSON or text again."""
    answer = _replayed(recordings[name])
    check_status(answer, 0.0)
    found = decipher(answer, ANSWERS[name])
    assert isinstance(found, ANSWERS[name])
    assert _plain(found) == recordings[name]["response_body"]
    assert found.request_id == "<uuid>"
    assert found.region == recordings[name]["response_headers"]["x-ms-region"]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_recorded_answers_content_type_tells_its_form(recordings: dict[str, Any], name: str) -> None:
    """Text is never taken for JSON, nor JSON for text."""
    answer = _replayed(recordings[name])
    if ANSWERS[name] is str:
        assert isinstance(decipher(answer, None), TextAnswer)
    elif ANSWERS[name] is not GenerateImagesResponse:
        assert isinstance(decipher(answer, None), AudioResponse)


def test_a_recorded_verbose_answer_is_read_to_its_depth(recordings: dict[str, Any]) -> None:
    """Task, segments, words and tokens are values of their classes."""
    heard = decipher(_replayed(recordings["transcription_words_and_segments"]), AudioVerboseResponse)
    assert heard.task is AudioTask.TRANSCRIBE
    assert heard.segments[0].text.startswith(" ")
    assert all(isinstance(token, int) for token in heard.segments[0].tokens)
    assert heard.words[0].start < heard.words[0].end
    assert not heard.extra


def test_words_alone_come_without_segments(recordings: dict[str, Any]) -> None:
    """Where only words were asked for there are no segments, and none are made up; and the reverse."""
    recorded = recordings["transcription_words_and_segments"]["response_body"]
    words_only = {key: value for key, value in recorded.items() if key != "segments"}
    assert fit(words_only, AudioVerboseResponse).segments is None
    assert as_dict(fit(words_only, AudioVerboseResponse)) == words_only
    assert decipher(_replayed(recordings["transcription_verbose_json"]), AudioVerboseResponse).words is None


@pytest.mark.parametrize("name", REFUSALS)
def test_a_recorded_refusal_is_its_error(recordings: dict[str, Any], name: str) -> None:
    """Each refusal has its class, and the recorded code and message."""
    error = _raised(_replayed(recordings[name]))
    recorded = recordings[name]["response_body"]["error"]
    assert type(error) is REFUSALS[name]
    assert (error.code, error.message) == (recorded["code"], recorded["message"])
    assert (error.type, error.param) == (None, None)
    assert (error.request_id, error.region) == ("<uuid>", recordings[name]["response_headers"]["x-ms-region"])


def test_the_recorded_quota_refusal_says_when_to_come_back(recordings: dict[str, Any]) -> None:
    """Its wait is 59 seconds, by its header, by the other header, and by its words."""
    recorded = recordings["audio_429"]
    for name in ("none", "Retry-After", "x-ratelimit-reset-requests"):
        recorded["response_headers"].pop(name, None)
        error = _raised(_replayed(recorded))
        assert error.retry_after == 59.0
        assert is_worth_retrying(error)


@pytest.mark.parametrize("which", [0, 1])
def test_both_recorded_filter_verdicts_are_read(recordings: dict[str, Any], which: int) -> None:
    """The filter's refusal has its own class with the recorded verdicts, partial or whole, and is not repeated."""
    body = recordings["images_content_filter_400"]["bodies"][which]
    inner = body["error"]["inner_error"]
    error = _raised(reply(body, status=400))
    assert isinstance(error, ContentFilteredError)
    assert _plain(error.filter_results) == inner["content_filter_results"]
    assert error.revised_prompt == inner.get("revised_prompt")
    assert (error.code, error.type) == ("content_policy_violation", body["error"].get("type"))
    assert not is_worth_retrying(error)
    assert _plain(fit(body, DalleErrorResponse)) == body


def test_the_recorded_pictures_address_stays_secret(recordings: dict[str, Any]) -> None:
    """The address of a picture is shown by no repr, and its verdicts are, a category left out being None."""
    made = decipher(_replayed(recordings["images_url"]), GenerateImagesResponse)
    address, _, query = made.data[0].url.partition("?")
    assert query
    for shown in (repr(made), repr(made.data[0]), str(made)):
        assert address not in shown
        assert query not in shown
    assert made.data[0].content_filter_results.hate.severity == "safe"
    assert made.data[0].prompt_filter_results.profanity.detected is False
    assert made.data[0].prompt_filter_results.jailbreak is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_official_example_is_read_and_given_back(examples: dict[str, Any], name: str) -> None:
    """Each example of the contract fits its class, and is the same JSON again."""
    body = examples[name]["responses"]["200"]["body"]
    found = decipher(reply(body), EXAMPLES[name])
    assert isinstance(found, EXAMPLES[name])
    assert _plain(found) == body


@pytest.mark.parametrize("name", sorted(TEXT_EXAMPLES))
def test_an_official_text_example_is_a_str(examples: dict[str, Any], name: str) -> None:
    """Each example in plain text is that text."""
    text = examples[name]["responses"]["200"]["example"]
    assert decipher(reply(text.encode(), content_type="text/plain; charset=utf-8"), str) == text


def test_the_official_pictures_address_says_when_it_ends(examples: dict[str, Any]) -> None:
    """The moment is read from the example's signature."""
    url = examples["image_generation"]["responses"]["200"]["body"]["data"][0]["url"]
    moment = expiry(url)
    assert moment is not None
    assert moment.isoformat() == "2023-10-27T17:45:09+00:00"
