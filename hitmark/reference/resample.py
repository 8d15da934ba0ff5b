"""Boxes of a picture moved and scaled: resampling that is separable, one matrix for the rows and one for the columns.

A pixel of the result looks at a place of the source. A tent around that place weighs the source's pixels: one pixel
wide to each side (which is bilinear), and wider by as much as the picture shrinks, so that fine patterns average out.
"""

from __future__ import annotations

import numpy as np


def axis_weights(source: tuple[float, float], target: tuple[float, float], count: int, width: int) -> np.ndarray:
    """How much each source pixel counts for each pixel of the result, along one axis.

    Args:
        source: start and stop of an interval of the source, in its pixels; pixel i reaches from i to i + 1.
        target: where the interval goes, in pixels of the result.
        count: pixels of the result.
        width: pixels of the source.

    Returns:
        float64 (count, width); a row sums up to 1 where the tent lies in the source, to less where it reaches out.
    """
    scale = (source[1] - source[0]) / (target[1] - target[0])
    reach = max(1.0, scale)
    # measured from the target's start: where source and target are the same, every place is a pixel's middle, exactly
    places = (np.arange(count) + 0.5 - target[0]) * scale + source[0]
    first = np.floor(places - reach).astype(np.int64)
    pixels = first[:, None] + np.arange(int(np.ceil(2 * reach)) + 2)
    tent = np.maximum(0.0, 1.0 - np.abs(pixels + 0.5 - places[:, None]) / reach)
    tent /= tent.sum(axis=1, keepdims=True)
    weights = np.zeros((count, width))
    rows, columns = np.nonzero((pixels >= 0) & (pixels < width))
    np.add.at(weights, (rows, pixels[rows, columns]), tent[rows, columns])
    return weights


def moved(
    values: np.ndarray, source: np.ndarray, target: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Values of a picture, with what lies in one box brought into another box; zero comes in from outside.

    Args:
        values: float (rows, columns, channels), already multiplied by their opacity.
        source: `x0, y0, x1, y1` in pixels of `values`.
        target: the same, in pixels of the result.
        height: rows of the result.
        width: columns of the result.

    Returns:
        The part of the result that is not zero everywhere, float64 (rows, columns, channels), and where it lies in
        (height, width); the part may be empty.
    """
    rows, columns, channels = values.shape
    down, up_to = _used(axis_weights((source[1], source[3]), (target[1], target[3]), height, rows))
    across, left_to = _used(axis_weights((source[0], source[2]), (target[0], target[2]), width, columns))
    lines = (down @ values.reshape(rows, -1)).reshape(-1, columns, channels)
    return np.matmul(across, lines), (up_to, left_to)


def _used(weights: np.ndarray) -> tuple[np.ndarray, slice]:
    """The rows of weights from the first to the last that is not zero."""
    rows = np.flatnonzero(weights.any(axis=1))
    part = slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)
    return weights[part], part


def pixels_in(box: np.ndarray, height: int, width: int) -> np.ndarray:
    """Which pixels of a picture have their middle in a box (fractions of the picture), bool (height, width)."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return ((y >= box[1]) & (y < box[3]))[:, None] & ((x >= box[0]) & (x < box[2]))[None, :]


def in_pixels(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Boxes (..., 4) in fractions of a picture, in its pixels."""
    return boxes * np.array([width, height, width, height], dtype=np.float64)


def nearest(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask (frames, rows, columns) at another size: of pixel i of n the source's pixel floor(i * rows / n)."""
    rows = np.arange(height) * mask.shape[1] // height
    columns = np.arange(width) * mask.shape[2] // width
    return mask[:, rows[:, None], columns[None, :]]
