import io
from collections.abc import AsyncIterator, Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from aoai_async.emulator import pictures
from aoai_async.emulator.canvas import Canvas
from aoai_async.emulator.extras import demand_extra
from aoai_async.emulator.heard import PictureWanted
from aoai_async.emulator.lettering import fitted, font, legible
from aoai_async.emulator.mosaic import mosaic
from aoai_async.emulator.painters import PillowPainter, PlainPainter
from aoai_async.emulator.pictures import draw
from aoai_async.emulator.scenes import SCENES

WANTED = PictureWanted("A kettle on a stove", 256, 160, "standard", "vivid", 1)
OTHERS = [
    attrs.evolve(WANTED, prompt="A kettle on a stone"),
    attrs.evolve(WANTED, quality="hd"),
    attrs.evolve(WANTED, style="natural"),
    attrs.evolve(WANTED, number=2),
]
Paint = Callable[[PictureWanted], bytes]
Scene = Callable[[Canvas], None]
SIZES = [(1024, 1024), (1792, 1024), (1024, 1792), (256, 256)]


@pytest.fixture
async def pillow() -> AsyncIterator[PillowPainter]:
    painter = PillowPainter()
    yield painter
    await painter.aclose()


def _opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def _saturation(image: Image.Image) -> float:
    saturations = image.convert("HSV").getchannel("S").histogram()
    return sum(value * count for value, count in enumerate(saturations)) / sum(saturations)


@pytest.mark.parametrize("size", SIZES)
async def test_plain_pictures_have_the_size_wanted(size: tuple[int, int]) -> None:
    """A plain picture is a whole PNG file of the size wanted, in more than one colour."""
    painter = PlainPainter()
    image = _opened(await painter.paint(attrs.evolve(WANTED, width=size[0], height=size[1])))
    await painter.aclose()
    assert image.size == size
    assert len(image.getcolors() or ()) > 4


@given(st.integers(1, 400), st.integers(1, 400), st.text(max_size=20))
def test_any_size_is_a_valid_mosaic(width: int, height: int, prompt: str) -> None:
    """Every size from a single pixel on and every prompt gives a PNG file that can be read to its end."""
    picture = PictureWanted(prompt, width, height, "hd", "natural", 1)
    assert _opened(mosaic(picture)).size == (width, height)


@pytest.mark.parametrize("paint", [mosaic, draw])
@pytest.mark.parametrize("other", OTHERS)
def test_every_field_changes_the_picture(paint: Paint, other: PictureWanted) -> None:
    """Another prompt, quality, style or number gives another picture; the same gives the same bytes."""
    assert paint(WANTED) == paint(WANTED)
    assert paint(WANTED) != paint(other)


@pytest.mark.parametrize("size", SIZES)
async def test_drawn_pictures_have_the_size_wanted(pillow: PillowPainter, size: tuple[int, int]) -> None:
    """A picture drawn in the worker process is a whole PNG file of the size wanted."""
    png = await pillow.paint(attrs.evolve(WANTED, width=size[0], height=size[1]))
    assert _opened(png).size == size


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("quality", ["standard", "hd"])
def test_every_scene_can_be_painted(scene: Scene, quality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scene covers the canvas in both qualities, `natural` more muted than `vivid`."""
    monkeypatch.setattr(pictures, "SCENES", (scene,))
    vivid = _opened(draw(attrs.evolve(WANTED, quality=quality)))
    natural = _opened(draw(attrs.evolve(WANTED, quality=quality, style="natural")))
    assert vivid.size == natural.size == (256, 160)
    assert _saturation(natural) < 0.7 * _saturation(vivid)


@pytest.mark.parametrize(
    "prompt",
    ["", " ", "\0\x1b", "\ud800", "\u65e5\u672c\u8a9e", "\U0001f642" * 50, "word " * 2000, "x" * 5000, "\u0300"],
    ids=["empty", "blank", "control", "surrogate", "Japanese", "emoji", "long", "one word", "accent"],
)
@pytest.mark.parametrize("size", [(256, 256), (96, 400), (1, 1)])
def test_any_prompt_can_be_drawn(prompt: str, size: tuple[int, int]) -> None:
    """No prompt, however long and in whatever script, keeps a picture from being drawn."""
    picture = PictureWanted(prompt, *size, "standard", "vivid", 3)
    assert _opened(draw(picture)).size == size


def test_the_prompt_is_written() -> None:
    """A picture with a prompt differs from the bare scene only where the prompt is written: at the bottom."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "legible", lambda _: "")
        without = _opened(draw(WANTED))
    written = _opened(draw(WANTED))
    box = ImageChops.difference(written, without).getbbox()
    assert box is not None
    assert box[1] > WANTED.height // 3


@given(st.text("abc defg", max_size=300), st.integers(40, 400), st.integers(20, 300), st.integers(9, 60))
def test_lines_fit(text: str, width: int, height: int, largest: int) -> None:
    """A text that is broken into lines stays within its box and loses letters only when it must."""
    block = fitted(legible(text), width, height, largest)
    assert 9 <= block.size <= largest
    assert len(block.lines) == 1 or block.height <= height
    assert all(font(block.size).getlength(line) <= width for line in block.lines if "..." not in line)
    if not block.lines[-1].endswith("..."):
        assert "".join(block.lines).replace(" ", "") == text.replace(" ", "")


def test_letters_the_font_knows() -> None:
    """Accents are left out, dashes and blanks made plain, and what cannot be written is replaced."""
    assert legible("Caf\u00e9\n na\u00efve \u2014 Stra\u00dfe") == "Cafe naive - Strasse"
    assert legible("\ud800") == "?"


def test_a_missing_module_is_named() -> None:
    """Without a module, the message names it and what to install."""
    with pytest.raises(ModuleNotFoundError, match=r"no_such_module .* 'aoai-async\[emulator\]'"):
        demand_extra("PIL", "no_such_module")
