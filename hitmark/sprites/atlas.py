"""The rendered sprites: named pictures with a coverage channel, recolorable, at any size.

The files (`atlas.png`, `atlas_tint.png`, `atlas.json`) are written by `hitmark.sprites.render_atlas` from the SVG
drawings in `art/`. All pixel values here are premultiplied RGBA, so `canvas * (1 - a) + rgb` places a sprite.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import cast

import numpy as np
from PIL import Image

from hitmark.errors import HitmarkError

COLORS: dict[str, tuple[float, float, float]] = {
    "red": (0.82, 0.09, 0.10),
    "orange": (0.98, 0.48, 0.04),
    "yellow": (0.99, 0.89, 0.18),
    "green": (0.16, 0.62, 0.22),
    "cyan": (0.20, 0.83, 0.87),
    "blue": (0.13, 0.30, 0.86),
    "purple": (0.52, 0.18, 0.70),
    "pink": (0.98, 0.52, 0.74),
    "white": (0.97, 0.97, 0.97),
}
"""Named colors of captions ("a red car"), RGB in 0..1."""

LARGEST_SIZE = 2048


@dataclass(frozen=True, eq=False)
class Atlas:
    """All sprites. `names` in cell order; `tintable` those that take a color. Get one with `load_atlas()`."""

    names: tuple[str, ...]
    tintable: frozenset[str]
    default_colors: Mapping[str, tuple[float, float, float]]
    black: np.ndarray
    """(N, cell, cell, 4) float32, premultiplied RGBA in 0..1 with the recolorable parts black."""
    tint: np.ndarray
    """(N, cell, cell) float32 in 0..1: how much of the color a pixel takes; 0 outside the recolorable parts."""

    def image(self, name: str, color: str | tuple[float, float, float] | None = None, size: int = 96) -> np.ndarray:
        """The sprite as a new premultiplied RGBA array, float32 (size, size, 4) in 0..1.

        `color`: a name of COLORS, an RGB triple in 0..1, or None for the sprite's own color. `size`: side in pixels,
        1..2048; below the cell size pixels are averaged over their area, above it bicubic.
        Raises HitmarkError for an unknown name or color, a color given to a sprite that takes none, a bad size.
        """
        if name not in self.names:
            raise HitmarkError(f"sprite {name!r} does not exist; {_nearest(name, self.names)}")
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= LARGEST_SIZE:
            raise HitmarkError(f"size must be a whole number of pixels in 1..{LARGEST_SIZE}, got {size!r}")
        number = self.names.index(name)
        picture = self.black[number].copy()
        if color is not None or name in self.tintable:
            picture[..., :3] += self.tint[number][..., None] * np.asarray(self._rgb(name, color), dtype=np.float32)
        return _resized(picture, int(size))

    def _rgb(self, name: str, color: str | tuple[float, float, float] | None) -> tuple[float, float, float]:
        if color is None:
            return self.default_colors[name]
        if name not in self.tintable:
            raise HitmarkError(
                f"sprite {name!r} has fixed colors, got color={color!r}; leave color out or take one of "
                f"{', '.join(sorted(self.tintable))}"
            )
        return parse_color(color)


def parse_color(color: str | tuple[float, float, float]) -> tuple[float, float, float]:
    """RGB in 0..1 of a name of COLORS or of a triple already in 0..1. Raises HitmarkError for anything else."""
    if isinstance(color, str):
        if color not in COLORS:
            raise HitmarkError(f"color {color!r} is not known; {_nearest(color, COLORS)}")
        return COLORS[color]
    try:
        values = tuple(float(value) for value in color)
    except (TypeError, ValueError):
        values = ()
    if len(values) != 3 or not all(0 <= value <= 1 for value in values):
        raise HitmarkError(f"color must be a name or three numbers (red, green, blue) in 0..1, got {color!r}")
    return cast("tuple[float, float, float]", values)


@lru_cache(maxsize=1)
def load_atlas() -> Atlas:
    """Reads the atlas that ships in the package. The same object on every call; its arrays are read-only."""
    folder = resources.files("hitmark.sprites")
    index = json.loads((folder / "atlas.json").read_text(encoding="utf-8"))
    count, cell, columns = len(index["names"]), index["cell"], index["columns"]
    with (folder / "atlas.png").open("rb") as file:
        straight = np.asarray(Image.open(file).convert("RGBA"), dtype=np.float32) / 255
    with (folder / "atlas_tint.png").open("rb") as file:
        weight = np.asarray(Image.open(file).convert("L"), dtype=np.float32) / 255
    black = _cells(straight, cell, columns)[:count].copy()
    black[..., :3] *= black[..., 3:]
    tint = _cells(weight[..., None], cell, columns)[:count, ..., 0].copy()
    black.setflags(write=False)
    tint.setflags(write=False)
    return Atlas(
        names=tuple(index["names"]),
        tintable=frozenset(index["tintable"]),
        default_colors={name: _from_hex(text) for name, text in index["default_color"].items()},
        black=black,
        tint=tint,
    )


def _cells(grid: np.ndarray, cell: int, columns: int) -> np.ndarray:
    """(rows*cell, columns*cell, C) to (rows*columns, cell, cell, C), row by row."""
    rows = grid.shape[0] // cell
    split = grid.reshape(rows, cell, columns, cell, grid.shape[-1])
    return split.transpose(0, 2, 1, 3, 4).reshape(rows * columns, cell, cell, grid.shape[-1])


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    """Premultiplied (S, S, 4) to (size, size, 4), clipped so that 0 <= color <= coverage <= 1."""
    if size < picture.shape[0]:
        weights = _area_weights(picture.shape[0], size)
        across = np.tensordot(weights, picture, axes=(1, 0))
        picture = np.tensordot(weights, across, axes=(1, 1)).transpose(1, 0, 2)
    elif size > picture.shape[0]:
        planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
        channels = [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in planes]
        picture = np.stack([np.asarray(channel, dtype=np.float32) for channel in channels], axis=-1)
    picture = np.clip(picture, 0, 1)
    picture[..., :3] = np.minimum(picture[..., :3], picture[..., 3:])
    return picture


@lru_cache(maxsize=128)
def _area_weights(source: int, target: int) -> np.ndarray:
    """(target, source) float32: share of each source pixel in a target pixel, rows sum to 1; exact at any ratio.

    (Pillow's BOX counts a source pixel wholly or not at all, which moves edges by up to half a source pixel.)
    """
    edges = np.arange(target + 1) * (source / target)
    pixels = np.arange(source)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) * (target / source)).astype(np.float32)


def _from_hex(text: str) -> tuple[float, float, float]:
    return (int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255)


def _nearest(word: object, known: Iterable[str]) -> str:
    """The end of an error message: the closest known word and the whole list."""
    words = sorted(known)
    close = difflib.get_close_matches(str(word).lower(), words, n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}? Known: {', '.join(words)}" if close else f"known: {', '.join(words)}"
