"""Point tracks as boxes: what Wan-Move, ATI, Tora and ComfyUI files share. A point has no size: its box gets one.

The canvas is where the numbers of a file live. It is kept in the scene's notes; it is not the size of clip to make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.boxes import centers, in_picture, sizes
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.paths import Sampled, default_name, frame_fields, subject_fields
from hitmark.scene.formats.pictures import canvas_to_read
from hitmark.scene.formats.source import FormatError, check_count
from hitmark.scene.schema import Scene

POINT_SIZE = 0.15  # side of the square box around a point, as a fraction of the width
LARGEST_FRACTION = 2.0  # coordinates that are all below this may be fractions, also of points that leave the picture
SMALLEST_CANVAS = 32  # pixels; on a smaller one such coordinates are ordinary


def points_to_scene(
    points: np.ndarray,
    visible: np.ndarray | None,
    path: Path,
    options: Options,
    name: str,
    remarks: list[str] | None = None,
    canvas: tuple[int, int] | None = None,
    **notes: Any,
) -> Scene:
    """Make a scene of point tracks.

    Args:
        points: float64 (frames, points, 2), x, y in pixels (or as `options.units` says).
        visible: bool (frames, points), or None: always.
        path: the file, for errors and for a picture beside it.
        options: width and height or image; units; point_size.
        name: of the format, for the notes.
        remarks: what the reader decided before.
        canvas: width and height that the format has where none is given; None: it has none.
        notes: what else the format carried.

    Raises:
        FormatError: no canvas size; no frames or points; no point that is ever seen; coordinates that may be fractions.
    """
    frames, count = points.shape[:2]
    if not frames or not count:
        raise FormatError(f"{path}: expected at least one point and one frame, got {count} points, {frames} frames")
    check_count(path, frames * count)
    doubt = "" if options.units else _doubt(points, path)
    size, image, told = canvas_to_read(path, options, canvas, doubt)
    if doubt and size is not None and min(size) >= SMALLEST_CANVAS:
        raise FormatError(doubt)
    middle = points if options.units == "fraction" or size is None else points / np.array(size)
    side = options.point_size or POINT_SIZE
    width, height = size or (1, 1)
    half = np.array([side / 2, side * width / height / 2])
    boxes = np.concatenate([middle - half, middle + half], axis=2)
    said = [*(remarks or []), *told, f"points have no size: each became a box of {side:g} of the width"]
    subjects, more = _subjects(boxes, np.ones((frames, count), bool) if visible is None else visible, path)
    if not subjects:
        shown = "" if size is None else f"{width} x {height} "
        raise FormatError(f"{path}: expected a point seen in the {shown}picture, got none; check the size")
    kept = {**notes, **({} if size is None else {"canvas": [width, height]}), "remarks": said + more}
    fields = {"image": image, "subjects": subjects, **frame_fields(frames)}
    return Scene.from_dict(fields | {"notes": {name: kept}}, source=str(path))


def _doubt(points: np.ndarray, path: Path) -> str:
    """The question whether points are fractions of the picture, where they are so small; empty where they are not."""
    low, high = float(points.min()), float(points.max())
    if max(-low, high) > LARGEST_FRACTION:
        return ""
    where = "all coordinates lie in 0..1" if low >= 0 and high <= 1 else f"all coordinates lie in {low:g}..{high:g}"
    return (
        f"{path}: {where}: are these fractions? Give --units fraction|pixel (some editors' fractions are mirrored, or "
        "divided by the height for both axes: export pixels from these)"
    )


def _subjects(boxes: np.ndarray, seen: np.ndarray, path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """A subject for each point that is ever seen, and remarks about the others."""
    frames, count = seen.shape
    subjects, hidden, gaps = [], 0, 0
    for index in range(count):
        interval = _interval(seen[:, index], in_picture(boxes[:, index]))
        if interval is None:
            hidden += 1
            continue
        first, last = interval
        gaps += not seen[first : last + 1, index].all()
        times = (first / (frames - 1), last / (frames - 1)) if frames > 1 else (0.0, 1.0)
        place = f"{path}: point {index}"
        subjects.append(subject_fields(default_name(len(subjects)), boxes[:, index], place, visible=times))
    remarks = [f"{hidden} points that are never seen are left out"] if hidden else []
    if gaps:
        remarks.append(f"{gaps} points vanish for a while in between: they count as visible from first to last sight")
    return subjects, remarks


def _interval(seen: np.ndarray, inside: np.ndarray) -> tuple[int, int] | None:
    """First frame in which a point is seen in the picture, and the last in which it is seen at all."""
    start = np.flatnonzero(seen & inside)
    return (int(start[0]), int(np.flatnonzero(seen)[-1])) if len(start) else None


def scene_to_points(sampled: Sampled, width: int, height: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return pixel centers, float64 (frames, tracks, 2), visibility, bool (frames, tracks), and lost box sizes."""
    boxes = np.stack([track.boxes for track in sampled.tracks], axis=1)
    visible = np.stack([track.visible for track in sampled.tracks], axis=1)
    usual = np.array([POINT_SIZE, POINT_SIZE * width / height])
    odd = [track.name for track in sampled.tracks if np.abs(sizes(track.boxes) - usual).max() > 1e-9]
    report = [f"box sizes are not held, a point has none: {', '.join(map(repr, odd))}"] if odd else []
    return centers(boxes) * np.array([width, height]), visible, report
