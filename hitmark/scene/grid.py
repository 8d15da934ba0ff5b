"""Tracks on grids of pixels and latent cells: integer cells, region labels, Gaussian weights. Pure numpy.

Boxes are xyxy here (papers that count rows first write y, x). A pixel or cell index counts from 0 at the top left.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from hitmark.scene.problems import SceneError
from hitmark.scene.tracks import Track

SNAP_PIXELS = 1e-4  # a coordinate this near to a whole pixel is that pixel
SNAP_CELLS = 1e-6  # the same for whole cells of a grid
SAME_SHAPE = 0.02  # relative difference of the sides' ratios below which shapes are the same


def same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two pictures, width and height, have the same shape, but for what rounding and small cuts leave."""
    return abs(first[0] / first[1] / (second[0] / second[1]) - 1) <= SAME_SHAPE


def pixel_boxes(track: Track, width: int, height: int) -> np.ndarray:
    """Return the track's boxes in pixels, float64 (frames, 4) xyxy, not clipped to the picture.

    Values within 1e-4 px of a whole pixel become whole. Dividing by the width and multiplying again leaves errors near
    1e-13, and `floor` would then lose a cell; a true coordinate k / n (k, n whole) is whole or at least 1 / n away, so
    for pictures of up to 10,000 px nothing else is changed.
    """
    _check_positive(width=width, height=height)
    return _snap(track.boxes * np.array([width, height, width, height], dtype=np.float64), SNAP_PIXELS)


def latent_cells(track: Track, width: int, height: int, factor: int) -> np.ndarray:
    """Return the track's boxes in latent cells, int64 (frames, 4) xyxy with exclusive ends, not clipped to the grid.

    The rule of SG-I2V (its code): pixel coordinates are floor-divided by `factor`, and each side has at
    least one cell: x1 = max(x0 + 1, floor(x1_pixel / factor)). `width` and `height` are those of the picture in pixels.
    """
    _check_positive(factor=factor)
    return _whole_cells(pixel_boxes(track, width, height) / factor)


def clip_cells(cells: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Clip cells (..., 4) to a grid; also return, bool (...), which boxes have any cell on it.

    Boxes without one come back with x1 <= x0 or y1 <= y0: use them only where the second result is True.
    """
    low = np.maximum(cells[..., :2], 0)
    high = np.minimum(cells[..., 2:], [width, height])
    return np.concatenate([low, high], axis=-1), np.asarray((high > low).all(axis=-1))


def region_labels(
    tracks: Sequence[Track], frames: int, height: int, width: int, only: Collection[str] | None = None
) -> np.ndarray:
    """Paint the subjects on a grid: 0 is background, k the k-th subject (counted from 1) among `tracks`.

    Where boxes overlap the greater depth wins, at equal depth the later subject. Anchors and camera boxes belong to the
    background. Cells follow `latent_cells`: start = floor(x0 * width), at least one cell a side, clipped to the grid.
    A frame in which a subject is not visible, or has left the grid, has none of its labels.

    Args:
        tracks: from `evaluate`, for `frames` frames each.
        frames: number of frames.
        height: rows of the grid.
        width: columns of the grid.
        only: names of the subjects to paint; the others are left out, the numbering stays. None: all.

    Returns:
        int64 (frames, height, width).

    Raises:
        SceneError: a track has another number of frames; `only` has an unknown name; a subject covers no cell of the
            grid in the first frame that shows it.
    """
    _check_positive(frames=frames, height=height, width=width)
    subjects = [track for track in tracks if track.kind == "subject"]
    _check_names(subjects, only)
    labels = np.zeros((frames, height, width), dtype=np.int64)
    for number, track in sorted(enumerate(subjects, start=1), key=lambda item: item[1].depth):
        if only is not None and track.name not in only:
            continue
        for frame, (x0, y0, x1, y1) in _cells_on_grid(track, frames, height, width):
            labels[frame, y0:y1, x0:x1] = number
    return labels


def gaussian_weights(height: int, width: int, sigma: float = 0.4) -> np.ndarray:
    """Return Gaussian weights in a box of cells, float32 (height, width), peak 1 (SG-I2V's code).

    exp(-1/2 [((x + 1/2 - w/2) / (sigma w/2))^2 + ((y + 1/2 - h/2) / (sigma h/2))^2]), divided by its maximum.

    Args:
        height: rows of the box, at least 1.
        width: columns of the box, at least 1.
        sigma: standard deviation as a fraction of half the box, at least 1e-6.
    """
    _check_positive(height=height, width=width)
    if not 1e-6 <= sigma < np.inf:
        raise SceneError(f"sigma: expected a finite number of at least 1e-6, got {sigma}; the published value is 0.4")
    rows, columns = (
        ((np.arange(count, dtype=np.float64) + 0.5 - count / 2) / (sigma * count / 2)) ** 2 for count in (height, width)
    )
    exponent = (rows[:, None] + columns[None, :]) / 2
    peak = 1 / (2 * np.pi * (sigma * height / 2) * (sigma * width / 2))
    density = (peak * np.exp(-exponent)).astype(np.float32)  # rounded before it is scaled, as published
    if not (np.isfinite(density).all() and density.max() > 0):  # a tiny sigma
        return np.exp(exponent.min() - exponent).astype(np.float32)
    return density / density.max()


def _cells_on_grid(track: Track, frames: int, height: int, width: int) -> list[tuple[int, np.ndarray]]:
    """The frames that show the track on the grid, each with its clipped cells."""
    if len(track.boxes) != frames:
        raise SceneError(
            f"track {track.name!r}: expected {frames} frames, got {len(track.boxes)}; evaluate the scene for {frames}"
        )
    scaled = _snap(track.boxes * np.array([width, height, width, height], dtype=np.float64), SNAP_CELLS)
    cells, present = clip_cells(_whole_cells(scaled), height, width)
    seen = np.flatnonzero(track.visible)
    if seen.size and not present[seen[0]]:
        raise SceneError(
            f"track {track.name!r}: expected it to cover a cell of the {width} x {height} grid in frame {seen[0]}, the "
            f"first that shows it, got the box {np.round(track.boxes[seen[0]], 4).tolist()}; move or enlarge the box"
        )
    return [(int(frame), cells[frame]) for frame in seen if present[frame]]


def _whole_cells(boxes: np.ndarray) -> np.ndarray:
    cells = np.floor(boxes).astype(np.int64)
    cells[:, 2:] = np.maximum(cells[:, 2:], cells[:, :2] + 1)
    return cells


def _snap(values: np.ndarray, tolerance: float) -> np.ndarray:
    whole = np.rint(values)
    return np.where(np.abs(values - whole) <= tolerance, whole, values)


def _check_names(subjects: Sequence[Track], only: Collection[str] | None) -> None:
    known = [track.name for track in subjects]
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise SceneError(f"only: expected names of subjects ({', '.join(known)}), got {', '.join(unknown)}")


def _check_positive(**sizes: int) -> None:
    for name, value in sizes.items():
        if value < 1:
            raise SceneError(f"{name}: expected at least 1, got {value}; give the size of the picture or grid")
