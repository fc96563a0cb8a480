import importlib.util
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from emulator_workers.worker_pipes import cancelled_while_reading, is_read
from emulator_workers.worker_recordings import CONTAINERS, film_without_sound, silence, transcoded

from aoai_async.emulator.heard import Heard, UndecodableAudio
from aoai_async.emulator.recognizers import SCRIPT, ScriptedRecognizer, SphinxRecognizer
from aoai_async.emulator.scoring import word_error
from aoai_async.emulator.sound import BYTES_PER_SECOND, samples
from aoai_async.emulator.speech import recognize

SAMPLES = ("agenda.mp3", "letter-home.m4a", "opening-hours.flac", "summer.ogg")


@pytest.fixture
async def sphinx() -> AsyncIterator[SphinxRecognizer]:
    recognizer = SphinxRecognizer()
    yield recognizer
    await recognizer.aclose()


@pytest.fixture(scope="module")
def heard(audio: Path) -> dict[str, Heard]:
    """What is heard in each sample recording."""
    return {name: recognize(audio / name) for name in SAMPLES}


def test_every_sample_is_listed(audio: Path) -> None:
    """No sample recording is left out here, and each has its text."""
    recordings = sorted(file.name for file in audio.iterdir() if file.suffix not in {".txt", ".md"})
    assert recordings == list(SAMPLES)
    assert all((audio / name).with_suffix(".txt").is_file() for name in recordings)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_understood(name: str, audio: Path, heard: dict[str, Heard]) -> None:
    """Fewer than a quarter of the words spoken in a sample recording are wrong."""
    spoken = (audio / name).with_suffix(".txt").read_text()
    assert word_error(spoken, heard[name].text) < 0.25


def test_pauses_divide(heard: dict[str, Heard]) -> None:
    """The sample with three sentences has three segments, with a pause between each two."""
    segments = heard["agenda.mp3"].segments
    assert [segment.text.split()[0] for segment in segments] == ["first", "then", "after"]
    assert all(later.start - earlier.end >= 0.5 for earlier, later in pairwise(segments))


@pytest.mark.parametrize("name", SAMPLES)
def test_words_have_their_place(name: str, heard: dict[str, Heard]) -> None:
    """Words follow each other within the recording, make up the text, and have a probability."""
    result = heard[name]
    assert " ".join(word.word for word in result.words) == result.text
    times = [time for word in result.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= result.duration
    assert all(0 < word.probability <= 1 for word in result.words)


@pytest.mark.parametrize("name", SAMPLES)
def test_segments_hold_their_words(name: str, heard: dict[str, Heard]) -> None:
    """A segment spans its words, has a number for each of them, and its figures follow from them."""
    words = iter(heard[name].words)
    for segment in heard[name].segments:
        inside = [next(words) for _ in segment.tokens]
        assert (segment.start, segment.end) == (inside[0].start, inside[-1].end)
        assert segment.text == " ".join(word.word for word in inside)
        text = segment.text.encode()
        assert segment.compression_ratio == pytest.approx(len(text) / len(zlib.compress(text)))
        assert segment.avg_logprob <= 0 <= segment.no_speech_prob < 1
        assert 0 <= segment.seek <= segment.start * 100
    assert next(words, None) is None


def test_the_same_word_has_the_same_token(heard: dict[str, Heard]) -> None:
    """Tokens depend on nothing but the word, and stay below the service's numbers for times."""
    pairs = {
        (word, token)
        for result in heard.values()
        for segment in result.segments
        for word, token in zip(segment.text.split(), segment.tokens, strict=True)
    }
    assert len(pairs) == len({word for word, _ in pairs})
    assert all(0 <= token < 50_257 for _, token in pairs)


@pytest.mark.parametrize("name", SAMPLES)
def test_numbers_are_single_precision(name: str, heard: dict[str, Heard]) -> None:
    """Every number is one that 32 bits can hold, as in the service's answers."""
    result = heard[name]
    numbers = [result.duration]
    numbers += [number for word in result.words for number in (word.start, word.end, word.probability)]
    for segment in result.segments:
        numbers += [segment.start, segment.avg_logprob, segment.compression_ratio, segment.no_speech_prob]
    assert numbers == list(struct.unpack(f"{len(numbers)}f", struct.pack(f"{len(numbers)}f", *numbers)))


@pytest.mark.parametrize("extension", CONTAINERS)
def test_every_container_is_understood(extension: str, audio: Path, tmp_path: Path) -> None:
    """The same speech is understood in every container the service takes, whatever rate and channels."""
    made = transcoded(audio / "summer.ogg", tmp_path, extension)
    result = recognize(made)
    assert word_error((audio / "summer.txt").read_text(), result.text) < 0.25
    assert result.duration == pytest.approx(6.49, abs=0.15)


def test_the_duration_is_that_of_the_samples(tmp_path: Path) -> None:
    """Silence is decoded, measured, and holds no words."""
    result = recognize(silence(tmp_path / "silence.wav", seconds=1.5))
    assert result == Heard(duration=1.5, segments=(), words=())


def test_a_damaged_middle_is_left_out(audio: Path, tmp_path: Path) -> None:
    """A recording with a damaged stretch still gives the rest of it."""
    whole = (audio / "opening-hours.flac").read_bytes()
    damaged = tmp_path / "damaged.flac"
    damaged.write_bytes(whole[:80_000] + bytes(9_000) + whole[89_000:])
    seconds = sum(map(len, samples(damaged))) / BYTES_PER_SECOND
    assert 8 < seconds < 11


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"this is no recording at all\n" * 300,
        b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:summer.ogg\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile summer.ogg\n",
    ],
    ids=["empty", "text", "no samples", "playlist", "list of files"],
)
def test_what_is_no_recording_is_refused(content: bytes, audio: Path, tmp_path: Path) -> None:
    """Anything but sound in a known container is undecodable; other files are never opened."""
    (tmp_path / "summer.ogg").write_bytes((audio / "summer.ogg").read_bytes())
    file = tmp_path / "talk.mp3"
    file.write_bytes(content)
    with pytest.raises(UndecodableAudio):
        recognize(file)


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    """A container without an audio stream is undecodable."""
    with pytest.raises(UndecodableAudio):
        recognize(film_without_sound(tmp_path / "film.mp4"))


