"""Gaussian bumps in the boxes of subjects, on the grid of an attention layer."""

from __future__ import annotations

import torch
from torch import Tensor

from hitmark.control import AttentionSite
from hitmark.scene.tracks import Track


def bumps(track: Track, site: AttentionSite, spread: float) -> tuple[Tensor, Tensor]:
    """Where a track's box is, and a bump in it.

    Args:
        track: one box for each token frame, in fractions of the picture; hidden frames have neither.
        site: the grid.
        spread: standard deviation in sides of the box, each way.

    Returns:
        inside: bool (frames, rows, columns), tokens whose middle is in the box.
        bump: float32 of the same shape, 1 in the middle of the box, 0 outside of it.
    """
    _frames, rows, columns = site.grid
    boxes = torch.from_numpy(track.boxes).float()
    x = (torch.arange(columns) + 0.5) / columns
    y = (torch.arange(rows) + 0.5) / rows
    parts = []
    for places, low, high in ((y, boxes[:, 1], boxes[:, 3]), (x, boxes[:, 0], boxes[:, 2])):
        away = (places - ((low + high) / 2)[:, None]) / (high - low)[:, None]
        parts.append((away.abs() < 0.5, torch.exp(-(away**2) / (2 * spread**2))))
    (in_rows, by_row), (in_columns, by_column) = parts
    shown = torch.from_numpy(track.visible)[:, None, None]
    inside = in_rows[:, :, None] & in_columns[:, None, :] & shown
    bump = by_row[:, :, None] * by_column[:, None, :] * inside
    return inside, bump
