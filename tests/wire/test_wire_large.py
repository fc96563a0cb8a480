import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.wire_samples import ANSWERS, NEARLY

from aoai_async.schema.audio import AudioResponse, AudioVerboseResponse
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import MalformedJSONError, UnfitError, read_json
from aoai_async.wire.large import reading
from aoai_async.wire.reply import Reply
from aoai_async.wire.steps import at_once

KINDS = st.sampled_from([kind for kind, _ in ANSWERS])
ANSWERS_WITH_JSON = st.one_of([st.tuples(st.just(kind), fitting) for kind, fitting in ANSWERS])
BASE64 = st.sampled_from(["", "QUJD", "a/b+c==", "a\\b", 'a"b', "é", "\x07", None])
CUTS = st.lists(st.integers(0, 10_000), max_size=8)
PICTURES = st.lists(
    st.fixed_dictionaries({}, optional={"b64_json": BASE64, "revised_prompt": BASE64, "inside": BASE64}), max_size=4
)


def outcome(read: Callable[[], object]) -> str:
    try:
        return repr(read())
    except (UnfitError, MalformedJSONError) as error:
        return f"{type(error).__name__}: {error}"


def read(pieces: Sequence[bytes], kind: type[Any]) -> Any:
    with patch("aoai_async.wire.large._LONG", 1):
        return at_once(reading(Reply(200, {}, pieces), kind))


def same(body: bytes, kind: type[Any], *cuts: int) -> bool:
    return outcome(lambda: read(cut(body, cuts), kind)) == outcome(lambda: read_json(body, kind))


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[start:end] for start, end in pairwise(ends)]


def count_of_steps(pieces: Sequence[bytes], kind: type[Any]) -> int:
    return sum(1 for _ in reading(Reply(200, {}, pieces), kind))


@given(ANSWERS_WITH_JSON)
def test_in_steps_an_answer_is_what_it_is_at_once(answer: tuple[type[Any], dict[str, Any]]) -> None:
    """The same object comes of it, unknown keys included."""
    kind, value = answer
    body = json.dumps(value).encode()
    assert read([body], kind) == read_json(body, kind)


@given(KINDS, NEARLY)
def test_what_does_not_fit_is_refused_with_the_same_words(kind: type[Any], value: object) -> None:
    """Of any JSON at all the outcome is the same; a place in a list is told as one of the whole list."""
    assert same(json.dumps(value).encode(), kind)


@given(PICTURES, st.sampled_from([(",", ":"), (", ", " : ")]), st.booleans(), CUTS)
def test_pictures_get_their_own_texts(
    data: list[dict[str, Any]], separators: tuple[str, str], ascii_only: bool, cuts: list[int]
) -> None:
    """Wherever the answer is cut, and whatever stands in them or beside them: escapes, quotes, no ASCII."""
    answer = {"created": 1, "data": data, "b64_json": "QUJD"} if len(data) == 3 else {"created": 1, "data": data}
    body = json.dumps(answer, separators=separators, ensure_ascii=ascii_only).encode()
    assert same(body, GenerateImagesResponse, *cuts)


