import email
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aoai_async.wire.filenames import harmless_name
from aoai_async.wire.multipart import Frame, frame_upload

BOUNDARY = "0123456789abcdef0123456789abcdef"
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"))
VALUES = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\r\n", "--", "\r\n--", "\r\n\r\n", "a\nb"]
)


def _framed(content: bytes, frame: Frame) -> bytes:
    return frame.head + content + frame.tail


def _parts(body: bytes, boundary: str) -> Iterator[tuple[dict[str, str], bytes]]:
    opening, *parts, closing = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    assert (opening, closing) == (b"", b"--\r\n")
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        yield {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, content


def _parameter(disposition: str, name: str) -> str:
    found = re.search(rf'; {name}="([^"]*)"', disposition)
    assert found
    return found[1].replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.text(), st.text(), st.binary())
@example([('a"b\r\nc', "é\r\n--x")], 'talk.mp3"\r\nX: y', "audio/mpeg\r\nX: y", b"\r\n--")
def test_what_is_framed_is_parsed_back(
    fields: list[tuple[str, str]], filename: str, content_type: str, content: bytes
) -> None:
    """Fields in their order, then the file, come out as they went in, and the length is exact to the byte."""
    frame = frame_upload(fields, filename=filename, content_type=content_type, boundary=BOUNDARY)
    body = _framed(content, frame)
    *texts, file = _parts(body, BOUNDARY)
    found = [(_parameter(headers["content-disposition"], "name"), value.decode()) for headers, value in texts]
    assert found == fields
    assert all(headers.keys() == {"content-disposition"} for headers, _ in texts)
    assert file[0].keys() == {"content-disposition", "content-type"}
    assert _parameter(file[0]["content-disposition"], "name") == "file"
    assert _parameter(file[0]["content-disposition"], "filename") == harmless_name(filename)
    assert file[1] == content
    assert frame.size_with(len(content)) == len(body)


def test_the_standard_librarys_parser_agrees() -> None:
    """A parser that knows nothing of this client reads the same parts."""
    fields = [
        ("response_format", "srt"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    ]
    frame = frame_upload(fields, filename="talk.mp3", content_type="audio/mpeg", boundary=BOUNDARY)
    message = email.message_from_bytes(
        f"Content-Type: {frame.content_type}\r\n\r\n".encode() + _framed(b"\xff\xfb\0\r\n", frame)
    )
    *texts, file = message.get_payload()
    assert [(part.get_param("name", header="content-disposition"), part.get_payload()) for part in texts] == fields
    assert (file.get_filename(), file.get_content_type()) == ("talk.mp3", "audio/mpeg")
    assert file.get_payload(decode=True) == b"\xff\xfb\0\r\n"


def test_the_frame_is_exact() -> None:
    """One field and a file make these bytes."""
    frame = frame_upload([("language", "de")], filename="ä.wav", content_type="audio/wav", boundary="B")
    assert frame.content_type == "multipart/form-data; boundary=B"
    assert _framed(b"RIFF", frame) == (
        b'--B\r\nContent-Disposition: form-data; name="language"\r\n\r\nde\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        b"RIFF\r\n--B--\r\n"
    )


@pytest.mark.parametrize("content_type", ["", "audio/mpeg\r\nX-Evil: yes", "a\nb", "audio/é", "\ud800", "\0"])
def test_a_content_type_cannot_break_the_frame(content_type: str) -> None:
    """A Content-Type that is no plain line is replaced by the one that says nothing."""
    frame = frame_upload([], filename="a.wav", content_type=content_type, boundary="B")
    assert frame.head.endswith(b"\r\nContent-Type: application/octet-stream\r\n\r\n")
