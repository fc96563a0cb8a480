"""Makes small recordings and files that only look like one."""

import wave
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

__all__ = ["CONTAINERS", "film_without_sound", "silence", "transcoded"]

CONTAINERS = {
    "flac": ("flac", "flac", 16_000),
    "m4a": ("mp4", "aac", 16_000),
    "mp3": ("mp3", "libmp3lame", 16_000),
    "mp4": ("mp4", "aac", 44_100),
    "mpeg": ("mpeg", "mp2", 44_100),
    "mpga": ("mp3", "libmp3lame", 24_000),
    "oga": ("ogg", "flac", 16_000),
    "ogg": ("ogg", "libopus", 48_000),
    "wav": ("wav", "pcm_s16le", 32_000),
    "webm": ("webm", "libopus", 48_000),
}
"""For each extension the service takes: FFmpeg's container, codec and a sampling rate."""


def transcoded(recording: Path, folder: Path, extension: str, layout: str = "stereo") -> Path:
    """Write a recording once more, in another container."""
    container, codec, rate = CONTAINERS[extension]
    made = folder / f"{recording.stem}.{extension}"
    with av.open(str(recording)) as source, av.open(str(made), "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        resampler = AudioResampler(stream.format, stream.layout, rate, stream.frame_size or None)
        for frame in [*source.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return made


def silence(path: Path, seconds: float) -> Path:
    """Write a wav file in which nothing is heard."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * round(16_000 * seconds)))
    return path


def film_without_sound(path: Path) -> Path:
    """Write an mp4 file with a picture and no audio stream."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 32, 32
        for _ in range(3):
            target.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        target.mux(stream.encode(None))
    return path
