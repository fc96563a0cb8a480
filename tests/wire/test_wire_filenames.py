import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.errors import InvalidInputError
from aoai_async.wire.filenames import RECORDING_ENDINGS, checked_recording_name, harmless_name, sniffed_name

ENDINGS = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"]
ROUGH = st.text(st.sampled_from('a.B -_"\\/;=\r\n\0é℀\uff0e\ud800'), max_size=250)


def test_the_service_takes_ten_endings() -> None:
    """The endings are those of the service."""
    assert sorted(RECORDING_ENDINGS) == ENDINGS


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_name_with_a_taken_ending_is_kept(ending: str) -> None:
    """Each of the ten endings passes, in capitals too, and the name stays as it is."""
    for name in (f"talk.{ending}", f"talk.{ending.upper()}", f"a.b/c.d.{ending}", f"C:\\talks\\ä.{ending.title()}"):
        assert checked_recording_name(name) == name


@pytest.mark.parametrize("name", ["talk.opus", "TALK.OPUS", "folder/talk.opus", "C:\\talk.Opus"])
def test_opus_is_offered_as_ogg(name: str) -> None:
    """The service refuses ``.opus`` and takes the same bytes as ``.ogg``; the error says how."""
    with pytest.raises(InvalidInputError, match=r"file=\('talk\.ogg', \.\.\.\)|file=\('TALK\.ogg'") as raised:
        checked_recording_name(name)
    assert raised.value.field == "file"


@pytest.mark.parametrize(
    "name", ["talk", "talk.", ".mp3", "", "talk.txt", "talk.mp3 ", "talk.mp3.zip", "a.mp3/talk", "a.mp3\\b"]
)
def test_a_name_with_another_ending_is_refused(name: str) -> None:
    """Without an ending the service takes nothing is sent; the error lists the endings."""
    with pytest.raises(InvalidInputError, match=re.escape(", ".join(RECORDING_ENDINGS))) as raised:
        checked_recording_name(name)
    assert raised.value.field == "file"


@pytest.mark.parametrize(
    ("beginning", "ending"),
    [
        (b"fLaC\0\0\0\x22", "flac"),
        (b"OggS\0\2", "ogg"),
        (b"RIFF\n\r\0\0WAVE", "wav"),
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"\0\0\0\n" + b"ftypisom", "mp4"),
        (b"\x1aE\xdf\xa3", "webm"),
        (b"ID3\4", "mp3"),
        (b"\xff\xfb\x90", "mp3"),
        (b"\xff\xf3\x40", "mp3"),
        (b"\xff\xe3\x18", "mp3"),
        (b"\0\0\1\xba", "mpeg"),
        (b"\0\0\1\xb3", "mpeg"),
    ],
)
def test_bytes_are_named_by_their_beginning(beginning: bytes, ending: str) -> None:
    """Twelve bytes are enough for a name that the service takes."""
    assert sniffed_name(beginning) == f"audio.{ending}"
    assert checked_recording_name(sniffed_name(beginning + bytes(12)))


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"f",
        b"#!AMR\n",
        b"RIFF\0\0\0\0AVI ",
        b"%PDF-1.7",
        pytest.param(b"\xff\xf1\x50", id="AAC of MPEG-4"),
        pytest.param(b"\xff\xf9\x50", id="AAC of MPEG-2"),
        pytest.param(b"\xff\xfeH\0i\0", id="UTF-16"),
        b"\0\0\1\0",
    ],
)
def test_bytes_of_no_known_kind_need_a_name(beginning: bytes) -> None:
    """What begins like no recording is refused, and the error says how to name it."""
    with pytest.raises(InvalidInputError, match=r"file=\('talk\.mp3', data\)") as raised:
        sniffed_name(beginning)
    assert raised.value.field == "file"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("talk.mp3", "talk.mp3"),
        ("Interview 2 - final_v1.0.WAV", "Interview 2 - final_v1.0.WAV"),
        ("/home/me/talk.mp3", "talk.mp3"),
        ("C:\\talks\\talk.mp3", "talk.mp3"),
        ("Müllers Café.ogg", "Mullers Cafe.ogg"),
        ("会議.mp3", "audio.mp3"),
        (".mp3", "audio.mp3"),
        (" . .mp3", "audio.mp3"),
        ('a"; name="b.mp3', "a_ name_b.mp3"),
        ("a\r\nX-Evil: yes.mp3", "a_X-Evil_ yes.mp3"),
        ("½℀.mp3", "12a_c.mp3"),
        (f"{'a' * 300}.flac", f"{'a' * 95}.flac"),
        (f"{'a' * 94} b.flac", f"{'a' * 94}.flac"),
        ('talk.mp3"; filename="x', "talk.mp3_ filen"),
    ],
)
def test_names_become_harmless(name: str, expected: str) -> None:
    """Folders, accents, quotes and line breaks go, what tells recordings apart stays."""
    assert harmless_name(name) == expected


@given(st.text() | ROUGH)
def test_a_harmless_name_means_the_same_in_every_parser(name: str) -> None:
    """Whatever the name was, it becomes one of a few plain letters, at most 100, and is not changed again."""
    harmless = harmless_name(name)
    assert re.fullmatch(r"[A-Za-z0-9._ -]{1,100}", harmless)
    assert harmless_name(harmless) == harmless


@given(st.text() | ROUGH, st.sampled_from(ENDINGS))
def test_a_harmless_name_keeps_its_ending(stem: str, ending: str) -> None:
    """The ending, by which the service judges, survives, and the name still passes."""
    harmless = harmless_name(f"{stem}.{ending}")
    assert harmless.endswith(f".{ending}")
    assert checked_recording_name(harmless) == harmless
