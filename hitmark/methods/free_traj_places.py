"""Where FreeTraj's subjects are: one definition of cells for its noise, its self-attention and its words.

The cells are the layout's, as for every method here, or those of the released program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hitmark.control import Grid, Layout
from hitmark.methods.bumps import bumps_in_cells
from hitmark.methods.released_cells import free_traj_cells, released_bumps
from hitmark.prompt import Prompt
from hitmark.scene.grid import clip_cells
from hitmark.scene.tracks import Track

SPREAD = 1 / 3
"""Standard deviation of the bump, in sides of the box."""


@dataclass(frozen=True)
class Place:
    """A subject on a token grid.

    Attributes:
        track: with one box for each token frame.
        inside: bool (frames, rows, columns).
        bump: of the same shape, 1 in the middle of the box, 0 outside of it.
    """

    track: Track
    inside: Tensor
    bump: Tensor

    def words(self, prompt: Prompt) -> tuple[int, ...]:
        """Positions of the words that mean it."""
        return prompt.positions(str(self.track.phrase))


def places_of(layout: Layout, grid: Grid, in_code: bool) -> list[Place]:
    """Of every subject, in their order; `in_code`: the released program's cells and bump."""
    frames, rows, columns = grid
    places = []
    for number, track in enumerate(layout.tracks_on(frames)):
        if in_code:
            found = released_bumps(free_traj_cells(track, rows, columns), track.visible, grid)
        else:
            found = bumps_in_cells(layout, number, grid, SPREAD)
        places.append(Place(track, *found))
    return places


def labels_of(layout: Layout, grid: Grid, in_code: bool) -> Tensor:
    """For each token the number of the nearest subject that it is inside of, from 1 on; 0 is background.

    int64 (frames, rows, columns).
    """
    if not in_code:
        return torch.from_numpy(layout.regions(grid))
    labels = torch.zeros(grid, dtype=torch.int64)
    places = places_of(layout, grid, in_code)
    for number, place in sorted(enumerate(places, start=1), key=lambda item: item[1].track.depth):
        labels[place.inside] = number
    return labels


def released_noise(noise: Tensor, layout: Layout, track: Track, generator: torch.Generator | None) -> Tensor:
    """Noise (1, frames, channels, height, width) with one patch in the program's cells of every frame."""
    cells = free_traj_cells(track, layout.height, layout.width)
    clipped, present = clip_cells(cells, layout.height, layout.width)
    width, height = (int(side) for side in (cells[0, 2:] - cells[0, :2]))
    device = noise.device if generator is None else generator.device
    patch = torch.randn(noise.shape[2], height, width, generator=generator, device=device).to(noise)
    result = noise.clone()
    for frame in np.flatnonzero(track.visible & present):
        left, top = cells[frame, :2].tolist()
        x0, y0, x1, y1 = clipped[frame].tolist()
        result[0, frame, :, y0:y1, x0:x1] = patch[:, y0 - top : y1 - top, x0 - left : x1 - left]
    return result
