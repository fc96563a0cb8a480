"""Colours that go together, and the chance that chooses them."""

import colorsys
from random import Random
from typing import Self

import attrs

from aoai_async.emulator.heard import PictureWanted

__all__ = ["Colour", "Palette", "seeded"]

Colour = tuple[int, int, int]


def seeded(picture: PictureWanted) -> Random:
    """Chance that always falls the same way for the same prompt, quality, style and number."""
    seed = ascii((picture.prompt, picture.quality, picture.style, picture.number))
    return Random(seed)  # noqa: S311  (it decorates, it protects nothing)


@attrs.frozen
class Palette:
    """A family of colours.

    Attributes:
        hue: Of its darkest member, on a circle of length 1.
        spread: How far the hue has turned at its lightest member; negative turns the other way.
        saturation: 0 is grey, 1 is pure.
    """

    hue: float
    spread: float
    saturation: float

    @classmethod
    def chosen(cls, chance: Random, style: str) -> Self:
        """Choose one: muted neighbours for `natural`, bright contrasts for any other style."""
        direction = chance.choice((-1, 1))
        if style == "natural":
            return cls(chance.random(), direction * chance.uniform(0.04, 0.12), chance.uniform(0.16, 0.28))
        return cls(chance.random(), direction * chance.uniform(0.18, 0.4), chance.uniform(0.7, 0.9))

    def shade(self, lightness: float, turn: float = 0.0) -> Colour:
        """The member of this lightness, 0 to 1, its hue turned further by `turn`."""
        light = min(max(lightness, 0.0), 1.0)
        hue = self.hue + self.spread * light + turn
        red, green, blue = colorsys.hls_to_rgb(hue % 1, 0.06 + 0.86 * light, self.saturation)
        return round(255 * red), round(255 * green), round(255 * blue)
