"""Motion of tracked points: whether the background goes along with the subject, and whether two clips move alike.

Points are float (points, frames, 2), x, y in pixels; `visible` is bool (points, frames), where the tracker saw them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError


@dataclass(frozen=True)
class CoMotion:
    """How much the background of one clip goes along with one subject: 0 it stays, 1 it moves as the subject does."""

    mean: float
    """Mean over the points that count; below 0 the background moves the other way, as when a camera follows the
    subject. NaN when no point counts."""
    median: float
    share: float
    """Share of the points that go along by at least a half."""
    by_point: np.ndarray
    """Float64 (points,); NaN for a point that does not count."""
    points: int
    """Points that count."""
    entries: int
    """Points times frames that count."""
    travel: float
    """Root mean square distance of the subject from where it began, in diagonals, over the frames in which it is found;
    NaN when there is none after the first. A small one says that the rest is about little."""


def background_co_motion(
    points: np.ndarray,
    boxes: np.ndarray,
    subject: np.ndarray,
    size: tuple[int, int],
    *,
    visible: np.ndarray | None = None,
    present: np.ndarray | None = None,
    still: float = 0.01,
) -> CoMotion:
    """Motion of points outside of all boxes relative to the subject's motion.

    With b the displacement of a point and d that of the subject since the first frame in which the subject is found,
    a point's co-motion is sum(b . d) / sum(d . d) over the frames that count: the factor c for which b = c d fits best.
    A frame counts for a point when the subject is found, and the point is visible and outside of all boxes both there
    and in that first frame. A point does not count when the subject's root mean square displacement over the point's
    frames is below `still` diagonals. Camera motion enters: compare with the uncontrolled clip of the same seed.

    `points`: float (points, frames, 2), pixels. `boxes`: float (subjects, frames, 4), normalized xyxy of all subjects;
    where a subject may be seen to stick out of its box, give larger boxes. `subject`: float (frames, 2), its center as
    found, pixels. `size`: (width, height) in pixels. `present`: bool (frames,), where it was found; None: everywhere.

    Raises HitmarkError for shapes that do not agree, numbers not finite where they count, a wrong size or `still`.
    """
    points, visible = _tracks("points", points, visible)
    frames = points.shape[1]
    subject, boxes = np.asarray(subject, dtype=np.float64), np.asarray(boxes, dtype=np.float64)
    present = np.ones(frames, dtype=bool) if present is None else np.asarray(present)
    if subject.shape != (frames, 2) or present.shape != (frames,) or present.dtype != bool:
        raise HitmarkError(
            f"subject and present must be ({frames}, 2) and bool ({frames},) like the points, got {subject.shape} and "
            f"{present.dtype} {present.shape}"
        )
    if boxes.ndim != 3 or boxes.shape[1:] != (frames, 4) or not np.isfinite(boxes).all():
        raise HitmarkError(f"boxes must be finite (subjects, {frames}, 4) normalized xyxy, got {boxes.shape}")
    if not np.isfinite(subject[present]).all():
        raise HitmarkError("subject must be finite where present; got NaN or infinity: mark those frames in present")
    diagonal = _diagonal(size, still)
    start = int(present.argmax())
    seen = visible & _outside(points / np.array(size, float), boxes)
    counted = seen & seen[:, start : start + 1] & present & (np.arange(frames) > start)
    there = np.where(present[:, None], subject - subject[start], 0.0)
    moved = np.where(counted[..., None], points - points[:, start : start + 1], 0.0)
    power = (counted * (there**2).sum(axis=1)).sum(axis=1)
    per_point = counted.sum(axis=1)
    usable = (per_point > 0) & (power > 0) & (power >= (still * diagonal) ** 2 * per_point)
    along = np.where(usable, (moved * there).sum(axis=(1, 2)) / np.where(usable, power, 1.0), np.nan)
    later = present & (np.arange(frames) > start)
    return CoMotion(
        mean=_mean(along[usable]),
        median=float(np.median(along[usable])) if usable.any() else float("nan"),
        share=_mean(along[usable] >= 0.5),
        by_point=along,
        points=int(usable.sum()),
        entries=int(per_point[usable].sum()),
        travel=float(np.sqrt((there[later] ** 2).sum(axis=1).mean())) / diagonal if later.any() else float("nan"),
    )


@dataclass(frozen=True)
class MotionFidelity:
    """How alike two clips move, wherever things are: 1 the same directions, 0 unrelated, -1 opposite."""

    symmetric: float
    """Mean of the two below; NaN when either is."""
    generated: float
    """Mean over generated tracks of the similarity to the most similar reference track: is what moves there wanted?"""
    reference: float
    """Mean over reference tracks of the similarity to the most similar generated track: is what is wanted there?"""
    generated_tracks: int
    """Generated tracks that its mean is over."""
    reference_tracks: int
    left_out: int
    """Tracks of both clips that count in neither mean: hidden, at rest with `moving_only`, or like none to compare."""


def motion_fidelity(
    reference: np.ndarray,
    generated: np.ndarray,
    size: tuple[int, int],
    *,
    reference_visible: np.ndarray | None = None,
    generated_visible: np.ndarray | None = None,
    still: float = 0.001,
    shared: float = 0.5,
    moving_only: bool = False,
) -> MotionFidelity:
    """Similarity of two unordered sets of tracks, after Yatim et al. 2023 (arXiv:2311.17009), corrected.

    The similarity of two tracks is the mean over steps (from a frame to the next) that both show at both ends: the
    cosine between their displacements where both move, 1 where both are at rest, 0 where one is. A step below `still`
    diagonals is rest. Each track of one clip is compared with all of the other; the greatest similarity counts.

    Against the published scripts (`eval/motion_fidelity_score.py` of DiTFlow, which took it over): both directions,
    not only that from generated to reference; no identity matrix is taken off the similarities,
    as if track n of one clip were track n of the other; a point at rest does not divide by zero; hidden steps do not
    count; clips of unequal length are refused and not cut. Directions only: twice the speed is as good. A greatest
    value over many tracks grows with their number: compare only equal grids of points. A still background is matched
    by any other: `moving_only` leaves tracks at rest in all their steps out of the means (they may still be matched).

    `reference`, `generated`: float (points, frames, 2), any numbers of points, pixels of one picture `size` =
    (width, height). `..._visible`: bool (points, frames); None: everywhere.
    `shared`: share of a track's own visible steps, 0 < share <= 1, that another one must show to be compared with it.

    Raises HitmarkError for wrong shapes, unequal frames, fewer than two, numbers not finite where visible.
    """
    reference, reference_visible = _tracks("reference", reference, reference_visible)
    generated, generated_visible = _tracks("generated", generated, generated_visible)
    if reference.shape[1] != generated.shape[1] or reference.shape[1] < 2:
        raise HitmarkError(
            f"reference and generated must have the same >= 2 frames, got {reference.shape[1]} and "
            f"{generated.shape[1]}; cut the longer one"
        )
    if not 0 < shared <= 1:
        raise HitmarkError(f"shared must be a share of steps, 0 < shared <= 1, got {shared}")
    least = still * _diagonal(size, still)
    first = _Steps(reference, reference_visible, least)
    second = _Steps(generated, generated_visible, least)
    counts = first.seen @ second.seen.T
    similarity = (first.directions @ second.directions.T + first.resting @ second.resting.T) / counts.clip(1)
    to_generated = _best(similarity, counts, first, shared, moving_only)
    to_reference = _best(similarity.T, counts.T, second, shared, moving_only)
    generated_mean, reference_mean = _mean(to_reference), _mean(to_generated)
    return MotionFidelity(
        symmetric=(generated_mean + reference_mean) / 2,
        generated=generated_mean,
        reference=reference_mean,
        generated_tracks=len(to_reference),
        reference_tracks=len(to_generated),
        left_out=len(reference) + len(generated) - len(to_generated) - len(to_reference),
    )


class _Steps:
    """Of each track, flat: unit displacements (0 at rest and where hidden), steps at rest, steps seen."""

    def __init__(self, tracks: np.ndarray, visible: np.ndarray, least: float) -> None:
        seen = visible[:, 1:] & visible[:, :-1]
        steps = np.where(seen[..., None], np.diff(tracks, axis=1), 0.0)
        length = np.linalg.norm(steps, axis=2)
        moving = seen & (length > least)
        self.directions = (steps * (moving / np.where(moving, length, 1.0))[..., None]).reshape(len(tracks), -1)
        self.resting = (seen & ~moving).astype(np.float64)
        self.seen = seen.astype(np.float64)
        self.moves = moving.any(axis=1)


def _best(similarity: np.ndarray, counts: np.ndarray, steps: _Steps, shared: float, moving_only: bool) -> np.ndarray:
    """Greatest similarity of every row that has one to compare with, (rows that count,)."""
    usable = (counts > 0) & (counts >= shared * steps.seen.sum(axis=1)[:, None])
    counted = usable.any(axis=1) & (steps.moves | (not moving_only))
    return np.where(usable, similarity, -np.inf)[counted].max(axis=1, initial=-np.inf)


def _outside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Bool (points, frames), normalized points that lie in no box of their frame; edges belong to the box."""
    inside = np.zeros(points.shape[:2], dtype=bool)
    for track in boxes:
        inside |= ((points >= track[:, :2]) & (points <= track[:, 2:])).all(axis=2)
    return ~inside


def _tracks(field: str, tracks: np.ndarray, visible: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    tracks = np.asarray(tracks, dtype=np.float64)
    if tracks.ndim != 3 or tracks.shape[2] != 2 or not tracks.shape[1]:
        raise HitmarkError(f"{field} must be (points, frames, 2) in pixels, got {tracks.shape}")
    visible = np.ones(tracks.shape[:2], dtype=bool) if visible is None else np.asarray(visible)
    if visible.shape != tracks.shape[:2] or visible.dtype != bool:
        raise HitmarkError(f"visible of {field} must be bool {tracks.shape[:2]}, got {visible.dtype} {visible.shape}")
    if not np.isfinite(tracks[visible]).all():
        raise HitmarkError(f"{field} must be finite where visible; got NaN or infinity: mark it in visible")
    return tracks, visible


def _diagonal(size: tuple[int, int], still: float) -> float:
    if not (size[0] > 0 and size[1] > 0) or not 0 <= still < np.inf:
        raise HitmarkError(f"size must be positive pixels and still at least 0, got size={size} and still={still}")
    return float(np.hypot(*size))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