async def test_recognition_in_a_process(sphinx: SphinxRecognizer, audio: Path, heard: dict[str, Heard]) -> None:
    """The worker process hears what is heard here, and reports what it cannot decode."""
    result = await sphinx.hear(audio / "summer.ogg")
    assert result.duration == heard["summer.ogg"].duration
    assert word_error(heard["summer.ogg"].text, result.text) < 0.25
    with pytest.raises(UndecodableAudio, match="no recording"):
        await sphinx.hear(audio / "README.md")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
async def test_cancelling_recognition(sphinx: SphinxRecognizer, audio: Path, tmp_path: Path) -> None:
    """Cancelling kills the worker while it reads the recording, and the next recording is heard."""
    pipe = await cancelled_while_reading(sphinx.hear, tmp_path / "talk.wav")
    assert not await is_read(pipe)
    assert (await sphinx.hear(audio / "summer.ogg")).words


async def test_the_script(tmp_path: Path) -> None:
    """A scripted recogniser says its words without looking at the file."""
    assert await ScriptedRecognizer().hear(tmp_path / "missing.mp3") == SCRIPT
    other = Heard(duration=1.0, segments=(), words=())
    recognizer = ScriptedRecognizer(other)
    assert await recognizer.hear(tmp_path / "missing.mp3") is other
    await recognizer.aclose()


def test_the_script_is_consistent() -> None:
    """The script's words are those of its text and lie within its segments and its duration."""
    assert SCRIPT.text.replace(".", "").replace("?", "") == " ".join(word.word for word in SCRIPT.words)
    for segment in SCRIPT.segments:
        assert any(word.start == segment.start for word in SCRIPT.words)
        assert any(word.end == segment.end for word in SCRIPT.words)
        text = f" {segment.text}".encode()
        assert segment.compression_ratio == pytest.approx(len(text) / len(zlib.compress(text)), abs=0.05)
    assert SCRIPT.words[-1].end <= SCRIPT.duration


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, construction fails and says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"av and pocketsphinx .* 'aoai-async\[emulator\]'"):
        SphinxRecognizer()


def test_the_server_process_stays_lean() -> None:
    """Constructing recogniser and painter loads neither codecs nor model nor Pillow."""
    script = (
        "import sys\n"
        "from aoai_async.emulator.painters import PillowPainter\n"
        "from aoai_async.emulator.recognizers import SphinxRecognizer\n"
        "SphinxRecognizer(), PillowPainter()\n"
        "print(sorted({'av', 'PIL', 'pocketsphinx'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
