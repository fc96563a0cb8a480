"""What the emulator's workers are asked for and what they hand back: plain data and two protocols.

The server knows only this module, so that any recogniser or painter, yours included, can stand behind it.
"""

from pathlib import Path
from typing import Protocol

import attrs

__all__ = [
    "Heard",
    "HeardSegment",
    "HeardWord",
    "PictureWanted",
    "Painter",
    "Recognizer",
    "UndecodableAudio",
]


class UndecodableAudio(Exception):  # noqa: N818  (it names the recording, as the service's message does)
    """The recording cannot be decoded, or holds no sound at all."""


@attrs.frozen
class HeardWord:
    """One spoken word.

    Attributes:
        word: The word as it was recognised.
        start: Where it begins, in seconds from the start of the recording.
        end: Where it ends, in seconds.
        probability: How sure the recogniser is, 0 to 1.
    """

    word: str
    start: float
    end: float
    probability: float


@attrs.frozen
class HeardSegment:
    """One stretch of speech between two pauses; the fields are those of `audioSegment` in the API reference.

    Attributes:
        start: Where it begins, in seconds from the start of the recording.
        end: Where it ends, in seconds.
        text: What was said, without the leading blank that the service writes before it.
        tokens: One number for each word; the same word always has the same number.
        temperature: The sampling temperature that gave this text.
        avg_logprob: The mean natural logarithm of the words' probabilities, 0 or less.
        compression_ratio: Bytes of the text for each byte of its zlib compression.
        no_speech_prob: How likely it is that nothing was said here, 0 to 1.
        seek: Where the window that was recognised begins, in hundredths of a second.
    """

    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    seek: int = 0


@attrs.frozen
class Heard:
    """All that was heard in one recording.

    Attributes:
        duration: Length of the decoded recording, in seconds.
        segments: The stretches of speech, in order; none when nothing was said.
        words: Every word of every segment, in order.
        language: English name of the language, as the service writes it.
    """

    duration: float
    segments: tuple[HeardSegment, ...]
    words: tuple[HeardWord, ...]
    language: str = "english"

    @property
    def text(self) -> str:
        """The segments' texts, joined by a blank."""
        return " ".join(segment.text for segment in self.segments)


@attrs.frozen
class PictureWanted:
    """One picture to be drawn.

    Attributes:
        prompt: What it should show.
        width: Width in pixels.
        height: Height in pixels.
        quality: `standard` or `hd`; any other value is drawn as `standard`.
        style: `vivid` or `natural`; any other value is drawn as `vivid`.
        number: Which of the pictures of one request this is, counted from 1.
    """

    prompt: str
    width: int
    height: int
    quality: str
    style: str
    number: int


class Recognizer(Protocol):
    """Turns a recording into words."""

    async def hear(self, recording: Path) -> Heard:
        """Recognise the speech in a file whose name ends in one of the service's extensions.

        Raises:
            UndecodableAudio: The file is no recording, or holds no sound.
        """
        ...

    async def aclose(self) -> None:
        """Give back whatever the recogniser holds; it is not used again."""
        ...


class Painter(Protocol):
    """Turns a prompt into a picture."""

    async def paint(self, picture: PictureWanted) -> bytes:
        """Draw one picture and return it as a PNG file."""
        ...

    async def aclose(self) -> None:
        """Give back whatever the painter holds; it is not used again."""
        ...
