import pytest

from aoai_async.schema.audio import CreateTranscriptionRequest, CreateTranslationRequest
from aoai_async.schema.files import AudioFile
from aoai_async.schema.given import NOT_GIVEN, NotGiven, given


def test_a_files_bytes_are_not_shown() -> None:
    """A recording or a request that holds megabytes has a short repr without them."""
    content = b"RIFF" * 10**6
    for value in (
        AudioFile(content, filename="a.wav"),
        CreateTranscriptionRequest(file=content),
        CreateTranslationRequest(file=content),
    ):
        assert len(repr(value)) < 300
        assert "RIFF" not in repr(value)


def test_a_file_says_nothing_it_was_not_told() -> None:
    """Name and size are unknown until given, and the Content-Type is the one that says nothing."""
    file = AudioFile(b"")
    assert (file.filename, file.size, file.content_type) == (None, None, "application/octet-stream")
    assert AudioFile(b"", size=0).size == 0


def test_a_size_is_not_negative() -> None:
    """A stream cannot have fewer bytes than none."""
    with pytest.raises(ValueError, match="size"):
        AudioFile(b"", size=-1)


def test_not_given_is_no_value() -> None:
    """A parameter that was left out is None in the end, any other is itself."""
    assert (given(NOT_GIVEN), given(NotGiven()), given(None), given(0), given("")) == (None, None, None, 0, "")


def test_not_given_is_false_and_named() -> None:
    """`NOT_GIVEN` is false, and shows as its name in signatures."""
    assert not NOT_GIVEN
    assert repr(NOT_GIVEN) == "NOT_GIVEN"
