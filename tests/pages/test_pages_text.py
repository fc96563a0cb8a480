"""What stands in the pages, without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from pages.page_samples import HOSTILE, failure

from aoai_async.cli.pages.gallery import gallery_page
from aoai_async.cli.pages.languages import language_code
from aoai_async.cli.pages.passages import Passage, passages_of
from aoai_async.cli.pages.transcript import transcript_page
from aoai_async.cli.pages.verdicts import filtered_for, verdicts
from aoai_async.schema.audio import AudioSegment, AudioVerboseResponse, AudioWord


def word(text: str, start: float, end: float | None = None) -> AudioWord:
    return AudioWord(word=text, start=start, end=start + 0.5 if end is None else end)


def data_in(page: str) -> str:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_data_cannot_end_its_element(hostile: str) -> None:
    """No sign that HTML heeds stands in the data, and what is read from it is what was put in."""
    data = data_in(gallery_page(title=hostile, entries=[failure(1, hostile)]))
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)["entries"][0]["prompt"] == hostile


def test_the_policy_names_style_and_script() -> None:
    """Nothing may run or load but the style and the script of the page, pictures and sound from beside it."""
    page = gallery_page(title="a", entries=[])
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    for pattern in (r"<style>(.*?)</style>", r"<script>(.*?)</script>"):
        inlined = re.search(pattern, page, re.DOTALL)
        assert inlined is not None
        digest = hashlib.sha256(inlined[1].encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy[1]


def test_nothing_is_fetched_from_elsewhere() -> None:
    """The pages name no address of the world."""
    answer = AudioVerboseResponse(text="a")
    pages = gallery_page(title="a", entries=[]) + transcript_page(title="a", recording="a.mp3", answer=answer)
    assert "//" not in re.sub(r"^\s*//.*$|/\*.*?\*/", "", pages, flags=re.MULTILINE)
    assert "innerHTML" not in pages


def test_a_title_that_has_no_bytes() -> None:
    """A file name that is no UTF-8 can be a title, and the page can be written."""
    assert "talk?.mp3" in gallery_page(title="talk\udcff.mp3", entries=[])


def test_words_are_found_in_the_text_of_their_segment() -> None:
    """Words carry their times, the text keeps its punctuation, and a word that is not in the text is left out."""
    segments = [
        AudioSegment(start=0.0, end=2.0, text=" Well, well."),
        AudioSegment(start=2.0, end=4.0, text=" Now: 7!"),
    ]
    words = [word("well", 0.0), word("Well", 1.0), word("now", 2.0), word("seven", 3.0)]
    answer = AudioVerboseResponse(text="Well, well. Now: 7!", segments=segments, words=words)
    assert passages_of(answer) == [
        Passage(0.0, 2.0, [("Well", 0.0, 0.5), ", ", ("well", 1.0, 1.5), "."]),
        Passage(2.0, 4.0, [("Now", 2.0, 2.5), ": 7!"]),
    ]


def test_a_word_is_not_sought_far_away() -> None:
    """A word that was heard otherwise than it is written does not take the place of a later one."""
    text = f"{'Something else entirely, over and over. ' * 3}end"
    answer = AudioVerboseResponse(
        text=text, segments=[AudioSegment(start=0.0, end=9.0, text=text)], words=[word("end", 1)]
    )
    assert passages_of(answer) == [Passage(0.0, 9.0, [text])]


def test_words_without_segments_make_sentences() -> None:
    """A passage ends with a sentence, or before a pause."""
    words = [word("One", 0.0), word("two", 0.5), word("Three", 1.0), word("four", 4.0)]
    answer = AudioVerboseResponse(text='One "two." Three four', words=words)
    assert [
        (p.start, p.end, "".join(t if isinstance(t, str) else t[0] for t in p.parts)) for p in passages_of(answer)
    ] == [
        (0.0, 1.0, 'One "two." '),
        (1.0, 1.5, "Three "),
        (4.0, 4.5, "four"),
    ]


def test_what_has_no_times_is_shown_all_the_same() -> None:
    """Segments and words without times, and empty ones, break nothing."""
    segments = [AudioSegment(text="One."), AudioSegment(start=1.0), AudioSegment()]
    answer = AudioVerboseResponse(text="One.", segments=segments, words=[AudioWord(), AudioWord(word="One")])
    assert [passage.parts for passage in passages_of(answer)] == [["One."], [], []]
    assert passages_of(AudioVerboseResponse(text=" ", segments=[])) == []


@pytest.mark.parametrize(
    ("name", "code"), [("english", "en"), ("German", "de"), ("de", "de"), ("klingon", ""), (None, ""), ("", "")]
)
def test_languages(name: str | None, code: str) -> None:
    """An English name has a code; an unknown one has none."""
    assert language_code(name) == code


def test_verdicts_in_words() -> None:
    """A row for each category either side names; what stands out is marked, whatever form it has."""
    safe, low = {"filtered": False, "severity": "safe"}, {"filtered": True, "severity": "low"}
    rows = verdicts(
        {"self_harm": safe, "jailbreak": {"filtered": False, "detected": True}}, {"self_harm": low, "odd": 7}
    )
    told = [(row["category"], row["prompt"], row["picture"], row["worst"], row["flagged"]) for row in rows]
    assert told == [
        ("jailbreak", "found", "", "found", True),
        ("odd", "", "7", "7", True),
        ("self harm", "safe", "low, filtered", "low, filtered", True),
    ]
    assert verdicts(None, None) == []


def test_what_something_was_stopped_for() -> None:
    """Categories that let it pass are not named."""
    results = {"hate": {"filtered": False, "severity": "low"}, "self_harm": {"filtered": True, "severity": "high"}}
    assert (
        filtered_for({**results, "jailbreak": {"filtered": True, "detected": True}})
        == "self harm (high), jailbreak (found)"
    )
    assert filtered_for(None) == ""
