"""Peekaboo's released evaluation of boxes, number for number, for comparison with tables that were made with it.

Source: the released scripts of Jain et al., CVPR 2024 (arXiv:2312.07509, Sec. 5): `eval/create_bbox.py` and
`eval/get_metrics.py` of microsoft/Peekaboo (commit 1bc03d6). As released they stop at `json.load` of a string; this is
what they compute with that line mended. For every other purpose use the strict reading of `boxes.py`.

What the scripts do, and neither their README nor the paper says. All of it is kept:

1. Boxes become masks of whole pixels, edges cut off towards zero. Edges are read as Python slices: a negative one
   counts from the other side, so that a box that begins outside of the left or upper edge mostly has an empty mask.
   A wanted box with a number that is not finite, or with its corners exchanged, has an empty mask too.
2. Wanted and found boxes are cut to the shorter of the two lists, but detections are counted before the cut, and a
   detection with an empty mask counts as one.
3. A clip is covered with more than 8 detections, whether it has 16 frames (a half) or 24 (a third).
4. A clip's overlap is that of the whole volume: all intersections over all unions + 0.00001, not a mean over frames.
5. AP50 of a clip is the share of frames with a mask found (and not of all frames) that overlap by at least a half; the
   0.00001 again, by which an overlap of exactly a half is below it. Without any mask the clip has no AP50.
6. The center distance is in pixels of the clip, divided by |(320, 576)| whatever the clip's size. An empty mask, wanted
   or found, has its center at the corner (0, 0). Clips that are not covered count.
7. Clips whose wanted masks have fewer than 5 pixels, all frames together, are dropped from every figure.
8. Two lines are printed. Filtered: overlap is the mean over covered clips, AP50 is weighted by detections, those
   of clips without an AP50 in the divisor only. Unfiltered: means over all clips, AP50 over clips that have one.
   Coverage and center distance are the same in both.
9. A clip that is missing, could not be read, or has no record of the same id is left out of every figure; of two
   records with one id the first counts. This is the caller's to do: add only the clips that there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

COVERED_ABOVE = 8
"""Detections of a clip above which it is covered."""
LEAST_PIXELS = 5
"""Clips with fewer wanted pixels are dropped."""
DIAGONAL = float(np.hypot(320, 576))
"""Pixels that center distances are divided by."""
ADDED = 1e-5
"""Added to every union."""


@dataclass(frozen=True)
class PublishedBoxScores:
    """Of one clip."""

    overlap: float
    """Sum of intersections over sum of unions, 0..1."""
    precise: float
    """Share of the frames with a mask found that overlap by at least a half; NaN without any."""
    center_distance: float
    """Mean over frames, in pixels of the clip."""
    detections: int
    """Frames with a detection, before the cut to the number of wanted boxes."""
    wanted_pixels: int
    """Pixels of all wanted masks together."""
    frames: int
    """Frames after the cut."""


def published_box_scores(
    wanted: np.ndarray, seen: np.ndarray, detected: np.ndarray, size: tuple[int, int]
) -> PublishedBoxScores:
    """Score one clip as the released scripts do.

    Args:
        wanted: boxes (boxes, 4) of the record, x0, y0, x1, y1 in fractions of the picture. Any number of them, any
            numbers in them: see 1 and 2 above.
        seen: boxes (frames, 4) of the detector in pixels; not read where nothing was detected. Fractions of a pixel
            are cut off towards zero, as the detection pipeline does.
        detected: bool (frames,).
        size: (width, height) of the clip in pixels.

    Raises:
        HitmarkError: other shapes, no frame, a detection that is not finite, a size that is not positive.
    """
    wanted, seen, detected = np.asarray(wanted, float), np.asarray(seen, float), np.asarray(detected)
    _check(wanted, seen, detected, size)
    frames = min(len(wanted), len(seen))
    width, height = size
    asked = _mask_edges(wanted[:frames] * np.array([width, height, width, height]), size)
    got = _mask_edges(np.where(detected[:frames, None], seen[:frames], np.nan), size)
    shared = (np.minimum(asked[:, 2:], got[:, 2:]) - np.maximum(asked[:, :2], got[:, :2])).clip(0).prod(axis=1)
    asked_area, got_area = ((edges[:, 2:] - edges[:, :2]).prod(axis=1) for edges in (asked, got))
    united = asked_area + got_area - shared
    precise = (shared / (united + ADDED))[got_area > 0] >= 0.5
    return PublishedBoxScores(
        overlap=float(shared.sum() / (united.sum() + ADDED)),
        precise=float(precise.mean()) if len(precise) else float("nan"),
        center_distance=float(np.linalg.norm(_centers(asked) - _centers(got), axis=1).mean()),
        detections=int(detected.sum()),
        wanted_pixels=int(asked_area.sum()),
        frames=frames,
    )


@dataclass(frozen=True)
class PublishedBoxSummary:
    """One of the two printed lines, as shares (the script prints overlap and AP50 times 100)."""

    overlap: float
    """mIoU; NaN when it is over covered clips and none is covered."""
    coverage: float
    center_distance: float
    """In units of |(320, 576)| pixels."""
    precise: float
    """AP50; NaN when no clip has a detection."""
    clips: int
    """Clips of the coverage and of the center distance."""
    overlap_clips: int
    """Clips that the mIoU is over."""
    precise_clips: int
    """Clips that have an AP50."""
    detections: int
    """Of all clips."""
    dropped: int
    """Clips left out by the least number of wanted pixels."""


class PublishedBoxAverages:
    """Scores of clips gathered one by one, and the two lines of the released script."""

    def __init__(self) -> None:
        self._scores: list[PublishedBoxScores] = []
        self._dropped = 0

    def add(self, scores: PublishedBoxScores) -> PublishedBoxAverages:
        """Add one clip; one with fewer than 5 wanted pixels is dropped and counted."""
        if scores.wanted_pixels < LEAST_PIXELS:
            self._dropped += 1
        else:
            self._scores.append(scores)
        return self

    def filtered(self) -> PublishedBoxSummary:
        """The first line, whose mIoU is the paper's definition. Raises HitmarkError when no clip is left."""
        return self._summary(filtered=True)

    def unfiltered(self) -> PublishedBoxSummary:
        """The second line. Raises HitmarkError when no clip is left."""
        return self._summary(filtered=False)

    def lines(self) -> str:
        """Heading and both lines as the script prints them."""
        rows = [
            f"{row.overlap * 100:.1f} , {row.coverage} , {row.center_distance:.2f} , {row.precise * 100:.1f}"
            for row in (self.filtered(), self.unfiltered())
        ]
        return "\n".join(["mIoU , Coverage , CD , AP50", *rows])

    def _summary(self, filtered: bool) -> PublishedBoxSummary:
        if not self._scores:
            raise HitmarkError(f"published box scores: no clip is left to average ({self._dropped} were dropped)")
        overlaps, precise, detections, distances = (
            np.array([getattr(scores, name) for scores in self._scores])
            for name in ("overlap", "precise", "detections", "center_distance")
        )
        covered, judged = detections > COVERED_ABOVE, np.isfinite(precise)
        weights = detections if filtered else judged.astype(int)
        counted = covered if filtered else np.ones(len(overlaps), dtype=bool)
        nan = float("nan")
        return PublishedBoxSummary(
            overlap=float(overlaps[counted].sum() / counted.sum()) if counted.any() else nan,
            coverage=float(covered.mean()),
            center_distance=float((distances / DIAGONAL).mean()),
            precise=float((precise * weights)[judged].sum() / weights.sum()) if weights.any() else nan,
            clips=len(overlaps),
            overlap_clips=int(counted.sum()),
            precise_clips=int(judged.sum()),
            detections=int(detections.sum()),
            dropped=self._dropped,
        )


