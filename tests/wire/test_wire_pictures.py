import base64
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.wire.pictures import decode_base64, expiry, named_by_content, picture_ending

ADDRESS = "https://store.blob.example/private/images/1/generated_00.png"
MOMENT = datetime(2023, 10, 27, 17, 45, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("beginning", "ending"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\r", ".png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1", ".jpg"),
        (b"RIFF\n\r\0\0WEBP", ".webp"),
        (b"GIF89a\1\0", ".gif"),
        (b"GIF87a\1\0", ".gif"),
        (b"RIFF\n\r\0\0WAVE", None),
        (b"<html>", None),
        (b"GIF", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_beginning(beginning: bytes, ending: str | None) -> None:
    """Twelve bytes tell the four formats apart from all else."""
    assert picture_ending(beginning) == ending


@pytest.mark.parametrize(
    ("name", "ending", "expected"),
    [
        ("corgi.png", ".png", "corgi.png"),
        ("corgi.PNG", ".png", "corgi.PNG"),
        ("corgi.jpeg", ".jpg", "corgi.jpeg"),
        ("corgi.png", ".webp", "corgi.webp"),
        ("corgi.JPEG", ".png", "corgi.png"),
        ("corgi", ".png", "corgi.png"),
        ("corgi v1.2", ".png", "corgi v1.2.png"),
        ("corgi.tar.gz", ".gif", "corgi.tar.gz.gif"),
    ],
)
def test_a_name_tells_the_format(name: str, ending: str, expected: str) -> None:
    """A missing or wrong ending is put right, one that is part of the name is kept."""
    assert named_by_content(PurePosixPath("/a.d", name), ending) == PurePosixPath("/a.d", expected)
    assert named_by_content(PureWindowsPath(name), ending) == PureWindowsPath(expected)


def test_a_name_keeps_its_kind_of_path() -> None:
    """A `Path` stays a `Path`."""
    assert isinstance(named_by_content(Path("corgi"), ".png"), Path)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2023-10-27T17%3A45%3A09Z", MOMENT),
        ("2023-10-27T17:45:09Z", MOMENT),
        ("2023-10-27T19%3A45%3A09%2B02:00", MOMENT.astimezone(timezone(timedelta(hours=2)))),
        ("2023-10-27T17%3A45%3A09", MOMENT),
        ("2023-10-27", MOMENT.replace(hour=0, minute=0, second=0)),
        ("soon", None),
        ("", None),
    ],
)
def test_the_signature_tells_when_it_ends(told: str, expected: datetime | None) -> None:
    """The expiry is read in UTC unless it says otherwise, and always has a zone."""
    assert expiry(f"{ADDRESS}?sv=2021-08-06&se={told}&sig=a%2Bb%3D") == expected


@pytest.mark.parametrize("url", [ADDRESS, f"{ADDRESS}?sig=abc", "", "https://[broken?se=2023-10-27"])
def test_an_address_without_an_end_has_none(url: str) -> None:
    """An address that does not say when it ends, or is none, has no expiry."""
    assert expiry(url) is None


@given(st.text() | st.text().map(f"{ADDRESS}?se={{}}".format))
def test_an_expiry_is_always_comparable(url: str) -> None:
    """Whatever an address holds, nothing is raised, and a moment can be compared with another."""
    moment = expiry(url)
    assert moment is None or isinstance(moment <= MOMENT, bool)


@given(st.binary(max_size=50), st.integers(0, 12))
def test_base64_may_be_taken_in_stretches(content: bytes, quads: int) -> None:
    """Stretches of a multiple of four characters give the bytes that were written."""
    text = base64.b64encode(content).decode()
    first, rest = text[: 4 * quads], text[4 * quads :]
    if rest:
        assert decode_base64(first, is_last=False) + decode_base64(rest, is_last=True) == content
    else:
        assert decode_base64(first, is_last=True) == content


@pytest.mark.parametrize("text", ["AA==", "AAA="])
def test_base64_is_padded_at_its_end_alone(text: str) -> None:
    """A stretch in the middle that is padded would lose bytes without a word."""
    assert decode_base64(text, is_last=True)
    with pytest.raises(ValueError, match="padded"):
        decode_base64(text, is_last=False)


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "A===", "AA-_", "AA\n==", "é===", "\ud800===", "===="])
def test_damaged_base64_is_refused(text: str) -> None:
    """What is no base64 is not read as some."""
    with pytest.raises(ValueError, match=r"base64|surrogates"):
        decode_base64(text, is_last=True)
