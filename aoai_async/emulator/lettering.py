"""Breaks and sizes a text so that it fits and can be read. Imported in worker processes only: it loads Pillow."""

import functools
import unicodedata
from collections.abc import Callable, Iterator

import attrs
from PIL import ImageFont

__all__ = ["Block", "Font", "fitted", "font", "legible"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SMALLEST = 9  # pixels: smaller letters cannot be read
_LONGEST = 4000  # characters
_LINE = 1.3  # line height, in sizes of the letters
_SPELLINGS = str.maketrans({"\N{EM DASH}": "-", "\N{EN DASH}": "-", "\N{LATIN SMALL LETTER SHARP S}": "ss"})


@attrs.frozen
class Block:
    """Lines of text.

    Attributes:
        lines: The lines, top first.
        size: Of the letters, in pixels.
    """

    lines: tuple[str, ...]
    size: int

    @property
    def pitch(self) -> int:
        """Pixels from one line to the next."""
        return round(self.size * _LINE)

    @property
    def height(self) -> int:
        """Pixels of all lines."""
        return self.pitch * len(self.lines)

    @property
    def width(self) -> int:
        """Pixels of the longest line."""
        return round(max(map(font(self.size).getlength, self.lines), default=0))


@functools.lru_cache(maxsize=32)
def font(size: int) -> Font:
    """Pillow's own font in a size in pixels."""
    return ImageFont.load_default(size)


def legible(text: str) -> str:
    """The text on one line, in letters that Pillow's own font has as far as possible.

    The font has the letters of English: accents are left out, and other scripts become empty boxes. Of a text
    beyond 4,000 characters, more than the service takes, the rest is left out too.
    """
    plain = unicodedata.normalize("NFKD", " ".join(text[:_LONGEST].split())).translate(_SPELLINGS)
    plain = plain.encode(errors="replace").decode()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def fitted(text: str, width: int, height: int, largest: int) -> Block:
    """Break a text into lines in the largest letters that fit a box; what does not fit at all is cut off.

    All measures are pixels.
    """
    size = max(largest, _SMALLEST)
    while (block := _broken(text, width, size)).height > height and size > _SMALLEST:
        size = max(size * 9 // 10, _SMALLEST)
    return _cut(block, height)


def _cut(block: Block, height: int) -> Block:
    room = max(height // block.pitch, 1)
    if len(block.lines) <= room:
        return block
    *lines, last = block.lines[:room]
    return attrs.evolve(block, lines=(*lines, f"{last[:-3]}..."))


def _broken(text: str, width: int, size: int) -> Block:
    measure = font(size).getlength
    return Block(tuple(_lines(text, lambda line: measure(line) <= width)), size)


def _lines(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    line = ""
    for word in _words(text, fits):
        longer = f"{line} {word}".lstrip()
        if line and not fits(longer):
            yield line
            longer = word
        line = longer
    yield line


def _words(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    for word in text.split(" "):
        rest = word
        while len(rest) > 1 and not fits(rest):
            end = next(end for end in range(2, len(rest) + 1) if not fits(rest[:end])) - 1
            yield rest[:end]
            rest = rest[end:]
        yield rest