def _mask_edges(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """First and one-past-last column and row of each mask, (boxes, 4) x0, y0, x1, y1; all 0 for an empty mask."""
    lengths = np.array([*size, *size], dtype=float)
    usable = np.isfinite(boxes).all(axis=1, keepdims=True)
    edges = np.trunc(np.where(usable, boxes, 0.0))
    edges = np.where(edges < 0, edges + lengths, edges).clip(0, lengths)  # as a slice reads them
    filled = (edges[:, 2:] > edges[:, :2]).all(axis=1, keepdims=True)
    return np.where(filled, edges, 0.0)


def _centers(edges: np.ndarray) -> np.ndarray:
    """Middle between first and last pixel, (boxes, 2); the corner (0, 0) for an empty mask."""
    return (edges[:, :2] + (edges[:, 2:] - 1).clip(0)) / 2


def _check(wanted: np.ndarray, seen: np.ndarray, detected: np.ndarray, size: tuple[int, int]) -> None:
    if wanted.ndim != 2 or wanted.shape[1:] != (4,) or seen.shape != (len(detected), 4) or detected.dtype != bool:
        raise HitmarkError(
            f"boxes: expected (boxes, 4) wanted, (frames, 4) seen and bool (frames,) detected, but got {wanted.shape}, "
            f"{seen.shape} and {detected.dtype} {detected.shape}."
        )
    if not len(wanted) or not len(seen):
        raise HitmarkError(f"boxes: expected at least one box and one frame, but got {len(wanted)} and {len(seen)}.")
    if not np.isfinite(seen[detected]).all():
        raise HitmarkError("seen must be finite where detected; got NaN or infinity: mark those frames as not detected")
    if not (size[0] >= 1 and size[1] >= 1):
        raise HitmarkError(f"size must be (width, height) in pixels, positive, got {size}")
