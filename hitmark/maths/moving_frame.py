"""A box's own coordinates: reading what lies in a moving box at one common size, and writing changes back."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def read_boxes(values: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """What lies in each frame's box, resampled bilinearly to one size.

    Args:
        values: (frames, channels, rows, columns), float.
        boxes: float (frames, 4), `x0, y0, x1, y1` in fractions of the picture; outside it, its border is read on.
        height: rows of the result.
        width: columns of the result.

    Returns:
        (frames, channels, height, width).
    """
    x = boxes[:, None, 0:1] + (boxes[:, None, 2:3] - boxes[:, None, 0:1]) * _middles(width, values)[None, None]
    y = boxes[:, None, 1:2] + (boxes[:, None, 3:4] - boxes[:, None, 1:2]) * _middles(height, values)[None, None]
    columns, rows = x.expand(-1, height, -1), y.transpose(1, 2).expand(-1, -1, width)
    grid = torch.stack([columns, rows], dim=-1) * 2 - 1
    return F.grid_sample(values, grid.to(values), padding_mode="border", align_corners=False)


def write_boxes(change: Tensor, boxes: Tensor, rows: int, columns: int) -> Tensor:
    """A change in box coordinates as a change of the frames: zero outside of the boxes.

    Args:
        change: (frames, channels, height, width), float.
        boxes: as in `read_boxes`.
        rows: of the frames.
        columns: of the frames.

    Returns:
        (frames, channels, rows, columns); at a cell whose middle lies in the box, bilinear from `change`.
    """
    x = (_middles(columns, change)[None] - boxes[:, 0:1]) / (boxes[:, 2:3] - boxes[:, 0:1])
    y = (_middles(rows, change)[None] - boxes[:, 1:2]) / (boxes[:, 3:4] - boxes[:, 1:2])
    inside = ((y > 0) & (y < 1))[:, :, None] & ((x > 0) & (x < 1))[:, None, :]
    grid = torch.stack([x[:, None].expand(-1, rows, -1), y[:, :, None].expand(-1, -1, columns)], dim=-1) * 2 - 1
    read = F.grid_sample(change, grid.to(change), padding_mode="border", align_corners=False)
    return read * inside[:, None]


def _middles(count: int, like: Tensor) -> Tensor:
    """Middles of cells in 0..1."""
    return (torch.arange(count, dtype=torch.float32, device=like.device) + 0.5) / count
