"""The scenes that a prompt can lead to; each paints a whole canvas. Imported in worker processes only."""

import math
from collections.abc import Callable
from itertools import product
from random import Random

from aoai_async.emulator.canvas import Canvas, Point

__all__ = ["SCENES"]

Sines = list[tuple[float, float, float]]  # of each: waves across the canvas, phase, height


def _hills(canvas: Canvas) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    canvas.wash(shade(0.45), shade(0.7), shade(0.95))
    sun = canvas.width * chance.uniform(0.2, 0.8), canvas.height * chance.uniform(0.2, 0.34)
    canvas.glow(sun, canvas.side * 0.5, shade(1.0), 0.8)
    canvas.disc(sun, canvas.side * chance.uniform(0.05, 0.09), shade(1.0))
    layers = 9 if canvas.fine else 5
    for near in (layer / layers for layer in range(1, layers + 1)):
        ridge = _sines(chance, 8 if canvas.fine else 3)
        swing = canvas.height * (0.03 + 0.05 * near)
        _below(canvas, ridge, canvas.height * (0.4 + 0.4 * near), swing, 0.8 * (1 - near) + 0.06)


def _ribbons(canvas: Canvas) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    canvas.wash(shade(0.06), shade(0.16), shade(0.3), angle=chance.uniform(-35, 35))
    ribbons = 24 if canvas.fine else 9
    wave = _sines(chance, 3)
    for place in (ribbon / ribbons for ribbon in range(ribbons)):
        wave = [(waves, phase + 3.2 / ribbons, height) for waves, phase, height in wave]
        level, swing = canvas.height * (0.12 + 0.75 * place), canvas.height * 0.13
        _below(canvas, wave, level, swing, 0.2 + 0.75 * place, opacity=75 if canvas.fine else 120)


def _sines(chance: Random, octaves: int) -> Sines:
    return [
        (chance.uniform(0.7, 1.3) * 1.8**octave, chance.uniform(0, math.tau), 0.62**octave) for octave in range(octaves)
    ]


def _below(canvas: Canvas, sines: Sines, level: float, swing: float, lightness: float, opacity: int = 255) -> None:
    def edge(at: float) -> float:
        return level + swing * sum(h * math.sin(math.tau * waves * at + phase) for waves, phase, h in sines)

    top = [(canvas.width * at / 300, edge(at / 300)) for at in range(301)]
    ground = [(canvas.width, canvas.height), (0, canvas.height)]
    canvas.area([*top, *ground], canvas.palette.shade(lightness), opacity)


def _facets(canvas: Canvas) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    cell = canvas.side / (18 if canvas.fine else 9)
    columns, rows = math.ceil(canvas.width / cell) + 1, math.ceil(canvas.height / cell) + 1
    corners = _jittered(chance, columns + 1, rows + 1, cell)
    lean = chance.uniform(-0.4, 0.4)
    for column, row in product(range(columns), range(rows)):
        light = 0.25 + 0.5 * row / rows + lean * (column / columns - 0.5)
        shared = [corners[column + 1, row], corners[column, row + 1]]
        for third in (corners[column, row], corners[column + 1, row + 1]):
            canvas.area([*shared, third], shade(light + chance.uniform(-0.09, 0.09)))


def _jittered(chance: Random, columns: int, rows: int, cell: float) -> dict[tuple[int, int], Point]:
    def moved(at: int) -> float:
        return (at - 0.5 + chance.uniform(-0.36, 0.36)) * cell

    return {(column, row): (moved(column), moved(row)) for column, row in product(range(columns), range(rows))}


def _planets(canvas: Canvas) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    canvas.wash(shade(0.02), shade(0.1), shade(0.24), angle=chance.uniform(-50, 50))
    for _ in range(500 if canvas.fine else 160):
        star = chance.uniform(0, canvas.width), chance.uniform(0, canvas.height)
        canvas.disc(star, canvas.side * chance.uniform(0.0008, 0.002), shade(0.95), chance.randint(60, 220))
    sun = canvas.width * chance.uniform(0.35, 0.65), canvas.height * chance.uniform(0.28, 0.42)
    canvas.glow(sun, canvas.side * 0.5, shade(0.85), 0.9)
    canvas.disc(sun, canvas.side * 0.07, shade(1.0))
    orbits = 10 if canvas.fine else 5
    for orbit in range(1, orbits + 1):
        _orbit(canvas, sun, canvas.side * (0.1 + 0.75 * orbit / orbits))


def _orbit(canvas: Canvas, sun: Point, radius: float) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    box = sun[0] - radius, sun[1] - radius, sun[0] + radius, sun[1] + radius
    canvas.pen().ellipse(box, outline=(*shade(0.8), 110), width=max(canvas.side // 500, 1))
    angle, size = chance.uniform(0, math.tau), canvas.side * chance.uniform(0.008, 0.034)
    x, y = sun[0] + radius * math.cos(angle), sun[1] + radius * math.sin(angle)
    turn = chance.uniform(0.25, 0.75)
    canvas.disc((x, y), size, shade(chance.uniform(0.45, 0.7), turn))
    canvas.disc((x - size * 0.25, y - size * 0.25), size * 0.5, shade(0.95, turn), opacity=80)


def _tiles(canvas: Canvas) -> None:
    cell = math.ceil(canvas.side / (12 if canvas.fine else 6))
    for x, y in product(range(0, canvas.width, cell), range(0, canvas.height, cell)):
        ground, figure = canvas.chance.sample((0.1, 0.28, 0.45, 0.62, 0.8, 0.95), 2)
        canvas.pen().rectangle((x, y, x + cell, y + cell), fill=canvas.palette.shade(ground))
        _figure(canvas, x, y, cell, figure)


def _figure(canvas: Canvas, x: int, y: int, cell: int, lightness: float) -> None:
    chance = canvas.chance
    colour = canvas.palette.shade(lightness, turn=chance.choice((0.0, 0.0, 0.0, 0.5)))
    if chance.random() < 0.3:
        canvas.disc((x + cell / 2, y + cell / 2), cell * chance.choice((0.18, 0.34)), colour)
        return
    # A quarter of a circle around one of the tile's corners, and where that circle's box begins.
    corners = (180, x, y), (270, x - cell, y), (90, x, y - cell), (0, x - cell, y - cell)
    angle, left, top = chance.choice(corners)
    circle = left, top, left + 2 * cell, top + 2 * cell
    canvas.pen().pieslice(circle, angle, angle + 90, fill=colour)


def _lanterns(canvas: Canvas) -> None:
    chance, shade = canvas.chance, canvas.palette.shade
    canvas.wash(shade(0.04), shade(0.14), shade(0.28), angle=chance.uniform(-40, 40))
    for _ in range(110 if canvas.fine else 36):
        centre = chance.uniform(0, canvas.width), chance.gauss(canvas.height * 0.42, canvas.height * 0.22)
        radius = canvas.side * chance.uniform(0.008, 0.04 if canvas.fine else 0.08)
        colour = shade(chance.uniform(0.45, 0.9), turn=chance.choice((0.0, 0.08, 0.5)))
        canvas.glow(centre, radius * 3, colour, 0.4)
        canvas.disc(centre, radius, colour, opacity=100)


SCENES: tuple[Callable[[Canvas], None], ...] = (_hills, _ribbons, _facets, _planets, _tiles, _lanterns)
"""Every scene there is."""
