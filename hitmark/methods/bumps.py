"""Gaussian bumps in the boxes of subjects, on the grid of an attention layer."""

from __future__ import annotations

import torch
from torch import Tensor

from hitmark.control import Grid, Layout
from hitmark.scene.tracks import Track


def bumps(track: Track, grid: Grid, spread: float) -> tuple[Tensor, Tensor]:
    """Where a track's box is by the middles of tokens, and a bump in it.

    Args:
        track: one box for each token frame, in fractions of the picture; hidden frames have neither.
        grid: of the tokens.
        spread: standard deviation in sides of the box, each way.

    Returns:
        inside: bool (frames, rows, columns), tokens whose middle is in the box.
        bump: float32 of the same shape, 1 in the middle of the box, 0 outside of it.
    """
    by_row, by_column, shown = _sides(track, grid)
    inside = (by_row.abs() < 0.5)[:, :, None] & (by_column.abs() < 0.5)[:, None, :] & shown
    return inside, _bump(by_row, by_column, spread) * inside


def bumps_in_cells(layout: Layout, number: int, grid: Grid, spread: float) -> tuple[Tensor, Tensor]:
    """As `bumps` for the subject of that number, from 0 on, where `Layout.subject_bits` has it."""
    inside = torch.from_numpy(layout.subject_bits(grid) >> number & 1 > 0)
    by_row, by_column, _shown = _sides(layout.tracks_on(grid[0])[number], grid)
    return inside, _bump(by_row, by_column, spread) * inside


def _sides(track: Track, grid: Grid) -> tuple[Tensor, Tensor, Tensor]:
    """How far the middles of rows and of columns are from the box's, in its sides; and which frames show it."""
    _frames, rows, columns = grid
    boxes = torch.from_numpy(track.boxes).float()
    x = (torch.arange(columns) + 0.5) / columns
    y = (torch.arange(rows) + 0.5) / rows
    by_row, by_column = (
        (places - ((low + high) / 2)[:, None]) / (high - low)[:, None]
        for places, low, high in ((y, boxes[:, 1], boxes[:, 3]), (x, boxes[:, 0], boxes[:, 2]))
    )
    return by_row, by_column, torch.from_numpy(track.visible)[:, None, None]


def _bump(by_row: Tensor, by_column: Tensor, spread: float) -> Tensor:
    rows, columns = (torch.exp(-(away**2) / (2 * spread**2)) for away in (by_row, by_column))
    return rows[:, :, None] * columns[:, None, :]