@given(st.lists(st.lists(st.text("ABC+/", min_size=1), min_size=1, max_size=5), min_size=1, max_size=4))
def test_pieces_of_texts_go_where_they_were(texts: list[list[str]]) -> None:
    """Those in which no text begins or ends are not read as JSON, and come back into the right picture's text."""
    pieces = ['{"created":1,"data":[']
    for beginning, *others in texts:
        pieces[-1] += '{"b64_json":"' + beginning
        pieces += others
        pieces[-1] += '"},'
    pieces[-1] = pieces[-1].rstrip(",") + "]}"
    with patch("aoai_async.wire.large.read_json", wraps=read_json) as reader:
        answer = read([piece.encode() for piece in pieces], GenerateImagesResponse)
    assert [picture.b64_json for picture in answer.data] == ["".join(text) for text in texts]
    assert reader.call_count == 1


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"created":1,"data":[{"b64_json":"AA', "A\\/A", 'AA"}]}'],
        ['{"created":1,"data":[{"b64_json":"AA', "é", 'AA"}]}'],
        ['{"created":1,"data":[{"b64_json":"AA\\', "n", 'AA"}]}'],
        ['{"created":1,"data":[{"b64_json":"AA"', "    ", "}]}"],
        ['{"created":', "123", ',"data":[{"b64_json":"AA"}]}'],
        ['{"created":1,"data":[{"revised_prompt":"a', " corgi ", 'field","b64_json":"AA', "BB", 'CC"}]}'],
        ['{"created":1,"data":[{"b64_json":"AA', "BB", 'CC","b64_json":"DD', "EE", 'FF"}]}'],
        ['{"created":1,"data":[{"b64_json":"AA', "BB"],
    ],
)
def test_odd_pieces(pieces: list[str]) -> None:
    """What stands in a piece without quotes is no base64, or belongs elsewhere: the outcome is that of the whole."""
    parts = [piece.encode() for piece in pieces]
    whole = outcome(lambda: read_json(b"".join(parts), GenerateImagesResponse))
    assert outcome(lambda: read(parts, GenerateImagesResponse)) == whole


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"created":1,"data":[{"b64_json":"AAAA',
        b'{"created":1,"data":[{"b64_json":"AAAA"',
        b'{"created":1,"data":[{"b64_json":"\xff"}]}',
        b'{"created":1,"data":[{"b64_json":"AA","b64_json":"BB"}]}',
        b'{"created":1,"data":[{"b64\\u005fjson":"AA"},{"b64_json":"BB"}]}',
        b'{"created":1,"data":[{"revised_prompt":"\\"b64_json\\":\\"A","b64_json":"BB"}]}',
        b'{"created":1,"data":[{"prompt_filter_results":{"b64_json":"AA"},"b64_json":"BB"}]}',
        b'{"text":"a","segments":[{"text":"a"},{"text":5}]}',
        b'{"text":"a","segments":{"text":"a"}}',
        b'{"text":"a","segments":null,"words":[]}',
        b'{"text":"a","segments":[{"text":"\xff"}]}',
        b'{"segments":[{"text":"a"}],"segments":[]}',
        b'{"text":"a","segments":[{"text":"a"}],"segments":[]}',
        b'{"text":"a","segments":[{"text":"a"}],"s\\u0065gments":[]}',
        b'{"text":"a","segments":[{"text":"a"}],"s\\u0065gments":["a list was here"]}',
        b'{"text":"a","segments":[{"text":"a"}],"segments":null}',
        b'{"text":"a","segments":[{"text":"a"}],"s\\u0065gments":null}',
        b'{"text":"a","seen \\"segments":[{"text":"a"}]}',
        b'{"text":"a \\"segments","segments":[{"text":"a"}]}',
        b'{"text":"a","more":{"segments":[{"text":"a"}]},"segments":[]}',
        b'{"text":"a","segments":[{"text":"a]"}],"more":[1],"words":[{"word":"}]"}],"last":"]"}',
        b'{"text":"a","words":[{"word":"a"}],"segments":[{"text":"a"}',
        b'{"text":"a","segments":[{"text":"a"',
        b'{"text":"a","segments" : [ {"text":"a"} , null, {"text":"b"}]}',
    ],
)
@pytest.mark.parametrize("kind", [GenerateImagesResponse, AudioVerboseResponse, AudioResponse])
def test_odd_answers(body: bytes, kind: type[Any]) -> None:
    """Broken, doubled, disguised: the outcome is that of reading it at once."""
    assert same(body, kind)


TEXTS = st.sampled_from(["a", "}", "},{", "}]", "]", '"segments":[{', '"', "{", "a list was here", "\\", "é"])
OBJECTS = st.lists(st.fixed_dictionaries({"text": TEXTS, "word": TEXTS}, optional={"tokens": st.just([1])}), max_size=6)


@given(TEXTS, OBJECTS, OBJECTS, st.sampled_from([(",", ":"), (", ", " : ")]), st.sampled_from([None, 1]))
def test_texts_that_look_like_json(
    text: str, segments: list[Any], words: list[Any], separators: tuple[str, str], indent: int | None
) -> None:
    """Wherever an answer is cut, each object stays whole and where it was."""
    answer = {"text": text, "segments": segments, text: words, "words": words, "task": text}
    body = json.dumps(answer, separators=separators, indent=indent).encode()
    with patch("aoai_async.wire.large._BYTES_A_STEP", 1):
        assert same(body, AudioVerboseResponse)


def test_the_place_of_a_misfit_is_told() -> None:
    """Far behind in a list, it has its number there, not that in its step."""
    segments = [{"text": "a"} for _ in range(250)] + [{"text": 5}]
    with pytest.raises(UnfitError, match=r"segments\[250\]"):
        read([json.dumps({"text": "a", "segments": segments}).encode()], AudioVerboseResponse)


def test_how_many_steps_there_are() -> None:
    """One for each 20,000 bytes of segments or words, one for each piece in which no text begins or ends."""
    objects = [{"text": "a" * 188}] * 950
    heard = json.dumps({"text": "a", "segments": objects, "words": [{"word": "a"}] * 50}).encode()
    assert count_of_steps([heard], AudioVerboseResponse) == 10 + 1
    painted = json.dumps({"created": 1, "data": [{"b64_json": "A" * 100_000}] * 2}).encode()
    assert count_of_steps(cut(painted, range(0, 200_000, 10_000)), GenerateImagesResponse) == 20 - 3
