"""Boxes between keyframes: easing, straight and smooth paths. Pure numpy, float64.

Corners are interpolated, which is the same as interpolating center and size; on a smooth path the center is then
moved from the chord onto the curve. A time at a keyframe gives that keyframe's box exactly, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hitmark.scene.boxes import centers

SAME_TIME = 1e-9  # times closer than this are the same moment (clips have at most 10,000 frames)

EASINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda u: u,
    "in": lambda u: u**2,
    "out": lambda u: 1 - (1 - u) ** 2,
    "in-out": lambda u: np.where(u < 0.5, 2 * u**2, 1 - 2 * (1 - u) ** 2),
    "hold": lambda u: np.where(u < 1, 0.0, 1.0),
}


def ease(easing: str, progress: np.ndarray) -> np.ndarray:
    """Return how much of the way is done (0..1) when `progress` (0..1) of a segment's time has passed.

    linear: even speed. in: starts at rest (quadratic). out: comes to rest (quadratic). in-out: both, each over half of
    the time. hold: stays at the start and jumps at the end.
    """
    return EASINGS[easing](np.asarray(progress, dtype=np.float64))


def boxes_at(
    times: Sequence[float],
    boxes: Sequence[Sequence[float]],
    easings: Sequence[str],
    path: str,
    at: Sequence[float] | np.ndarray,
) -> np.ndarray:
    """Interpolate keyframes.

    Args:
        times: moments of the keyframes, strictly increasing.
        boxes: one normalized xyxy box a keyframe.
        easings: one a keyframe, of the segment that starts there (the last one is not used).
        path: "straight", or "smooth" (a centripetal Catmull-Rom curve through the centers).
        at: the moments asked for.

    Returns:
        float64 (moments, 4). Before the first and after the last keyframe the box holds.
    """
    known = np.asarray(times, dtype=np.float64)
    corners = np.asarray(boxes, dtype=np.float64).reshape(len(known), 4)
    moments = np.asarray(at, dtype=np.float64)
    segment = np.searchsorted(known, moments, side="right") - 1
    points = centers(corners)
    result = corners[np.clip(segment, 0, len(known) - 1)]
    inside = (segment >= 0) & (segment < len(known) - 1)
    for start in map(int, np.unique(segment[inside])):
        here = segment == start
        progress = (moments[here] - known[start]) / (known[start + 1] - known[start])
        done = ease(easings[start], progress)[:, None]
        result[here] = corners[start] + done * (corners[start + 1] - corners[start])
        if path == "smooth" and easings[start] != "hold":
            result[here] += np.tile(_bulge(points, easings, start, done), 2)
    return _hit_keyframes(result, moments, known, corners)


def _hit_keyframes(result: np.ndarray, moments: np.ndarray, known: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Put the keyframe's own box wherever a moment is a keyframe's time, free of rounding."""
    after = np.clip(np.searchsorted(known, moments), 0, len(known) - 1)
    before = np.clip(after - 1, 0, None)
    nearest = np.where(np.abs(known[before] - moments) <= np.abs(known[after] - moments), before, after)
    exact = np.abs(known[nearest] - moments) < SAME_TIME
    result[exact] = corners[nearest[exact]]
    return result


def _bulge(points: np.ndarray, easings: Sequence[str], start: int, done: np.ndarray) -> np.ndarray:
    """Distance (moments, 2) from chord to curve on the segment `start`, where `done` (moments, 1) of it is done.

    Centripetal Catmull-Rom (Yuksel et al. 2011): knots are spaced by the square root of the chord lengths, so the curve
    has no loop or cusp within a segment, however unevenly the points lie. At the ends, at pauses (two keyframes with
    the same center) and at jumps (hold) the curve starts anew, as if the path went on straight.
    """
    first, last = points[start], points[start + 1]
    chord = last - first
    if not chord.any():
        return np.zeros((len(done), 2))
    before = points[start - 1] if start > 0 and easings[start - 1] != "hold" else first
    after = points[start + 2] if start + 2 < len(points) and easings[start + 1] != "hold" else last
    before = before if (before != first).any() else first - chord
    after = after if (after != last).any() else last + chord
    gap_before, gap, gap_after = (np.sqrt(np.hypot(*step)) for step in (first - before, chord, after - last))
    if min(gap_before, gap, gap_after) == 0:  # distances below the smallest number
        return np.zeros((len(done), 2))
    leave = gap * ((first - before) / gap_before - (last - before) / (gap_before + gap)) + chord
    arrive = gap * ((after - last) / gap_after - (after - first) / (gap + gap_after)) + chord
    # Hermite form minus the chord: only the differences of the tangents from the chord remain.
    return done * (1 - done) * ((1 - done) * (leave - chord) - done * (arrive - chord))
