"""What SG-I2V compares: boxes of later frames with those of the first one, in features (arXiv:2411.04989, Eq. 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from hitmark.control import Layout
from hitmark.scene.grid import gaussian_weights

if TYPE_CHECKING:
    import numpy as np

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class BoxMatch:
    """A box of frame n >= 1 that is to look like the same track's box of frame 0; cells, `x0, y0, x1, y1`."""

    frame: int
    source: Box  # in frame 0, cut at the picture's edge
    box: Box  # in frame n, may reach outside
    inside: Box  # the part of `box` inside the picture


def box_matches(layout: Layout) -> list[BoxMatch]:
    """Every (frame, track) that enters the loss, frame by frame; hidden boxes and those wholly outside are left out."""
    boxes = [layout.cells(track) for track in layout.tracks]
    sources = [clipped(cells[0], layout) for cells in boxes]
    matches = []
    for frame in range(1, layout.frames):
        for track, cells, source in zip(layout.tracks, boxes, sources, strict=True):
            inside = clipped(cells[frame], layout)
            if track.visible[frame] and inside is not None and source is not None:
                matches.append(BoxMatch(frame, source, _box(cells[frame]), inside))
    return matches


def alignment_loss(maps: list[Tensor], matches: list[BoxMatch], layout: Layout, sigma: float | None) -> Tensor:
    """Gaussian-weighted mean squared difference between boxes and their first-frame features (Eq. 1).

    Feature maps are brought to the latent size and seen as one map of all channels. All boxes and frames share one
    normalizer, so a large box weighs more than a small one.

    Args:
        maps: each (frames, channels, h, w).
        matches: from `box_matches`; not empty.
        layout: the latent grid.
        sigma: see `SGI2V.gaussian_sigma`.
    """
    total = maps[0].new_zeros(())
    normalizer = maps[0].new_zeros(())
    first = stop_gradient(_at_latent_size(maps, 0, layout))
    frame, current = 0, first
    for match in matches:
        if match.frame != frame:
            frame, current = match.frame, _at_latent_size(maps, match.frame, layout)
        x0, y0, x1, y1 = match.box
        within = _offset(match.inside, x0, y0)
        target = _resized(_crop(first, match.source), y1 - y0, x1 - x0)
        difference = (_crop(current, match.inside) - _crop(target, within)).square().mean(dim=1)[0]
        weights = _crop(_weights(y1 - y0, x1 - x0, sigma).to(difference), within)
        total = total + (weights * difference).sum()
        normalizer = normalizer + weights.sum()
    return total / normalizer.clamp(min=1e-8)


def stop_gradient(tensor: Tensor) -> Tensor:
    """The "sg" of Eq. 1: what follows the trajectory adapts to the first frame, never the other way round."""
    return tensor.detach()


def _at_latent_size(maps: list[Tensor], frame: int, layout: Layout) -> Tensor:
    """The features of a latent frame; where one token stands for several frames, those of its token."""
    places = [frame * len(each) // layout.frames for each in maps]
    parts = [each[place : place + 1] for each, place in zip(maps, places, strict=True)]
    return torch.cat([_resized(part, layout.height, layout.width) for part in parts], dim=1)


def _resized(features: Tensor, height: int, width: int) -> Tensor:
    return functional.interpolate(features, size=(height, width), mode="bilinear", align_corners=False)


def _weights(height: int, width: int, sigma: float | None) -> Tensor:
    if sigma is None:
        return torch.ones(height, width)
    return torch.as_tensor(gaussian_weights(height, width, sigma), dtype=torch.float32)


def _crop(grid: Tensor, box: Box) -> Tensor:
    x0, y0, x1, y1 = box
    return grid[..., y0:y1, x0:x1]


def _offset(box: Box, x: int, y: int) -> Box:
    return box[0] - x, box[1] - y, box[2] - x, box[3] - y


def _box(cells: np.ndarray) -> Box:
    x0, y0, x1, y1 = (int(value) for value in cells)
    return x0, y0, x1, y1


def clipped(cells: np.ndarray, layout: Layout) -> Box | None:
    """The part of a box inside the latent grid, or None."""
    x0, y0, x1, y1 = _box(cells)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, layout.width), min(y1, layout.height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
