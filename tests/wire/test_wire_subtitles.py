"""Subtitles and tables: as the service and whisper write them, and never broken by what was said."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.schema.audio import AudioSegment, AudioVerboseResponse
from aoai_async.wire.convert import fit
from aoai_async.wire.subtitles import Cue, cues_of, srt, tsv, vtt

TEA = [Cue(0.25, 1.5, " The kettle is on."), Cue(3661.5, 3662.0, " Would you like some tea?")]
TIMES = st.floats(allow_nan=False, allow_infinity=False)
# What could be taken for another cue, and what each of the forms divides by.
TEXTS = st.text() | st.lists(st.sampled_from(["-", ">", "\n", "\r", "\t", "1", " ", "00:00:01,000"])).map("".join)
CUES = st.lists(st.builds(Cue, TIMES, TIMES, TEXTS), max_size=5)
STAMP = r"\d\d:[0-5]\d:[0-5]\d"


def test_srt() -> None:
    """Numbered cues with a comma before the thousandths, a blank line after each, one more newline at the end."""
    assert srt(TEA) == (
        "1\n00:00:00,250 --> 00:00:01,500\nThe kettle is on.\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\nWould you like some tea?\n\n\n"
    )


def test_vtt() -> None:
    """A heading, cues without numbers, hours in every time, a point before the thousandths."""
    assert vtt(TEA) == (
        "WEBVTT\n\n00:00:00.250 --> 00:00:01.500\nThe kettle is on.\n\n"
        "01:01:01.500 --> 01:01:02.000\nWould you like some tea?\n\n"
    )


def test_tsv() -> None:
    """A heading, whole milliseconds, tabs between; a tab that was said is a blank."""
    assert tsv([*TEA, Cue(4000.0, 4001.0, "one\ttwo")]) == (
        "start\tend\ttext\n250\t1500\tThe kettle is on.\n3661500\t3662000\tWould you like some tea?\n"
        "4000000\t4001000\tone two\n"
    )


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a --> b", "a -> b"),
        ("a ---> b", "a -> b"),
        ("a\n\n2\nb", "a 2 b"),
        ("  a -> b ", "a -> b"),
        ("a - b", "a - b"),
    ],
)
def test_text_that_looks_like_a_cue(said: str, written: str) -> None:
    """Arrows are shortened and lines are joined, and nothing else of the text changes."""
    assert srt([Cue(0, 1, said)]).splitlines()[2] == written
    assert vtt([Cue(0, 1, said)]).splitlines()[3] == written


@given(CUES)
def test_srt_has_as_many_cues_as_were_given(cues: list[Cue]) -> None:
    """Whatever is said, whenever: every cue is a number, a line with one arrow, a line of text, a blank line."""
    lines = srt(cues).split("\n")
    assert len(lines) == 4 * len(cues) + 2
    for number in range(len(cues)):
        head, times, text, blank = lines[4 * number : 4 * number + 4]
        assert head == str(number + 1)
        assert re.fullmatch(rf"{STAMP},\d{{3}} --> {STAMP},\d{{3}}", times)
        assert "-->" not in text
        assert blank == ""


@given(CUES)
def test_vtt_has_as_many_cues_as_were_given(cues: list[Cue]) -> None:
    """Whatever is said, whenever: every cue is a line with one arrow, a line of text, a blank line."""
    blocks = vtt(cues).split("\n")[2:]
    assert len(blocks) == 3 * len(cues) + 1
    assert all(re.fullmatch(rf"{STAMP}\.\d{{3}} --> {STAMP}\.\d{{3}}", times) for times in blocks[0:-1:3])
    assert not any("-->" in text for text in blocks[1::3])


@given(CUES)
def test_tsv_has_as_many_rows_as_were_given(cues: list[Cue]) -> None:
    """Whatever is said, whenever: every row has two whole numbers and one text."""
    rows = tsv(cues).split("\n")[1:-1]
    assert len(rows) == len(cues)
    assert all(re.fullmatch(r"\d+\t\d+\t[^\t]*", row) for row in rows)


@given(st.floats(0, 359_999))
def test_times_are_right_to_the_thousandth(seconds: float) -> None:
    """A time that is read again is the time that was written."""
    hours, minutes, rest = re.findall(r"(\d\d):(\d\d):(\d\d,\d{3})", srt([Cue(seconds, seconds, "")]))[0]
    assert abs(int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", ".")) - seconds) < 0.00051


def test_segments_become_cues() -> None:
    """Segments keep their order; one that has no text or no times is left out."""
    segments = [
        AudioSegment(start=0.0, end=1.0, text=" one"),
        AudioSegment(start=None, end=1.0, text=" lost"),
        AudioSegment(start=1.0, end=None, text=" lost"),
        AudioSegment(start=1.0, end=2.0, text=None),
        AudioSegment(start=2.0, end=3.0, text=" two"),
    ]
    assert cues_of(AudioVerboseResponse(text="", segments=segments)) == [Cue(0.0, 1.0, " one"), Cue(2.0, 3.0, " two")]


@pytest.mark.parametrize(
    ("answer", "cues"),
    [
        (AudioVerboseResponse(text="one two", duration=3.5), [Cue(0.0, 3.5, "one two")]),
        (AudioVerboseResponse(text="one two"), [Cue(0.0, 0.0, "one two")]),
        (AudioVerboseResponse(text=" ", duration=3.5), []),
        (AudioVerboseResponse(text="one two", segments=[]), []),
    ],
)
def test_an_answer_without_segments(answer: AudioVerboseResponse, cues: list[Cue]) -> None:
    """Where only words came, all that was said is one cue; where nothing was said there is none."""
    assert cues_of(answer) == cues


def test_srt_as_the_service_recorded_it(recordings: dict[str, Any]) -> None:
    """From a recorded verbose_json come the very bytes of the srt that was recorded of the same speech."""
    verbose = fit(recordings["transcription_verbose_json"]["response_body"], AudioVerboseResponse)
    assert srt(cues_of(verbose)) == recordings["transcription_srt"]["response_body"]
