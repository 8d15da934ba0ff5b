"""Boxes in cells, and the bump in them, as the released programs of TrailBlazer and FreeTraj have both.

Their boxes lie inside the picture. Of those that do not, the cells that are in it are used.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hitmark.control import Grid
from hitmark.scene.grid import clip_cells
from hitmark.scene.tracks import Track

MARGIN = 0.01
"""Of the picture, by which TrailBlazer makes each side of a box smaller before it cuts it to cells."""
DIVISION = 3
"""Standard deviations of the bump in a side of the box."""


def trail_blazer_cells(track: Track, rows: int, columns: int) -> np.ndarray:
    """Each corner of each box, moved inwards by MARGIN, cut to cells by itself.

    Returns:
        (frames, 4) int64 `x0, y0, x1, y1` with exclusive ends; a thin box has no cells.
    """
    inwards = np.array([MARGIN, MARGIN, -MARGIN, -MARGIN])
    return np.floor((track.boxes + inwards) * np.array([columns, rows, columns, rows])).astype(np.int64)


def free_traj_cells(track: Track, rows: int, columns: int) -> np.ndarray:
    """The first corner of each box cut to cells, and the size of the first box, likewise.

    Returns:
        (frames, 4) int64 `x0, y0, x1, y1` with exclusive ends; all of one size.
    """
    scale = np.array([columns, rows])
    low = np.floor(track.boxes[:, :2] * scale).astype(np.int64)
    size = np.floor(first_size(track) * scale).astype(np.int64)
    return np.concatenate([low, low + size], axis=1)


def first_size(track: Track) -> np.ndarray:
    """Width and height, in fractions of the picture, of a track's box in the first frame that shows it."""
    first = track.boxes[int(np.argmax(track.visible))]
    return first[2:] - first[:2]


def released_bumps(cells: np.ndarray, visible: np.ndarray, grid: Grid) -> tuple[Tensor, Tensor]:
    """Boxes in cells as a mask, and a bump in each.

    Args:
        cells: (frames, 4) int64 `x0, y0, x1, y1`, not clipped to the grid.
        visible: bool (frames,); a hidden box has neither.
        grid: of the tokens.

    Returns:
        inside: bool (frames, rows, columns).
        bump: float16 of the same shape; its largest value in a box that is in the picture is 1.
    """
    frames, rows, columns = grid
    inside = torch.zeros(grid, dtype=torch.bool)
    bump = torch.zeros(grid, dtype=torch.float16)
    clipped, present = clip_cells(cells, rows, columns)
    for frame in range(frames):
        if not (visible[frame] and present[frame]):
            continue
        left, top, right, bottom = cells[frame].tolist()
        x0, y0, x1, y1 = clipped[frame].tolist()
        patch = released_patch(bottom - top, right - left)
        inside[frame, y0:y1, x0:x1] = True
        bump[frame, y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
    return inside, bump


def released_patch(height: int, width: int) -> Tensor:
    """The bump of both programs, float16 (height, width): its middle is off the box's, and its largest value 1.

    Cell k of n stands at k n / (n - 1), the middle at n / 2 without its fraction.
    """
    rows, columns = (
        ((torch.linspace(0, side, side) - side // 2) / (side / DIVISION)) ** 2 / 2 for side in (height, width)
    )
    bump = torch.exp(-(rows[:, None] + columns[None, :]))
    return (bump / bump.max()).half()
