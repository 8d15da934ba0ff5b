"""What things of the sprite world look like, before they are placed: pictures with a coverage channel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hitmark.sprites import photos
from hitmark.sprites.atlas import load_atlas


def texture(name: str | None, color: str | None, seed: int, size: int) -> Tensor:
    """Premultiplied RGBA float32 (4, size, size) of a sprite, or of the cut-out of a seed for None."""
    if name is not None:
        return _sprite_texture(name, color, size)
    values = photos.cut_out(np.random.default_rng(seed), size)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


@lru_cache(maxsize=4096)
def _sprite_texture(name: str, color: str | None, size: int) -> Tensor:
    picture = load_atlas().image(name, color, size)
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


@lru_cache(maxsize=256)
def extent(name: str | None) -> tuple[float, float, float, float]:
    """Where the drawing lies in its cell, xyxy in 0..1; a cut-out is taken to fill nine tenths of it."""
    if name is None:
        return 0.05, 0.05, 0.95, 0.95
    alpha = load_atlas().image(name, None)[..., 3] > 0.5
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    size = alpha.shape[0]
    return columns[0] / size, rows[0] / size, (columns[-1] + 1) / size, (rows[-1] + 1) / size


def resampled(
    picture: Tensor,
    zoom: np.ndarray,
    shift: np.ndarray,
    padding: str,
    size: tuple[int, int],
    low: np.ndarray | None = None,
    shape: tuple[int, int] | None = None,
) -> Tensor:
    """A picture (channels, h, w) seen at `zoom` x place + `shift`, each (frames, 2: x, y), places in -1..1.

    Of a whole view of `size` (rows, columns), or of `shape` (rows, columns) of it from the pixel `low` (frames, 2) on.
    `padding`: "zeros" or "border", as of `grid_sample`. Gives (frames, channels, rows, columns).
    """
    rows, columns = shape or size
    corner = np.zeros((len(zoom), 2), dtype=int) if low is None else low
    grid = np.empty((len(zoom), rows, columns, 2), dtype=np.float32)
    for axis, count, part in ((0, size[1], columns), (1, size[0], rows)):
        places = (2 * (np.arange(part) + corner[:, axis, None]) + 1) / count - 1
        values = zoom[:, axis, None] * places + shift[:, axis, None]
        grid[..., axis] = values[:, None, :] if axis == 0 else values[:, :, None]
    batch = picture[None].expand(len(zoom), -1, -1, -1)
    return functional.grid_sample(batch, torch.from_numpy(grid), padding_mode=padding, align_corners=False)
