"""A picture for every prompt from the standard library alone: a symmetrical mosaic, as PNG, in milliseconds."""

import colorsys
import hashlib
import itertools
import struct
import zlib
from collections.abc import Iterator

from aoai_async.emulator.heard import PictureWanted

__all__ = ["mosaic"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 16  # so that two pixels share a byte
_DEPTH, _INDEXED = 4, 3  # PNG's bits a pixel and colour type
_AS_IT_IS, _AS_ABOVE = b"\0", b"\2"  # PNG's filters of a row


def mosaic(picture: PictureWanted) -> bytes:
    """Lay the mosaic of `picture.width` by `picture.height` pixels.

    Each of the other fields changes it, and the same picture always comes out the same.
    """
    numbers = _numbers(picture)
    header = struct.pack(">2I5B", picture.width, picture.height, _DEPTH, _INDEXED, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", _palette(numbers, saturation=0.35 if picture.style == "natural" else 0.85)),
            _chunk(b"IDAT", zlib.compress(_rows(picture, numbers), level=1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _numbers(picture: PictureWanted) -> Iterator[int]:
    """Endless numbers below 256 that the picture alone decides."""
    wanted = repr((picture.prompt, picture.style, picture.quality, picture.number)).encode()
    for block in itertools.count():
        yield from hashlib.sha256(wanted + block.to_bytes(4)).digest()


def _palette(numbers: Iterator[int], saturation: float) -> bytes:
    hue, turn = next(numbers) / 256, next(numbers) / 512
    shades = (shade / _COLOURS for shade in range(_COLOURS))
    colours = (colorsys.hls_to_rgb(hue + turn * shade, 0.2 + 0.65 * shade, saturation) for shade in shades)
    return bytes(round(255 * part) for colour in colours for part in colour)


def _rows(picture: PictureWanted, numbers: Iterator[int]) -> bytes:
    across = 48 if picture.quality == "hd" else 24
    tile = -(-picture.width // across)
    rows_of_tiles = -(-picture.height // tile)
    grounds = (11 * row // rows_of_tiles for row in range(rows_of_tiles))  # darker above, lighter below
    rows = b"".join(_tile_row(numbers, ground, across, tile, picture.width) for ground in grounds)
    return rows[: len(rows) // (rows_of_tiles * tile) * picture.height]


def _tile_row(numbers: Iterator[int], ground: int, across: int, tile: int, width: int) -> bytes:
    half = [ground + number % 6 for number in itertools.islice(numbers, across // 2)]
    pixels = b"".join(bytes([colour]) * tile for colour in half + half[::-1])
    row = bytes(left << 4 | right for left, right in zip(pixels[::2], pixels[1::2], strict=False))
    row = row[: (width + 1) // 2]
    return _AS_IT_IS + row + (_AS_ABOVE + bytes(len(row))) * (tile - 1)
