"""Textured backgrounds: ten named places, each a color range, cloudy noise and a pattern. Endless and procedural."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

Color = tuple[float, float, float]
Pattern = Callable[[np.random.Generator, int, int], np.ndarray]


def _bricks(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Mortar lines (1) between bricks (0), every other row shifted by half a brick."""
    tall = generator.uniform(5, 9) * height / 96
    long = 2 * tall
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    row = np.floor(y / tall)
    shifted = x + (row % 2) * long / 2
    return ((y % tall < 1.1) | (shifted % long < 1.1)).astype(np.float32)


def _planks(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Dark seams (1) between long boards."""
    tall = generator.uniform(9, 16) * height / 96
    y = np.mgrid[0:height, 0:width][0].astype(np.float32) + generator.uniform(0, tall)
    return (y % tall < 1.3).astype(np.float32)


def _checks(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Two-colored tiles."""
    side = generator.uniform(8, 16) * height / 96
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return ((np.floor(x / side) + np.floor(y / side)) % 2).astype(np.float32)


def _waves(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Soft rolling bands."""
    period = generator.uniform(8, 15) * height / 96
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = np.sin(x / width * generator.uniform(6, 14) + generator.uniform(0, 6.28))
    return (0.5 + 0.5 * np.sin(6.283 * (y + 2.5 * bend) / period)).astype(np.float32)


def _dots(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Sparse small bright points: stars, flowers, snow flakes."""
    points = (generator.random((height, width)) < 0.003).astype(np.float32)
    spread = torch.from_numpy(points)[None, None]
    return F.avg_pool2d(F.pad(spread, (1, 1, 1, 1)), 3, 1)[0, 0].numpy().clip(0, 0.11) * 9


@dataclass(frozen=True)
class Place:
    """How one kind of background is painted. Colors are RGB in 0..1, `noise` and `pattern_strength` in 0..1."""

    first: Color
    second: Color
    noise: float
    stretch: tuple[float, float] = (1.0, 1.0)
    """Size of the noise clouds along (height, width) relative to a sixth of the picture."""
    pattern: Pattern | None = None
    pattern_color: Color = (0.0, 0.0, 0.0)
    pattern_strength: float = 0.0


PLACES: dict[str, Place] = {
    "grass": Place((0.30, 0.52, 0.20), (0.45, 0.66, 0.28), 0.9, (0.4, 0.3), _dots, (0.95, 0.9, 0.5), 0.5),
    "sand": Place((0.85, 0.74, 0.52), (0.76, 0.62, 0.40), 0.8, (0.5, 1.2)),
    "water": Place((0.16, 0.42, 0.62), (0.30, 0.60, 0.74), 0.6, (0.5, 1.5), _waves, (0.65, 0.85, 0.92), 0.35),
    "sky": Place((0.50, 0.72, 0.92), (0.88, 0.93, 0.97), 1.0, (1.2, 1.8)),
    "night": Place((0.06, 0.07, 0.18), (0.16, 0.13, 0.32), 0.9, (1.2, 1.2), _dots, (1.0, 1.0, 0.9), 0.9),
    "snow": Place((0.88, 0.91, 0.95), (0.74, 0.80, 0.88), 0.8, (0.8, 1.0)),
    "bricks": Place((0.62, 0.33, 0.26), (0.50, 0.27, 0.22), 0.7, (0.5, 0.5), _bricks, (0.80, 0.76, 0.70), 0.8),
    "wood": Place((0.60, 0.42, 0.26), (0.46, 0.30, 0.17), 0.9, (0.25, 2.0), _planks, (0.22, 0.13, 0.07), 0.7),
    "tiles": Place((0.78, 0.78, 0.74), (0.70, 0.70, 0.68), 0.5, (0.6, 0.6), _checks, (0.36, 0.42, 0.50), 0.6),
    "leaves": Place((0.20, 0.34, 0.16), (0.55, 0.50, 0.18), 1.0, (0.3, 0.3)),
}


def clouds(generator: np.random.Generator, height: int, width: int, stretch: tuple[float, float]) -> np.ndarray:
    """Smooth random field float32 (height, width), about 0..1: three octaves of bicubic noise."""
    total = torch.zeros(1, 1, height, width)
    for octave in range(3):
        rows = max(2, round(6 * 2**octave / stretch[0] / 2))
        columns = max(2, round(6 * 2**octave / stretch[1] / 2))
        grid = torch.from_numpy(generator.standard_normal((1, 1, rows, columns)).astype(np.float32))
        total += 0.6**octave * F.interpolate(grid, (height, width), mode="bicubic", align_corners=False)
    return (0.5 + 0.28 * total[0, 0].numpy()).clip(0, 1)


def paint(name: str, generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A new picture of the place, float32 (height, width, 3) in 0..1, different for each state of `generator`."""
    place = PLACES[name]
    shift = generator.normal(0, 0.04, 3)
    first, second = np.array(place.first) + shift, np.array(place.second) + shift
    field = clouds(generator, height, width, place.stretch)[..., None]
    mix = 0.5 + (field - 0.5) * 2 * place.noise
    canvas = first * (1 - mix) + second * mix
    if place.pattern is not None:
        weight = place.pattern_strength * place.pattern(generator, height, width)[..., None]
        canvas = canvas * (1 - weight) + np.array(place.pattern_color) * weight
    light = 1 + 0.12 * generator.uniform(-1, 1) * np.linspace(-1, 1, height)[:, None, None]
    return (canvas * light).clip(0, 1).astype(np.float32)
