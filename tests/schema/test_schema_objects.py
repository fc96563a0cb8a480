import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from aoai_async.errors import PictureError
from aoai_async.schema.audio import AudioResponse, AudioResponseFormat, AudioSegment, AudioVerboseResponse, AudioWord
from aoai_async.schema.base import AnswerInfo, TextAnswer
from aoai_async.schema.filters import ContentFilterSeverity, ContentFilterSeverityResult, DalleFilterResults
from aoai_async.schema.images import GenerateImagesResponse, ImageGenerationsRequest, ImageResult, ImageSize

INFO = AnswerInfo(request_id="id", region="East US", remaining_requests=26, client_request_id="c")
URL = "https://store.blob.example/images/1.png?se=2030-01-01&sig=secret"
ANSWERS = [
    AudioResponse(text="Hello.", info=INFO, extra={"usage": {"seconds": 3}}),
    AudioVerboseResponse(
        text="Hello.",
        info=INFO,
        segments=[AudioSegment(id=0, text=" Hello.", tokens=[1, 2], extra={"x": 1})],
        words=[AudioWord(word="Hello", start=0.0, end=1.0)],
    ),
    GenerateImagesResponse(
        created=1,
        data=[
            ImageResult(
                url=URL,
                prompt_filter_results=DalleFilterResults(
                    hate=ContentFilterSeverityResult(filtered=False, severity=ContentFilterSeverity("extreme"))
                ),
            )
        ],
        info=INFO,
    ),
]


class Shelf:
    """Holds every picture."""

    async def read(self, result: ImageResult) -> bytes:
        """Return bytes that tell which picture was asked for."""
        return f"read {result.b64_json}".encode()

    async def save(self, result: ImageResult, path: Any) -> Path:
        """Return a path that tells which picture was asked for."""
        return Path(path) / f"{result.b64_json}"


def _again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_answers_can_be_pickled(answer: Any) -> None:
    """An answer crosses a process boundary with everything it holds, what its headers said included."""
    again = _again(answer)
    assert (again, again.info) == (answer, INFO)


def test_text_answers_can_be_pickled_and_copied() -> None:
    """A text answer stays one, with its info."""
    for again in (_again(TextAnswer("hi\n", INFO)), copy.copy(TextAnswer("hi\n", INFO))):
        assert (again, type(again), again.info) == ("hi\n", TextAnswer, INFO)


@pytest.mark.parametrize("member", [ImageSize.SIZE_1024X1024, ImageSize("auto")])
def test_enum_values_can_be_pickled(member: ImageSize) -> None:
    """A value crosses a process boundary, a known one and an unknown one."""
    assert (_again(member), type(_again(member))) == (member, ImageSize)
    assert copy.deepcopy(member) == member


def test_a_pickled_picture_leaves_its_fetcher_behind() -> None:
    """A result in another process carries data only; it equals the one it was."""
    result = ImageResult(url=URL, revised_prompt="a corgi", extra={"x": 1}, fetcher=Shelf())
    again = _again(result)
    assert (again, again.fetcher) == (result, None)


def test_info_is_read_from_the_answer_itself() -> None:
    """Request id, region and quota are at hand under the names openai-python has, too."""
    answer = AudioResponse(text="", info=INFO)
    assert (answer.request_id, answer._request_id) == ("id", "id")
    assert (answer.region, answer.remaining_requests) == ("East US", 26)


def test_text_answers_know_their_request() -> None:
    """A text answer is a str that has the same attributes."""
    answer = TextAnswer("WEBVTT\n", INFO)
    assert isinstance(answer, str)
    assert (answer.request_id, answer.region, answer.remaining_requests) == ("id", "East US", 26)
    assert TextAnswer("WEBVTT\n").info == AnswerInfo()


def test_info_does_not_make_answers_differ() -> None:
    """Two answers that say the same are equal, whoever gave them."""
    assert AudioResponse(text="a", info=INFO) == AudioResponse(text="a")
    assert AudioResponse(text="a") != AudioResponse(text="b")
    assert AudioResponse(text="a", extra={"x": 1}) != AudioResponse(text="a")


