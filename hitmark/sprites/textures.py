"""What things of the sprite world look like, before they are placed: pictures with a coverage channel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from hitmark.sprites import photos
from hitmark.sprites.atlas import load_atlas


def texture(name: str | None, color: str | None, seed: int, size: int) -> torch.Tensor:
    """Premultiplied RGBA float32 (4, size, size) of a sprite, or of the cut-out of a seed for None."""
    if name is not None:
        return _sprite_texture(name, color, size)
    values = photos.cut_out(np.random.default_rng(seed), size)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


@lru_cache(maxsize=4096)
def _sprite_texture(name: str, color: str | None, size: int) -> torch.Tensor:
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
