"""Clips whose objects are known by points: boxes around them, and the scene that asks for the same motion.

A point has no size. A box around points holds those that are seen when it starts, is at least `point_size` of the
picture's width wide and high, keeps its size, and moves by the median displacement of these points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitmark.datasets.base import DatasetError, safe
from hitmark.scene.formats.points import POINT_SIZE


@dataclass(frozen=True, eq=False)
class Followed:
    """A box that follows points.

    Attributes:
        boxes: float64 (frames, 4), normalized xyxy.
        seen: bool (frames,): whether any of the points is seen there.
        used: how many points it follows.
    """

    boxes: np.ndarray
    seen: np.ndarray
    used: int

    @property
    def interval(self) -> tuple[int, int]:
        """First and last frame in which a point is seen."""
        frames = np.flatnonzero(self.seen)
        return int(frames[0]), int(frames[-1])


def follow(points: np.ndarray, seen: np.ndarray, size: tuple[int, int], point_size: float) -> Followed | None:
    """The box of the points that are seen in the first frame that shows any.

    Where none of them is seen, the median is over all of them, wherever the tracker puts them.

    Args:
        points: float64 (frames, points, 2), x and y in pixels.
        seen: bool (frames, points).
        size: width and height of the picture in pixels.
        point_size: least side of the box as a fraction of the width.

    Returns:
        None where no point is ever seen.
    """
    if not seen.any():
        return None
    start = int(np.argmax(seen.any(axis=1)))
    held = seen[start]
    taken, known = points[:, held], seen[:, held]
    low, high = taken[start].min(axis=0), taken[start].max(axis=0)
    half = np.maximum(high - low, point_size * size[0]) / 2
    moves = taken - taken[start]
    shifts = [np.median(move[here] if here.any() else move, axis=0) for move, here in zip(moves, known, strict=True)]
    centers = (low + high) / 2 + np.stack(shifts)
    boxes = np.concatenate([centers - half, centers + half], axis=1) / np.tile(size, 2)
    return Followed(boxes, np.asarray(known.any(axis=1)), int(held.sum()))


def checked_point_size(point_size: float | None) -> float:
    """The side of a box around a point, a fraction of the width; None: 0.15. Raises `DatasetError`: not 0.001 to 1."""
    if point_size is None:
        return POINT_SIZE
    if isinstance(point_size, bool) or not isinstance(point_size, (int, float)) or not 1e-3 <= point_size <= 1:
        raise DatasetError(f"point_size: expected a fraction of the width, 0.001 to 1, got {point_size!r}; correct it")
    return float(point_size)


def own_ids(names: Sequence[str]) -> tuple[str, ...]:
    """Names as ids that are usable as file names; those that differ only in what no file name has get a number."""
    plain = [safe(name) for name in names]
    count = Counter(plain)
    return tuple(name if count[name] == 1 else f"{name}-at-{index}" for index, name in enumerate(plain))
