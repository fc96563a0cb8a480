"""Cuts a stream of samples into utterances: the stretches of speech between two pauses."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

__all__ = ["FRAME_BYTES", "FRAME_SECONDS", "Utterance", "utterances"]

FRAME_SECONDS = 0.03
FRAME_BYTES = 960  # 30 ms of 16-bit samples, 16,000 a second

_MARGIN = 10  # frames (0.3 s) kept before the first voice and after the last, for soft consonants
_PAUSE = 17  # frames (0.5 s) without voice end an utterance
_SHORTEST = 3  # voiced frames (0.1 s): anything less is a click
_LONGEST = 1000  # frames (30 s): bounds the memory for music, and for talk without a pause


@attrs.frozen
class Utterance:
    """One stretch of speech.

    Attributes:
        start: Where its samples begin, in seconds from the start of the recording.
        pcm: Its samples, as `sound.samples` gives them.
        silence: The share of frames between its first and its last voice in which nobody was heard, 0 to 1.
    """

    start: float
    pcm: bytes
    silence: float


@attrs.frozen
class _Frame:
    number: int
    pcm: bytes
    voiced: bool


def utterances(pieces: Iterable[bytes], is_voice: Callable[[bytes], bool]) -> Iterator[Utterance]:
    """Find the utterances in pieces of samples of any length.

    Args:
        pieces: The recording's samples, in order, as `sound.samples` gives them.
        is_voice: Whether somebody speaks in `FRAME_BYTES` bytes of samples.
    """
    before: deque[_Frame] = deque(maxlen=_MARGIN)
    heard: list[_Frame] = []
    for number, pcm in enumerate(_cut(pieces)):
        frame = _Frame(number, pcm, is_voice(pcm))
        if not (heard or frame.voiced):
            before.append(frame)
            continue
        heard += [*before, frame]
        before.clear()
        if _is_over(heard):
            spoken = heard[: _margin_end(heard)]
            yield from _utterance(spoken)
            before.extend(heard[len(spoken) :])
            heard = []
    yield from _utterance(heard[: _margin_end(heard)])


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in pieces:
        left += piece
        whole = len(left) - len(left) % FRAME_BYTES
        yield from (left[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        left = left[whole:]
    if left:
        yield left.ljust(FRAME_BYTES, b"\0")


def _is_over(heard: Sequence[_Frame]) -> bool:
    return len(heard) >= _LONGEST or not any(frame.voiced for frame in heard[-_PAUSE:])


def _voiced(heard: Sequence[_Frame]) -> list[int]:
    return [at for at, frame in enumerate(heard) if frame.voiced]


def _margin_end(heard: Sequence[_Frame]) -> int:
    return max(_voiced(heard), default=-1) + 1 + _MARGIN


def _utterance(spoken: Sequence[_Frame]) -> Iterator[Utterance]:
    voiced = _voiced(spoken)
    if len(voiced) >= _SHORTEST:
        yield Utterance(
            start=spoken[0].number * FRAME_SECONDS,
            pcm=b"".join(frame.pcm for frame in spoken),
            silence=1 - len(voiced) / (voiced[-1] - voiced[0] + 1),
        )
