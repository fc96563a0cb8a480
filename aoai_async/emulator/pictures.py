"""Pictures in which the prompt can be read. Imported in worker processes only: it loads Pillow."""

import io

from PIL import Image, ImageDraw, ImageFilter

from aoai_async.emulator.canvas import Canvas
from aoai_async.emulator.heard import PictureWanted
from aoai_async.emulator.lettering import Block, fitted, font, legible
from aoai_async.emulator.palettes import Colour, Palette
from aoai_async.emulator.scenes import SCENES

__all__ = ["draw"]

_TOO_SMALL = 96  # pixels: no letter is legible on less


def draw(picture: PictureWanted) -> bytes:
    """Draw a scene that the prompt decides and write the prompt on it.

    Returns:
        A PNG file of `picture.width` by `picture.height` pixels.
    """
    canvas = Canvas.blank(picture)
    canvas.chance.choice(SCENES)(canvas)
    image = canvas.finished()
    if min(image.size) >= _TOO_SMALL:
        _label(image, picture, canvas.palette)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _label(image: Image.Image, picture: PictureWanted, palette: Palette) -> None:
    margin = min(image.size) // 20
    prompt = fitted(
        legible(picture.prompt),
        width=image.width - 4 * margin,
        height=image.height * 2 // 5,
        largest=min(image.size) // 18,
    )
    note = Block((_note(picture),), size=max(margin // 2, 9))
    height = prompt.height + note.height + 2 * margin
    width = max(prompt.width, note.width) + 2 * margin
    top = image.height - margin - height
    _glass(image, (margin, top, margin + width, top + height), margin // 2, palette)
    pen = ImageDraw.Draw(image)
    _write(pen, (2 * margin, top + margin * 3 // 4), prompt, palette.shade(1.0))
    _write(pen, (2 * margin, top + margin + prompt.height), note, palette.shade(0.75))


def _note(picture: PictureWanted) -> str:
    number = (f"no. {picture.number}",) if picture.number > 1 else ()
    size = f"{picture.width} x {picture.height}"
    return " \N{MIDDLE DOT} ".join((*number, legible(picture.style), legible(picture.quality), size))


def _glass(image: Image.Image, box: tuple[int, int, int, int], radius: int, palette: Palette) -> None:
    """Lay a pane of dark frosted glass over a part of the image, on which bright letters stand out."""
    behind = image.crop(box).filter(ImageFilter.GaussianBlur(radius))
    pane = Image.blend(behind, Image.new("RGB", behind.size, palette.shade(0.03)), 0.6)
    image.paste(pane, box, _rounded(behind.size, radius))


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    mask = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * 4, fill=255)
    return mask.reduce(4)


def _write(pen: ImageDraw.ImageDraw, corner: tuple[int, int], block: Block, colour: Colour) -> None:
    for number, line in enumerate(block.lines):
        pen.text((corner[0], corner[1] + number * block.pitch), line, fill=colour, font=font(block.size))