def test_answers_cannot_be_changed() -> None:
    """An answer is a value."""
    answer: Any = AudioResponse(text="a")
    with pytest.raises(FrozenInstanceError):
        answer.text = "b"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AudioResponse(text="Hello.", info=INFO), "AudioResponse(text='Hello.')"),
        (AudioVerboseResponse(text="a", duration=0.0), "AudioVerboseResponse(text='a', duration=0.0)"),
        (AudioResponse(text="a", extra={"x": 1}), "AudioResponse(extra={'x': 1}, text='a')"),
        (
            ContentFilterSeverityResult(filtered=False, severity=ContentFilterSeverity.SAFE),
            "ContentFilterSeverityResult(filtered=False, severity=<ContentFilterSeverity.SAFE: 'safe'>)",
        ),
        (ImageResult(url=URL), "<ImageResult() as url>"),
        (ImageResult(b64_json="A" * 4_000_000), "<ImageResult() as b64_json, 4,000,000 characters>"),
        (ImageResult(), "<ImageResult() as b64_json, 0 characters>"),
    ],
)
def test_a_repr_says_what_is_there(value: object, expected: str) -> None:
    """A repr shows the fields that are set, and of a picture neither its address nor its bytes."""
    assert repr(value) == expected


def test_a_repr_is_short() -> None:
    """However large an answer, its repr can be logged: no base64, no signature, no endless text."""
    pictures = [ImageResult(b64_json="A" * 4_000_000, url=URL, revised_prompt="p" * 5000, fetcher=Shelf())] * 50
    for answer in (
        GenerateImagesResponse(created=1, data=pictures),
        AudioResponse(text="t" * 10**6, extra={"x": "A" * 10**6}),
    ):
        assert len(repr(answer)) < 1000
        assert "secret" not in repr(answer)
        assert "characters)" in repr(answer)


@pytest.mark.parametrize("value", ["vtt", "diarized_json", ""])
def test_enums_are_open(value: str) -> None:
    """Any text is a member that equals its text, and formats as it."""
    member = AudioResponseFormat(value)
    assert isinstance(member, AudioResponseFormat)
    assert (member, str(member), f"{member}", member.value) == (value, value, value, value)
    assert {value: 1}[member] == 1
    assert AudioResponseFormat(member) == member


@pytest.mark.parametrize("value", [None, 5, b"vtt", ["vtt"]])
def test_enums_hold_only_text(value: object) -> None:
    """Null is not 'None': what is no text is no member."""
    with pytest.raises(ValueError, match="not a valid AudioResponseFormat"):
        AudioResponseFormat(value)


def test_unknown_members_stay_out_of_the_list() -> None:
    """An unknown value is no entry of the enumeration itself."""
    assert ImageSize("auto") not in list(ImageSize)
    assert len(ImageSize) == 3


async def test_an_attached_picture_is_read_and_saved_by_its_fetcher() -> None:
    """A result asks its fetcher for its bytes, with itself; the answer it came from stays as it was."""
    answer = GenerateImagesResponse(created=1, data=[ImageResult(b64_json="a"), ImageResult(b64_json="b")])
    attached = answer.attached_to(Shelf())
    assert attached == answer
    assert [await result.read() for result in attached.data] == [b"read a", b"read b"]
    assert await attached.data[1].save("folder") == Path("folder/b")
    assert answer.data[0].fetcher is None


async def test_a_picture_without_a_client_says_how_to_get_one() -> None:
    """A result that belongs to no client tells how to attach it."""
    for action in (ImageResult(url=URL).read(), ImageResult(url=URL).save("corgi.png")):
        with pytest.raises(PictureError, match=r"client\.images\.attach"):
            await action


def test_requests_do_not_share_their_extra_fields() -> None:
    """Each request has its own dictionary of further fields; answers share one that nobody can write to."""
    assert ImageGenerationsRequest(prompt="a").extra is not ImageGenerationsRequest(prompt="b").extra
    nothing = AudioResponse(text="a").extra
    assert nothing == {} == dict(nothing)
    assert nothing.get("x") is None
    assert "x" not in nothing
    assert repr(nothing) == "{}"
    assert not hasattr(nothing, "__setitem__")
    for copied in (copy.deepcopy(nothing), pickle.loads(pickle.dumps(nothing))):  # noqa: S301 - of our own making
        assert copied is nothing
    assert evolve(AudioResponse(text="a"), text="b") == AudioResponse(text="b")
