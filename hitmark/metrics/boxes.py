"""Found boxes against wanted ones: overlap, centers, coverage. Source: Peekaboo (arXiv:2312.07509), Sec. 5.

Boxes are (frames, 4) `x0, y0, x1, y1` in fractions of the picture. Readings here are strict: a frame in which nothing
was found overlaps with nothing, and its center counts as one diagonal away. What Peekaboo's released script computes
instead is in `peekaboo_boxes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.running import RunningMean

COVERED = 0.5
"""A clip is covered when the subject is found in more than this share of the wanted frames."""
AVERAGED = ("overlap", "volume_overlap", "precise", "center_distance")
PRECISE = 0.5
"""A frame is precise when the overlap is at least this."""


@dataclass(frozen=True)
class BoxScores:
    """Of one subject in one clip; means over the frames in which it is wanted."""

    overlap: float
    """Intersection over union, mean over frames, 0..1; greater is better (mIoU is its mean over clips)."""
    volume_overlap: float
    """Sum of intersections over sum of unions, 0..1."""
    precise: float
    """Share of frames with an overlap of at least a half, 0..1 (AP50 is its mean over clips)."""
    center_distance: float
    """Distance of the boxes' centers in diagonals of the picture, mean over frames; smaller is better."""
    found_distance: float
    """The same over the frames in which it was found; NaN when it was found in none. Give `found_share` beside it."""
    found_share: float
    """Share of frames in which it was found."""
    frames: int
    """Number of frames in which it is wanted."""

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
        HitmarkError: shapes that do not agree, no frame in which it is wanted, numbers not finite where they count.
    """
    if np.shape(visible) != np.shape(found) or np.ndim(found) != 1 or len(found) != len(wanted):
        raise _shapes(wanted, seen, found, visible)
    visible = np.asarray(visible).astype(bool)
    if wanted.shape != seen.shape or wanted.shape[1:] != (4,):
        raise _shapes(wanted, seen, found, visible)
    if not visible.any():
        raise HitmarkError("boxes: the subject is wanted in no frame.")
    if not 0 < aspect < np.inf:
        raise HitmarkError(f"aspect must be width / height of the picture, positive, got {aspect}")
    wanted, seen, found = wanted[visible], seen[visible], np.asarray(found)[visible].astype(bool)
    shared, united = _shared_and_united(wanted, seen, found)
    overlap = shared / united.clip(1e-12)
    gap = (wanted[:, :2] + wanted[:, 2:] - seen[:, :2] - seen[:, 2:]) / 2 * np.array([aspect, 1.0])
    distance = np.linalg.norm(gap, axis=1) / np.hypot(aspect, 1.0)
    return BoxScores(
        overlap=float(overlap.mean()),
        volume_overlap=float(shared.sum() / max(united.sum(), 1e-12)),
        precise=float((overlap >= PRECISE).mean()),
        center_distance=float(np.where(found, distance, 1.0).mean()),
        found_distance=float(distance[found].mean()) if found.any() else float("nan"),
        found_share=float(found.mean()),
        frames=len(found),
    )


def frame_overlaps(wanted: np.ndarray, seen: np.ndarray, found: np.ndarray | None = None) -> np.ndarray:
    """Intersection over union of every frame, float64 (frames,) in 0..1; 0 where nothing was found.

    `wanted`, `seen`: boxes (frames, 4). `found`: bool (frames,); None: everywhere.
    Raises HitmarkError for shapes that do not agree and for numbers not finite where they count.
    """
    found = np.ones(len(wanted), dtype=bool) if found is None else np.asarray(found)
    if wanted.shape != seen.shape or wanted.shape[1:] != (4,) or found.shape != (len(wanted),):
        raise _shapes(wanted, seen, found)
    shared, united = _shared_and_united(wanted, seen, found.astype(bool))
    return shared / united.clip(1e-12)


@dataclass(frozen=True)
class BoxSummary:
    """Over many clips; every entry counts the same, whatever its number of frames."""

    overlap: float
    """mIoU: mean of `BoxScores.overlap` over all entries."""
    covered_overlap: float
    """The same over the covered entries only, which is Peekaboo's mIoU; NaN when none is covered."""
    volume_overlap: float
    precise: float
    """AP50: mean over all entries, frames without a find included."""
    center_distance: float
    """In diagonals; a frame without a find counts as one."""
    found_distance: float
    """In diagonals, mean over the entries with a find of the mean over their frames with a find; NaN when none has."""
    coverage: float
    """Share of the entries that are covered."""
    covered_above: float
    """Share of frames above which an entry is covered."""
    clips: int
    """Entries that the means are over: one for each subject of each clip."""
    covered_clips: int
    """Entries that `covered_overlap` is over."""
    found_clips: int
    """Entries that `found_distance` is over."""
    frames: int
    """Frames of all entries together."""


class BoxAverages:
    """Box scores gathered one by one, such as subject by subject and clip by clip; only their sums are kept."""

    def __init__(self, covered_above: float = COVERED) -> None:
        """`covered_above`: an entry is covered when found in more than this share of its frames, 0 <= share < 1."""
        if not 0 <= covered_above < 1:
            raise HitmarkError(f"covered_above must be a share of the frames, 0 <= share < 1, got {covered_above}")
        self.covered_above = covered_above
        self._means = {name: RunningMean() for name in (*AVERAGED, "covered_overlap", "found_distance")}
        self._frames = 0

    def add(self, scores: BoxScores) -> BoxAverages:
        """Add one entry. Raises HitmarkError for a figure that is not finite (`found_distance` may be NaN)."""
        values = scores.overlap, scores.volume_overlap, scores.precise, scores.center_distance, scores.found_share
        if not np.isfinite(values).all():
            raise HitmarkError(f"box scores must be finite, got {scores}; leave out the entry or mend it")
        for name in AVERAGED:
            self._means[name].add(getattr(scores, name))
        if scores.found_share > self.covered_above:
            self._means["covered_overlap"].add(scores.overlap)
        if np.isfinite(scores.found_distance):
            self._means["found_distance"].add(scores.found_distance)
        self._frames += scores.frames
        return self

    def summary(self) -> BoxSummary:
        """Means over the entries so far. Raises HitmarkError when there are none."""
        clips = self._means["overlap"].count
        if not clips:
            raise HitmarkError("box scores: there is no entry to average; add at least one")
        covered = self._means["covered_overlap"].count
        return BoxSummary(
            **{name: each.mean for name, each in self._means.items()},
            coverage=covered / clips,
            covered_above=self.covered_above,
            clips=clips,
            covered_clips=covered,
            found_clips=self._means["found_distance"].count,
            frames=self._frames,
        )


def _shared_and_united(wanted: np.ndarray, seen: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas of intersection and union, (frames,) each; where nothing was found, 0 and the wanted area."""
    if not np.isfinite(wanted).all() or not np.isfinite(seen[found]).all():
        raise HitmarkError("boxes must be finite where wanted, and where found; got NaN or infinity: mark those frames")
    low, high = np.maximum(wanted[:, :2], seen[:, :2]), np.minimum(wanted[:, 2:], seen[:, 2:])
    shared = np.where(found, (high - low).clip(0).prod(axis=1), 0.0)
    areas = _area(wanted) + np.where(found, _area(seen), 0.0)
    return shared, areas - shared


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)


def _shapes(*arrays: np.ndarray) -> HitmarkError:
    got = ", ".join(str(np.shape(array)) for array in arrays)
    return HitmarkError(f"boxes: expected (frames, 4) twice and (frames,) for each flag, but got {got}.")
