"""What a scene is painted on. Imported in worker processes only: it loads Pillow."""

from collections.abc import Sequence
from random import Random
from typing import Self

import attrs
from PIL import Image, ImageDraw, ImageOps

from aoai_async.emulator.heard import PictureWanted
from aoai_async.emulator.palettes import Colour, Palette, seeded

__all__ = ["Canvas", "Point"]

Point = tuple[float, float]

_FINER = 2  # scenes are painted so many times larger and scaled down, which smooths their edges
_RIM = 181  # Pillow's radial gradient reaches 255 in the corners of its square, this much at its sides


@attrs.frozen
class Canvas:
    """An image in the making, larger than what was asked for.

    Attributes:
        image: The image.
        chance: What decides about places and sizes.
        palette: Its colours.
        fine: Whether more and smaller shapes are wanted.
    """

    image: Image.Image
    chance: Random
    palette: Palette
    fine: bool

    @classmethod
    def blank(cls, picture: PictureWanted) -> Self:
        """Stretch a canvas for a picture."""
        chance = seeded(picture)
        image = Image.new("RGB", (picture.width * _FINER, picture.height * _FINER))
        return cls(image, chance, Palette.chosen(chance, picture.style), picture.quality == "hd")

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.image.height

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        return min(self.image.size)

    def wash(self, start: Colour, middle: Colour, end: Colour, angle: float = 0.0) -> None:
        """Cover everything with a gradient from top to bottom, turned by up to 60 degrees."""
        # Turning leaves the corners black: a smaller square from the middle has none.
        ramp = Image.linear_gradient("L").rotate(angle, Image.Resampling.BICUBIC).crop((48, 48, 208, 208))
        ramp = ImageOps.autocontrast(ramp).resize(self.image.size, Image.Resampling.BICUBIC)
        self.image.paste(ImageOps.colorize(ramp, start, end, middle))

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Let light shine softly around a point; strength is 0 to 1."""
        fading = [round(255 * strength * max(1 - distance / _RIM, 0) ** 2) for distance in range(256)]
        size = max(round(2 * radius), 1)
        light = Image.radial_gradient("L").point(fading).resize((size, size), Image.Resampling.BICUBIC)
        self.image.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), light)

    def disc(self, centre: Point, radius: float, colour: Colour, opacity: int = 255) -> None:
        """Fill a circle; opacity is 0 to 255."""
        x, y = centre
        self.pen().ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, opacity))

    def area(self, corners: Sequence[Point], colour: Colour, opacity: int = 255) -> None:
        """Fill a polygon; opacity is 0 to 255."""
        self.pen().polygon(corners, fill=(*colour, opacity))

    def pen(self) -> ImageDraw.ImageDraw:
        """A pen whose colours may be translucent."""
        return ImageDraw.Draw(self.image, "RGBA")

    def finished(self) -> Image.Image:
        """The image in the size that was asked for."""
        return self.image.reduce(_FINER)
