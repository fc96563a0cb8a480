"""Any recording the service takes, as a stream of plain samples. Imported in worker processes only: it loads PyAV."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError, InvalidDataError

from aoai_async.emulator.heard import UndecodableAudio

__all__ = ["BYTES_PER_SECOND", "SAMPLE_RATE", "samples"]

SAMPLE_RATE = 16_000
BYTES_PER_SECOND = 2 * SAMPLE_RATE

# FFmpeg also knows playlists, which name further files and addresses: none of those is opened here.
_ONLY_RECORDINGS = {
    "format_whitelist": "aac,flac,matroska,webm,mov,mp3,mpeg,mpegts,ogg,wav",
    "protocol_whitelist": "file",
}


def samples(recording: Path) -> Iterator[bytes]:
    """Decode a recording piece by piece: one channel, 16,000 samples a second, 16 bits each, little-endian.

    What cannot be decoded in the middle of a recording is left out.

    Raises:
        UndecodableAudio: The file is in no known container, has no audio stream, or not one sample of it
            can be decoded.
    """
    heard_any = False
    try:
        for piece in _resampled(recording):
            heard_any = True
            yield piece
    except (FFmpegError, ValueError) as error:
        raise UndecodableAudio("the file is no recording that can be decoded") from error
    if not heard_any:
        raise UndecodableAudio("there is no sound in the file")


def _resampled(recording: Path) -> Iterator[bytes]:
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    for frame in _frames(recording):
        yield from map(_plain, resampler.resample(frame))
    yield from map(_plain, resampler.resample(None))


def _frames(recording: Path) -> Iterator[AudioFrame]:
    with av.open(str(recording), options=_ONLY_RECORDINGS) as container:
        for stream in container.streams.audio[:1]:
            for packet in container.demux(stream):
                yield from _decoded(stream, packet)


def _decoded(stream: AudioStream, packet: "av.Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return stream.decode(packet)
    except InvalidDataError:
        return []


def _plain(frame: AudioFrame) -> bytes:
    # A plane is padded at its end to suit the processor.
    return bytes(frame.planes[0])[: frame.samples * 2]
