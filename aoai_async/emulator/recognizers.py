"""Recognisers that can stand behind the emulator's audio operations."""

from pathlib import Path

import attrs

from aoai_async.emulator.extras import demand_extra
from aoai_async.emulator.heard import Heard, HeardSegment, HeardWord
from aoai_async.emulator.workers import Workers

__all__ = ["SCRIPT", "ScriptedRecognizer", "SphinxRecognizer"]

SCRIPT = Heard(
    duration=3.5,
    segments=(
        HeardSegment(
            start=0.25,
            end=1.5,
            text="The kettle is on.",
            tokens=(440, 35147, 318, 319, 13),
            temperature=0.0,
            avg_logprob=-0.25,
            compression_ratio=0.6875,
            no_speech_prob=0.015625,
        ),
        HeardSegment(
            start=2.0,
            end=3.25,
            text="Would you like some tea?",
            tokens=(10928, 345, 588, 617, 8887, 30),
            temperature=0.0,
            avg_logprob=-0.375,
            compression_ratio=0.75,
            no_speech_prob=0.015625,
        ),
    ),
    words=(
        HeardWord("The", 0.25, 0.5, 0.875),
        HeardWord("kettle", 0.5, 1.0, 0.75),
        HeardWord("is", 1.0, 1.25, 0.875),
        HeardWord("on", 1.25, 1.5, 0.75),
        HeardWord("Would", 2.0, 2.25, 0.875),
        HeardWord("you", 2.25, 2.5, 0.875),
        HeardWord("like", 2.5, 2.75, 0.75),
        HeardWord("some", 2.75, 3.0, 0.5),
        HeardWord("tea", 3.0, 3.25, 0.75),
    ),
)
"""What a `ScriptedRecognizer` hears unless told otherwise: two segments, nine words, 3.5 seconds."""


@attrs.frozen
class ScriptedRecognizer:
    """Hears the same in every file, at once, and never opens it. Needs no extra.

    Attributes:
        heard: What it hears.
    """

    heard: Heard = SCRIPT

    async def hear(self, recording: Path) -> Heard:
        """Hear what the script says."""
        del recording
        return self.heard

    async def aclose(self) -> None:
        """Do nothing: it holds nothing."""


@attrs.define(kw_only=True, eq=False)
class SphinxRecognizer:
    """Recognises English speech with pocketsphinx, in a process of its own. Needs the extra `emulator`.

    It is rough: of clear speech some nine words of ten come out right, of telephone quality fewer, in lower
    case, without punctuation, numbers spelled out. Any other language comes out as English nonsense.
    Recognition takes one core for about a sixth of the recording's length, after a second to load the model;
    each worker process takes about 140 MB.

    Attributes:
        workers: How many recordings may be recognised at once; further ones wait for their turn.
        deadline: Seconds for one recording, the wait for its turn included.

    Raises:
        ModuleNotFoundError: The extra is not installed.
    """

    workers: int = 1
    deadline: float = 600.0
    _processes: Workers = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        demand_extra("av", "pocketsphinx")
        self._processes = Workers(self.workers, self.deadline)

    async def hear(self, recording: Path) -> Heard:
        """Recognise the speech in a file: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav or webm.

        A caller that is cancelled takes the worker process with it; the next call starts another.

        Raises:
            UndecodableAudio: The file is no recording, or holds no sound.
            TimeoutError: The deadline has passed.
            anyio.BrokenWorkerProcess: The worker process has died.
        """
        return await self._processes.run(_recognize, recording)

    async def aclose(self) -> None:
        """End the worker processes; to be awaited when nothing is being recognised any more."""
        await self._processes.aclose()


def _recognize(recording: Path) -> Heard:
    # Imported here, in the worker process: the server need not carry the model and the codecs.
    from aoai_async.emulator.speech import recognize

    return recognize(recording)
