"""Speech recognition with pocketsphinx. Imported in worker processes only: it loads a model of 38 MB."""

import functools
import math
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import attrs
import pocketsphinx

from aoai_async.emulator.heard import Heard, HeardSegment, HeardWord
from aoai_async.emulator.sound import BYTES_PER_SECOND, SAMPLE_RATE, samples
from aoai_async.emulator.utterances import FRAME_SECONDS, Utterance, utterances

__all__ = ["recognize"]

_STEPS_PER_SECOND = 100  # the decoder counts time in these
_VOCABULARY = 50_257  # from here on the service's numbers mark times, not text
_LEAST_PROBABILITY = 1e-6
_PRONUNCIATION = re.compile(r"\(\d+\)$")


class _Said(Protocol):
    word: str
    start_frame: int
    end_frame: int
    prob: float


class _Decoder(Protocol):
    def start_utt(self) -> None: ...
    def process_raw(self, data: bytes, *, full_utt: bool) -> object: ...
    def end_utt(self) -> None: ...
    def seg(self) -> Iterable[_Said] | None: ...


class _Vad(Protocol):
    def is_speech(self, frame: bytes) -> bool: ...


@attrs.frozen
class _Passage:
    segment: HeardSegment
    words: tuple[HeardWord, ...]


@attrs.define
class _Counted:
    """Pieces of samples on their way, and how many bytes have passed."""

    pieces: Iterable[bytes]
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.size += len(piece)
            yield piece


def recognize(recording: Path) -> Heard:
    """Recognise English speech, roughly: lower-case words without punctuation, numbers spelled out.

    A pause of half a second begins a new segment. Times and probabilities are single precision numbers, as
    the service's are.

    Raises:
        UndecodableAudio: The file is no recording, or holds no sound.
    """
    pieces = _Counted(samples(recording))
    passages = [passage for one in utterances(pieces, _vad().is_speech) for passage in _passages(one)]
    return Heard(
        duration=_single(pieces.size / BYTES_PER_SECOND),
        segments=tuple(passage.segment for passage in passages),
        words=tuple(word for passage in passages for word in passage.words),
    )


# Loading takes a second and belongs to the process: a worker does it once and serves many recordings.
@functools.cache
def _decoder() -> _Decoder:
    # Measured with synthetic voices: this weight for the last of three searches gets 94 words of 100 right,
    # the default of 9.5 only 93; wider beams and more Gaussians cost time and gain nothing.
    decoder: _Decoder = pocketsphinx.Decoder(samprate=SAMPLE_RATE, bestpathlw=12.0, loglevel="FATAL")
    return decoder


def _vad() -> _Vad:
    vad: _Vad = pocketsphinx.Vad(sample_rate=SAMPLE_RATE, frame_length=FRAME_SECONDS)
    return vad


def _passages(utterance: Utterance) -> Iterator[_Passage]:
    words = tuple(_words(utterance))
    if words:
        yield _Passage(_segment(utterance, words), words)


def _words(utterance: Utterance) -> Iterator[HeardWord]:
    for said in _said(utterance.pcm):
        if said.word[0] not in "<[+":  # silence, breath and noise
            yield HeardWord(
                word=_PRONUNCIATION.sub("", said.word),
                start=_time(utterance, said.start_frame),
                end=_time(utterance, said.end_frame + 1),
                probability=_single(min(max(said.prob, _LEAST_PROBABILITY), 1.0)),
            )


def _said(pcm: bytes) -> Iterable[_Said]:
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    return decoder.seg() or ()


def _time(utterance: Utterance, step: int) -> float:
    return _single(round(utterance.start + step / _STEPS_PER_SECOND, 2))


def _segment(utterance: Utterance, words: Sequence[HeardWord]) -> HeardSegment:
    text = " ".join(word.word for word in words)
    return HeardSegment(
        start=words[0].start,
        end=words[-1].end,
        text=text,
        tokens=tuple(zlib.crc32(word.word.encode()) % _VOCABULARY for word in words),
        temperature=0.0,
        avg_logprob=_single(sum(math.log(word.probability) for word in words) / len(words)),
        compression_ratio=_single(len(text.encode()) / len(zlib.compress(text.encode()))),
        no_speech_prob=_single(utterance.silence),
        seek=round(utterance.start * _STEPS_PER_SECOND),
    )


def _single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
