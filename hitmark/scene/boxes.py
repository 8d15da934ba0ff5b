"""Normalized boxes: (x0, y0, x1, y1) = left, top, right, bottom as fractions of the picture's width and height.

The picture is (0, 0, 1, 1), y points down. Boxes may reach outside it: that is how a subject enters or leaves.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from numbers import Real

import numpy as np

Box = tuple[float, float, float, float]

PICTURE: Box = (0.0, 0.0, 1.0, 1.0)
SMALLEST = 1e-6  # least width and height of a box, as a fraction of the picture: far below a pixel, far above rounding
FARTHEST = 100.0  # greatest distance of an edge from the picture's corner; beyond it the numbers are surely pixels

_ROWS = ("top", "middle", "bottom")
_COLUMNS = ("left", "middle", "right")


def check_box(box: Sequence[float]) -> Box:
    """Return the box as a tuple of four floats.

    Raises:
        ValueError: not four finite numbers with x0 < x1 and y0 < y1 (by at least 1e-6), or an edge beyond +-100.
    """
    shape = "four finite numbers x0, y0, x1, y1 (left, top, right, bottom as fractions of width and height)"
    given = list(box)
    if len(given) != 4 or not all(isinstance(value, Real) and not isinstance(value, bool) for value in given):
        raise ValueError(f"expected {shape}, got {reprlib.repr(given)}; write four numbers")
    try:
        numbers = [float(value) for value in given]
    except OverflowError:  # whole numbers of hundreds of digits
        raise ValueError(f"expected {shape}, got a number that is too large; write smaller numbers") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"expected {shape}, got {numbers}; write finite numbers")
    x0, y0, x1, y1 = numbers
    if max(map(abs, numbers)) > FARTHEST:
        raise ValueError(f"expected {shape}, got {numbers}; divide pixel x by the width and pixel y by the height")
    if x1 - x0 < SMALLEST or y1 - y0 < SMALLEST:
        swapped = x1 < x0 or y1 < y0
        fix = "exchange the two corners" if swapped else "make the box larger"
        raise ValueError(f"expected x0 < x1 and y0 < y1, each by at least {SMALLEST}, got {numbers}; {fix}")
    return (x0, y0, x1, y1)


def centers(boxes: np.ndarray) -> np.ndarray:
    """Return the centers (..., 2) in x, y order of boxes (..., 4)."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def sizes(boxes: np.ndarray) -> np.ndarray:
    """Return width and height (..., 2) of boxes (..., 4)."""
    return boxes[..., 2:] - boxes[..., :2]


def overlap(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> bool:
    """Tell whether two boxes share an area; touching edges do not count."""
    return bool(
        min(first[2], second[2]) > max(first[0], second[0]) and min(first[3], second[3]) > max(first[1], second[1])
    )


def in_picture(boxes: np.ndarray) -> np.ndarray:
    """Tell for boxes (..., 4) whether any part of each lies in the picture; bool (...)."""
    return (boxes[..., 0] < 1) & (boxes[..., 2] > 0) & (boxes[..., 1] < 1) & (boxes[..., 3] > 0)


def corner_boxes(size: float) -> dict[str, Box]:
    """Return four boxes of `size` (fraction of width and of height, 0 to 0.5), one in each corner, by name."""
    return {name: box for name, box in tiled_boxes(size).items() if "middle" not in name and name != "center"}


def tiled_boxes(size: float) -> dict[str, Box]:
    """Return nine boxes of `size`, by name: in the corners, at the middle of the edges, and in the center."""
    start = (0.0, 0.5 - size / 2, 1.0 - size)
    stop = (size, 0.5 + size / 2, 1.0)
    return {
        "center" if row == column == 1 else f"{_ROWS[row]}-{_COLUMNS[column]}": (
            start[column], start[row], stop[column], stop[row]
        )
        for row in range(3)
        for column in range(3)
    }  # fmt: skip
