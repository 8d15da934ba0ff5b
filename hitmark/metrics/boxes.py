"""Found boxes against wanted ones: overlap, centres, coverage. Source: Peekaboo (arXiv:2312.07509), Sec. 5.

Boxes are (frames, 4) `x0, y0, x1, y1` in fractions of the picture. Readings here are strict: a frame in which nothing
was found overlaps with nothing, and its centre counts as one diagonal away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

COVERED = 0.5
"""A clip is covered when the subject is found in more than this share of the wanted frames."""


@dataclass(frozen=True)
class BoxScores:
    """Of one subject in one clip; means over the frames in which it is wanted."""

    overlap: float
    """Intersection over union, mean over frames, 0..1; greater is better (mIoU is its mean over clips)."""
    volume_overlap: float
    """Sum of intersections over sum of unions, 0..1."""
    precise: float
    """Share of frames with an overlap of at least a half, 0..1 (AP50 is its mean over clips)."""
    centre_distance: float
    """Distance of the boxes' centres in diagonals of the picture, mean over frames; smaller is better."""
    found_share: float
    """Share of frames in which it was found."""

    @property
    def covered(self) -> bool:
        """Whether it was found in more than half of the frames."""
        return self.found_share > COVERED


def box_scores(
    wanted: np.ndarray, seen: np.ndarray, found: np.ndarray, visible: np.ndarray, aspect: float
) -> BoxScores:
    """Score one subject.

    Args:
        wanted: boxes (frames, 4).
        seen: boxes (frames, 4); not read where nothing was found.
        found: bool (frames,).
        visible: bool (frames,), frames in which the subject is wanted; at least one.
        aspect: width / height of the picture.

    Raises:
        HitmarkError: shapes that do not agree, or no frame in which it is wanted.
    """
    if wanted.shape != seen.shape or wanted.shape[1:] != (4,) or not len(wanted) == len(found) == len(visible):
        raise HitmarkError(
            f"boxes: expected (frames, 4) twice and (frames,) twice, but got {wanted.shape}, {seen.shape}, "
            f"{found.shape}, {visible.shape}."
        )
    if not visible.any():
        raise HitmarkError("boxes: the subject is wanted in no frame.")
    wanted, seen, found = wanted[visible], seen[visible], found[visible].astype(bool)
    low, high = np.maximum(wanted[:, :2], seen[:, :2]), np.minimum(wanted[:, 2:], seen[:, 2:])
    shared = np.where(found, (high - low).clip(0).prod(axis=1), 0.0)
    areas = _area(wanted) + np.where(found, _area(seen), 0.0)
    overlap = shared / np.maximum(areas - shared, 1e-12)
    gap = (wanted[:, :2] + wanted[:, 2:] - seen[:, :2] - seen[:, 2:]) / 2 * np.array([aspect, 1.0])
    distance = np.linalg.norm(gap, axis=1) / np.hypot(aspect, 1.0)
    return BoxScores(
        overlap=float(overlap.mean()),
        volume_overlap=float(shared.sum() / max((areas - shared).sum(), 1e-12)),
        precise=float((overlap >= 0.5).mean()),
        centre_distance=float(np.where(found, distance, 1.0).mean()),
        found_share=float(found.mean()),
    )


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
