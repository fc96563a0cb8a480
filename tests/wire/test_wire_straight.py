import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.wire_samples import ANSWERS, NEARLY

from aoai_async.schema.audio import AudioResponse, AudioSegment, AudioVerboseResponse
from aoai_async.schema.images import GenerateImagesResponse
from aoai_async.wire.convert import UnfitError, as_dict, decode_json, encode_json, fit, read_json
from aoai_async.wire.straight import read_straight

KINDS = st.sampled_from([kind for kind, _ in ANSWERS])
ANSWERS_WITH_JSON = st.one_of([st.tuples(st.just(kind), fitting) for kind, fitting in ANSWERS])
SEGMENT = {
    "id": 0,
    "seek": 0,
    "start": 0.0,
    "end": 2.5,
    "text": " a",
    "tokens": [1, 2],
    "temperature": 0.0,
    "avg_logprob": -0.25,
    "compression_ratio": 1.5,
    "no_speech_prob": 0.1,
}
SAFE = {"filtered": False, "severity": "safe"}
PICTURE = {
    "url": "u",
    "revised_prompt": "p",
    "content_filter_results": {"hate": SAFE, "violence": None},
    "prompt_filter_results": {"jailbreak": {"filtered": False, "detected": False}, "sexual": SAFE},
}


@given(ANSWERS_WITH_JSON)
def test_an_answer_is_read_as_the_converter_reads_it(answer: tuple[type[Any], dict[str, Any]]) -> None:
    """Straight or not, the same bytes become the same object, unknown keys included."""
    kind, value = answer
    body = json.dumps(value).encode()
    assert read_straight(body, kind) in (None, fit(value, kind))
    assert read_json(body, kind) == fit(value, kind)


@given(KINDS, NEARLY)
def test_what_does_not_fit_is_refused_as_the_converter_refuses_it(kind: type[Any], value: object) -> None:
    """Of any JSON at all the outcome is the converter's: an object, or an error with the same words."""
    body = json.dumps(value).encode()
    assert _outcome(lambda: read_json(body, kind)) == _outcome(lambda: fit(decode_json(body), kind))


def _outcome(read: Callable[[], object]) -> str:
    try:
        return repr(read())
    except UnfitError as error:
        return str(error)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AudioResponse, {"text": "a"}),
        (AudioVerboseResponse, {"text": "a", "task": "sing", "segments": [SEGMENT, {}], "words": [{"word": "a"}]}),
        (AudioVerboseResponse, {"text": "a", "segments": None, "words": [], "duration": 3}),
        (GenerateImagesResponse, {"created": 1, "data": [PICTURE, {}]}),
    ],
    ids=["json", "verbose_json", "nulls", "pictures"],
)
def test_an_answer_of_the_known_form_is_read_straight(kind: type[Any], value: dict[str, Any]) -> None:
    """What has only keys that the classes name does not take the long way."""
    assert read_straight(json.dumps(value).encode(), kind) == fit(value, kind)


@pytest.mark.parametrize("name", ["usage", "extra", "info"])
@pytest.mark.parametrize(
    ("kind", "value", "inside"),
    [
        (AudioVerboseResponse, {"text": "a"}, ()),
        (AudioVerboseResponse, {"text": "a", "segments": [SEGMENT, SEGMENT]}, ("segments", 1)),
        (AudioVerboseResponse, {"text": "a", "words": [{}]}, ("words", 0)),
        (GenerateImagesResponse, {"created": 1, "data": [PICTURE]}, ("data", 0)),
        (GenerateImagesResponse, {"created": 1, "data": [PICTURE]}, ("data", 0, "content_filter_results")),
        (GenerateImagesResponse, {"created": 1, "data": [PICTURE]}, ("data", 0, "prompt_filter_results", "jailbreak")),
    ],
    ids=["answer", "segment", "word", "picture", "verdicts", "verdict"],
)
def test_an_unknown_key_anywhere_is_noticed(
    kind: type[Any], value: dict[str, Any], inside: tuple[Any, ...], name: str
) -> None:
    """One key that no class names, however deep, and the answer goes the long way, where it is kept."""
    value = json.loads(json.dumps(value))
    place = value
    for step in inside:
        place = place[step]
    place[name] = 1
    body = json.dumps(value).encode()
    assert read_straight(body, kind) is None
    assert f'"{name}":1' in encode_json(as_dict(read_json(body, kind))).decode()


@pytest.mark.parametrize("body", [b"", b"{", b'{"text":"\xff"}', b'{"text":' + b"[" * 100_000, b"[]", b"null"])
def test_what_is_no_answer_is_left_to_the_converter(body: bytes) -> None:
    """No JSON, no UTF-8, too deep, no object: nothing is raised here."""
    assert read_straight(body, AudioSegment) is None


FIRST_READS = """
import sys, threading
from attrs import frozen
from aoai_async.schema.base import SchemaObject
from aoai_async.wire.straight import read_straight

def read(kind):
    start.wait()
    assert read_straight(b'{"parts": [{"text": "a"}]}', kind).parts[0].text == "a"
    read_well.append(kind)

sys.setswitchinterval(1e-6)
read_well = []
for _ in range(40):
    part = frozen(type("Part", (SchemaObject,), {"__annotations__": {"text": str | None}, "text": None}))
    whole = frozen(type("Whole", (SchemaObject,), {"__annotations__": {"parts": list[part]}, "parts": ()}))
    start = threading.Barrier(4)
    threads = [threading.Thread(target=read, args=[whole]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert len(read_well) == 160
"""


def test_first_answers_that_come_at_once() -> None:
    """Threads that read the first answers of a class at the same time do not disturb each other, or end the process."""
    assert subprocess.run([sys.executable, "-c", FIRST_READS], check=False).returncode == 0
