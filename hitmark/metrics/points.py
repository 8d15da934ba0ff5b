"""Tracked points against wanted ones: end-point error, and the share of points within a distance.

Points are float (points, frames, 2), x, y in pixels of the picture. An entry is one point in one frame; it counts where
the wanted point is visible, in every frame but the first `given` ones. What the tracker thinks of visibility does not
matter: a point that it lost counts with the place that it guessed, so that losing points cannot flatter.

Sources: end-point error as in Wan-Move and MotionStream; shares within pixel thresholds as in TAP-Vid (Doersch et al.
2022, arXiv:2211.03726). Other papers' Acc@0.05, TrajError or ObjMC are none of these: state tracker, size and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

TAP_VID_SIDE = 256
"""Pixels of the square grid that TAP-Vid's thresholds are stated for."""
TAP_VID_THRESHOLDS = (1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class PointErrors:
    """End-point errors of one clip. Smaller is better."""

    by_point: np.ndarray
    """Mean over its entries of each point's distance, float64 (points,), in pixels; NaN for a point without any."""
    pixels: float
    """Mean of `by_point` over the points that have a figure: each counts the same. NaN when none has."""
    pooled: float
    """Mean over all entries: a point counts by the number of frames in which it is visible."""
    fraction: float
    """`pixels` in diagonals of the picture."""
    points: int
    """Points that have a figure."""
    entries: int
    """Points times frames that count."""
    width: float
    """The width of the picture that pixels are stated for."""


def end_point_errors(
    wanted: np.ndarray,
    found: np.ndarray,
    size: tuple[int, int],
    *,
    visible: np.ndarray | None = None,
    given: int = 1,
    width: float | None = None,
) -> PointErrors:
    """Distance of found points from wanted ones, mean over the frames in which each is visible.

    `wanted`, `found`: float (points, frames, 2), pixels. `size`: (width, height) of that picture in pixels.
    `visible`: bool (points, frames), where the wanted point can be seen; None: everywhere.
    `given`: frames at the start that do not count: 1 for a clip made from a picture, 0 for one made from text.
    `width`: width in pixels that the result is stated for; None: the picture's own.

    Raises HitmarkError for shapes that do not agree, numbers not finite in an entry that counts, a wrong size.
    """
    wanted, found, counted = _checked(wanted, found, size, visible, given)
    if width is not None and not 0 < width < np.inf:
        raise HitmarkError(f"width must be positive, in pixels, got {width}")
    stated = float(size[0] if width is None else width)
    distance = np.where(counted, np.linalg.norm(wanted - found, axis=2), 0.0) * stated / size[0]
    frames = counted.sum(axis=1)
    by_point = np.where(frames > 0, distance.sum(axis=1) / frames.clip(1), np.nan)
    mean = _mean(by_point[frames > 0])
    return PointErrors(
        by_point=by_point,
        pixels=mean,
        pooled=_mean(distance[counted]),
        fraction=mean / float(np.hypot(*size)) * size[0] / stated,
        points=int((frames > 0).sum()),
        entries=int(counted.sum()),
        width=stated,
    )


@dataclass(frozen=True)
class PointAccuracy:
    """Shares of the entries of one clip that are near. Greater is better."""

    thresholds: tuple[float, ...]
    """In the units of the function that made this."""
    shares: tuple[float, ...]
    """Share of the entries nearer than each threshold, 0..1; NaN when no entry counts."""
    mean: float
    """Of the shares: TAP-Vid's delta average."""
    entries: int
    """Points times frames that count."""


def accuracy_in_diagonals(
    wanted: np.ndarray,
    found: np.ndarray,
    size: tuple[int, int],
    *,
    thresholds: Sequence[float] = (0.01, 0.05),
    visible: np.ndarray | None = None,
    given: int = 1,
) -> PointAccuracy:
    """Acc@t: the share of entries nearer than t diagonals of the picture. Arguments as in `end_point_errors`.

    ATI (Wang et al. 2025, arXiv:2505.22944) reports an Acc@0.05; that its unit is the diagonal is our reading.
    """
    wanted, found, counted = _checked(wanted, found, size, visible, given)
    return _accuracy((wanted - found) / np.hypot(*size), counted, thresholds)


def tap_vid_accuracy(
    wanted: np.ndarray,
    found: np.ndarray,
    size: tuple[int, int],
    *,
    visible: np.ndarray | None = None,
    given: int = 1,
) -> PointAccuracy:
    """TAP-Vid's delta average: shares nearer than 1, 2, 4, 8 and 16 pixels, and their mean.

    Both axes are scaled to 256 pixels each, whatever the picture's aspect; nearer means a distance below the threshold.
    The benchmark's figure is the mean over clips (`point_averages.summarize_accuracies`), and leaves the query frame
    out (`given` 1, for points that are queried in frame 1). Arguments as in `end_point_errors`.
    """
    wanted, found, counted = _checked(wanted, found, size, visible, given)
    return _accuracy((wanted - found) * TAP_VID_SIDE / np.array(size, float), counted, TAP_VID_THRESHOLDS)


def _accuracy(gap: np.ndarray, counted: np.ndarray, thresholds: Sequence[float]) -> PointAccuracy:
    chosen = tuple(float(threshold) for threshold in thresholds)
    if not chosen or not all(0 < threshold < np.inf for threshold in chosen):
        raise HitmarkError(f"thresholds must be positive and at least one, got {chosen}")
    square = (gap[counted] ** 2).sum(axis=-1)
    shares = tuple(_mean(square < threshold**2) for threshold in chosen)
    return PointAccuracy(chosen, shares, _mean(shares), int(counted.sum()))


def _checked(
    wanted: np.ndarray, found: np.ndarray, size: tuple[int, int], visible: np.ndarray | None, given: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points in float64, and bool (points, frames): which entries count."""
    wanted, found = np.asarray(wanted, dtype=np.float64), np.asarray(found, dtype=np.float64)
    if wanted.ndim != 3 or wanted.shape[2] != 2 or wanted.shape != found.shape:
        raise HitmarkError(f"wanted and found must both be (points, frames, 2), got {wanted.shape} and {found.shape}")
    counted = np.ones(wanted.shape[:2], dtype=bool) if visible is None else np.array(visible)
    if counted.shape != wanted.shape[:2] or counted.dtype != bool:
        raise HitmarkError(f"visible must be bool {wanted.shape[:2]}, got {counted.dtype} {counted.shape}")
    if not (size[0] > 0 and size[1] > 0):
        raise HitmarkError(f"size must be (width, height) in pixels, positive, got {size}")
    if not 0 <= given < max(1, wanted.shape[1]):
        raise HitmarkError(f"given must leave a frame that counts: 0 <= given < {wanted.shape[1]}, got {given}")
    counted[:, :given] = False
    if not (np.isfinite(wanted[counted]).all() and np.isfinite(found[counted]).all()):
        raise HitmarkError("wanted and found must be finite where visible; got NaN or infinity: mark it in visible")
    return wanted, found, counted


def _mean(values: np.ndarray | Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
