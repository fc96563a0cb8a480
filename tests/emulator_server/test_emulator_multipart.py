from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoai_async.emulator.multipart import MultipartError, MultipartSplitter, PartEnd, PartHead, parameters

CONTENT = st.lists(st.sampled_from([b"\r\n", b"--", b"\r\n--B", b"\r\n--A", b"\r", b"\n", b"x", b"\0" * 9])).map(
    b"".join
)


def _taken_apart(body: bytes, cuts: Sequence[int], boundary: str = "Boundary") -> list[tuple[PartHead, bytes]]:
    splitter = MultipartSplitter(boundary)
    parts: list[tuple[PartHead, bytes]] = []
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in pairwise(edges):
        for event in splitter.feed(body[start:end]):
            if isinstance(event, PartHead):
                parts.append((event, b""))
            elif not isinstance(event, PartEnd):
                parts[-1] = (parts[-1][0], parts[-1][1] + event)
    splitter.close()
    return parts


@given(contents=st.lists(CONTENT, max_size=4), cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_content_survives_however_it_is_cut(contents: list[bytes], cuts: list[int]) -> None:
    """Every content that does not hold the boundary comes out as it went in, wherever the pieces are cut."""
    body = b"".join(
        b'--Boundary\r\nContent-Disposition: form-data; name="%d"\r\n\r\n%s\r\n' % (number, content)
        for number, content in enumerate(contents)
    )
    parts = _taken_apart(body + b"--Boundary--\r\n", cuts)
    assert parts == [(PartHead(str(number), None, ""), content) for number, content in enumerate(contents)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_anything_is_taken_apart_or_refused(body: bytes, cuts: list[int]) -> None:
    """Whatever arrives, nothing but MultipartError is raised."""
    with suppress(MultipartError):
        _taken_apart(b"--B\r\n" + body, cuts, "B")


def test_preamble_padding_and_epilogue_are_passed_over() -> None:
    """What stands before the first boundary, behind a boundary and after the last is no content."""
    head = b'content-disposition: FORM-DATA; NAME=a; filename=""\r\nContent-Type: x/y\r\n\r\n'
    body = b"preamble\r\n--B \t\r\n" + head + b"z\r\n--B--epilogue"
    assert _taken_apart(body, [], "B") == [(PartHead("a", "", "x/y"), b"z")]


def test_nothing_but_a_boundarys_length_is_held_back() -> None:
    """Of a long content nearly all is handed on at once."""
    splitter = MultipartSplitter("B")
    head = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    events = list(splitter.feed(head + b"x" * 100_000))
    assert events[1:] == [b"x" * (100_000 - len("\r\n--B") + 1)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--B",
        b"--B\r\n",
        b"--Bx\r\n",
        b"--B" + b" " * 20_000 + b"\r\n",
        b"--B\r\n\r\n",
        b"--B\r\nContent-Disposition: form-data\r\n\r\n--B--",
        b'--B\r\nContent-Disposition: attachment; name="a"\r\n\r\n\r\n--B--',
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nz',
        b"--B\r\n" + b"x" * 20_000,
        b"--B\r\n" + b"x" * 20_000 + b"\r\n\r\n",
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 300,
    ],
)
def test_malformed_bodies_are_refused(body: bytes) -> None:
    """A body that is cut, has no proper headers, or too many or too long ones, is refused."""
    with pytest.raises(MultipartError):
        _taken_apart(body, [], "B")


@pytest.mark.parametrize("boundary", ["", "B" * 71])
def test_boundaries_have_a_length(boundary: str) -> None:
    """A boundary has 1 to 70 characters."""
    with pytest.raises(MultipartError):
        MultipartSplitter(boundary)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('form-data; name="file"; filename="a;b \\"c\\".mp3"', {"name": "file", "filename": 'a;b "c".mp3'}),
        ("multipart/form-data;boundary=B", {"boundary": "B"}),
        ('multipart/form-data; Boundary = "B B"; charset=utf-8 ', {"boundary": "B B", "charset": "utf-8"}),
        ('form-data; name=""', {"name": ""}),
        ("form-data", {}),
    ],
)
def test_parameters_of_a_header(header: str, expected: dict[str, str]) -> None:
    """Quoted and bare parameters are understood, quotes inside quotes too."""
    assert parameters(header) == expected
