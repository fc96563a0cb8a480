"""What the demonstration asks of the service, what it keeps, and what it does not let pass."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from aoai_async.emulator.scoring import word_error
from aoai_async.errors import InvalidInputError
from aoai_async.schema.images import ImageGenerationsRequest
from aoai_async.wire.convert import as_dict
from aoai_async.wire.filenames import RECORDING_ENDINGS

if TYPE_CHECKING:
    from aoai_async.client import AsyncAzureOpenAI

__all__ = ["Hearing", "Picture", "draw_all", "hear_all", "samples_in"]

_FORMATS = {"json": ".json", "verbose_json": ".verbose.json", "text": ".txt", "srt": ".srt", "vtt": ".vtt"}
_TRANSLATED = "letter-home"
_HIGHEST_WORD_ERROR = 0.25
_PICTURES_AT_ONCE = 3
_ORDERS = (
    ImageGenerationsRequest(prompt="a corgi in a field of poppies", size="1792x1024", quality="hd"),
    ImageGenerationsRequest(prompt="a lighthouse in a storm, seen from the sea", size="1024x1792"),
    ImageGenerationsRequest(prompt="a bowl of oranges on a blue cloth", style="natural"),
    ImageGenerationsRequest(prompt="the night sky over a desert", style="vivid", response_format="b64_json"),
    ImageGenerationsRequest(prompt="a paper boat on a rainy street", style="natural", response_format="b64_json"),
)


@frozen
class Hearing:
    """A recording, what is said in it, and what was heard."""

    sample: Path
    operation: str
    said: str
    heard: str
    seconds: float
    saved: tuple[Path, ...]

    @property
    def word_error(self) -> float:
        """Wrong, missing and surplus words over the words said."""
        return word_error(self.said, self.heard)

    def failures(self) -> list[str]:
        """Return what is not as it should be."""
        wrong = [f"{self.word_error:.0%} of the words are wrong"] if self.word_error > _HIGHEST_WORD_ERROR else []
        return wrong + [f"{path} is empty" for path in self.saved if path.stat().st_size == 0]


@frozen
class Picture:
    """A prompt and the file it became."""

    prompt: str
    saved: Path

    def failures(self) -> list[str]:
        """Return what is not as it should be."""
        return [] if self.saved.read_bytes()[:4] == b"\x89PNG" else [f"{self.saved} is no PNG"]


def samples_in(folder: Path | None) -> list[Path]:
    """Return the recordings of a folder, or of those that come with the package; raises `InvalidInputError`."""
    place = folder or _own_samples()
    found = sorted(path for path in place.glob("*") if path.suffix[1:] in RECORDING_ENDINGS)
    paired = [path for path in found if path.with_suffix(".txt").exists()]
    if not paired:
        raise InvalidInputError(f"{place} has no recordings with a .txt of the same name beside them")
    return paired


def _own_samples() -> Path:
    packaged = Path(str(files("aoai_async"))) / "samples"
    return packaged if packaged.is_dir() else Path("examples/audio")


async def hear_all(client: AsyncAzureOpenAI, samples: list[Path], out: Path) -> list[Hearing]:
    """Transcribe every sample in all formats, and translate one."""
    await anyio.Path(out).mkdir(parents=True, exist_ok=True)
    transcribed = [await _transcribed(client, sample, out) for sample in samples]
    return [*transcribed, await _translated(client, _to_translate(samples), out)]


def _to_translate(samples: list[Path]) -> Path:
    return next((sample for sample in samples if sample.stem == _TRANSLATED), samples[-1])


async def _transcribed(client: AsyncAzureOpenAI, sample: Path, out: Path) -> Hearing:
    answers: dict[str, Any] = {}

    async def ask(form: str) -> None:
        answers[form] = await client.audio.transcriptions.create(
            model="whisper", file=sample, response_format=form, timestamp_granularities=_granularities(form)
        )

    async with anyio.create_task_group() as tasks:
        for form in _FORMATS:
            tasks.start_soon(ask, form)
    saved = [await _written(out / f"{sample.stem}{_FORMATS[form]}", answers[form]) for form in _FORMATS]
    verbose = answers["verbose_json"]
    return Hearing(sample, "transcribed", await _said(sample), verbose.text, verbose.duration, tuple(saved))


async def _translated(client: AsyncAzureOpenAI, sample: Path, out: Path) -> Hearing:
    answer = await client.audio.translations.create(model="whisper", file=sample, response_format="verbose_json")
    saved = await _written(out / f"{sample.stem}.translation.json", answer)
    return Hearing(sample, "translated", await _said(sample), answer.text, answer.duration or 0.0, (saved,))


def _granularities(form: str) -> list[Any] | None:
    return ["word", "segment"] if form == "verbose_json" else None


async def _said(sample: Path) -> str:
    return (await anyio.Path(sample.with_suffix(".txt")).read_text("utf-8")).strip()


async def _written(path: Path, answer: object) -> Path:
    text = answer if isinstance(answer, str) else json.dumps(as_dict(answer), indent=2) + "\n"
    await anyio.Path(path).write_text(text, "utf-8")
    return path


async def draw_all(client: AsyncAzureOpenAI, out: Path) -> list[Picture]:
    """Order all pictures, a few at a time, and save each as it comes."""
    await anyio.Path(out).mkdir(parents=True, exist_ok=True)
    painter = client.with_options(azure_deployment="dall-e-3")
    pictures: dict[int, Picture] = {}
    places = anyio.CapacityLimiter(_PICTURES_AT_ONCE)

    async def draw(number: int, order: ImageGenerationsRequest) -> None:
        async with places:
            made = await painter.send(order)
            name = re.sub(r"\W+", "-", order.prompt)[:40].strip("-")
            pictures[number] = Picture(order.prompt, await made.data[0].save(out / f"{number}-{name}"))

    async with anyio.create_task_group() as tasks:
        for number, order in enumerate(_ORDERS, start=1):
            tasks.start_soon(draw, number, order)
    return [pictures[number] for number in sorted(pictures)]
