"""What a user painted with a brush: the connected area around a click, and its box. Pure numpy."""

from __future__ import annotations

import numpy as np


def brushed_box(mask: np.ndarray, x: int, y: int) -> tuple[int, int, int, int] | None:
    """The box of the connected area that holds a pixel.

    Pixels are connected by their sides, not by their corners, as in scipy.ndimage.label.

    Args:
        mask: bool (height, width).
        x: column of the pixel.
        y: row of the pixel.

    Returns:
        Left, top, right, bottom in pixels, right and bottom exclusive; None where the pixel is not painted.
    """
    if not mask[y, x]:
        return None
    rows, starts, stops = _runs(mask)
    first = np.searchsorted(rows, np.arange(mask.shape[0] + 1))  # the runs of row r are first[r] up to first[r + 1]
    here = next(run for run in range(first[y], first[y + 1]) if starts[run] <= x < stops[run])
    found, waiting = {here}, [here]
    while waiting:
        run = waiting.pop()
        for row in (rows[run] - 1, rows[run] + 1):
            if 0 <= row < mask.shape[0]:
                low = first[row] + np.searchsorted(stops[first[row] : first[row + 1]], starts[run], side="right")
                high = first[row] + np.searchsorted(starts[first[row] : first[row + 1]], stops[run])
                fresh = [each for each in range(low, high) if each not in found]
                found.update(fresh)
                waiting += fresh
    runs = np.array(sorted(found))
    return int(starts[runs].min()), int(rows[runs[0]]), int(stops[runs].max()), int(rows[runs[-1]]) + 1


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, first column and last column + 1 of every unbroken run of painted pixels in a row, in reading order."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return rows, starts, np.nonzero(edges == -1)[1]
