"""Filling the hole that something leaves behind: as smooth as a soap film between the hole's edges.

Every pixel of the filling is the mean of its four neighbors (Laplace's equation). There is no texture in it; a
reference is noised until only its coarse colors are left, and these are what a filling must have right.
"""

from __future__ import annotations

import numpy as np

SMALLEST = 8
"""Pixels of the shorter side below which no coarser picture is solved first."""
TOLERANCE = 1e-2
"""Greatest last change of a pixel, in gray levels."""
MOST_SWEEPS = 10_000


def filled(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A picture with its hole filled smoothly from the hole's edges.

    Args:
        picture: (height, width, channels), any numbers; what lies in the hole is not looked at.
        hole: bool (height, width). A hole that leaves no pixel cannot be filled: the picture stays as it is.

    Returns:
        float64 (height, width, channels). At the picture's border a pixel has fewer neighbors.
    """
    values = np.array(picture, dtype=np.float64)
    if not hole.any() or hole.all():
        return values
    rows, columns = np.nonzero(hole)
    part = (
        slice(max(0, rows.min() - 1), rows.max() + 2),
        slice(max(0, columns.min() - 1), columns.max() + 2),
    )
    values[part] = _relaxed(_guess(values[part], hole[part]), hole[part])
    return values


def _guess(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A start: the solution at half the size, enlarged; of a tiny picture the mean of what is known."""
    known = ~hole
    if min(hole.shape) < SMALLEST or not _halved(known[..., None].astype(np.float64)).any():
        start = values[known].mean(axis=0)
    else:
        shares = _halved(known[..., None].astype(np.float64))
        coarse_hole = shares[..., 0] == 0
        sums = _halved(values * known[..., None])
        coarse = np.divide(sums, shares, out=np.zeros_like(sums), where=shares > 0)
        if coarse_hole.any():
            coarse = _relaxed(_guess(coarse, coarse_hole), coarse_hole)
        start = coarse.repeat(2, axis=0).repeat(2, axis=1)[: hole.shape[0], : hole.shape[1]]
    return np.where(hole[..., None], start, values)


def _halved(values: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels; a last odd row or column counts as twice itself."""
    padded = np.pad(values, ((0, values.shape[0] % 2), (0, values.shape[1] % 2), (0, 0)), mode="edge")
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) / 4


def _relaxed(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Over-relaxation, the pixels of a chessboard's two colors in turn, until nothing moves any more."""
    height, width, channels = values.shape
    flat = np.zeros(((height + 2) * (width + 2), channels))  # with a border that counts nothing
    flat.reshape(height + 2, width + 2, channels)[1:-1, 1:-1] = values
    rows, columns = np.nonzero(hole)
    places = (rows + 1) * (width + 2) + columns + 1
    neighbors = 4.0 - (rows == 0) - (rows == height - 1) - (columns == 0) - (columns == width - 1)
    even = (rows + columns) % 2 == 0
    turns = [(places[turn], neighbors[turn, None]) for turn in (even, ~even) if turn.any()]
    speed = 2 / (1 + np.sin(np.pi / (max(height, width) + 1)))
    for _ in range(MOST_SWEEPS):
        change = 0.0
        for turn, count in turns:
            around = flat[turn - 1] + flat[turn + 1] + flat[turn - width - 2] + flat[turn + width + 2]
            step = speed * (around / count - flat[turn])
            flat[turn] += step
            change = max(change, float(np.abs(step).max()))
        if change < TOLERANCE:
            break
    return flat.reshape(height + 2, width + 2, channels)[1:-1, 1:-1].copy()
