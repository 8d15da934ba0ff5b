"""Point tracks as boxes: what Wan-Move and ComfyUI files share. A point has no size, so its box gets a stated one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.boxes import centres, in_picture, sizes
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.paths import Sampled, default_name, frame_fields, subject_fields
from hitmark.scene.formats.pictures import canvas_to_read
from hitmark.scene.formats.source import FormatError, check_count
from hitmark.scene.schema import Scene

POINT_SIZE = 0.15  # side of the square box around a point, as a fraction of the width


def points_to_scene(
    points: np.ndarray, visible: np.ndarray | None, path: Path, options: Options, name: str, **notes: Any
) -> Scene:
    """Make a scene of point tracks.

    Args:
        points: float64 (frames, points, 2), x, y in pixels.
        visible: bool (frames, points), or None: always.
        path: the file, for errors and for a picture beside it.
        options: width and height or image; point_size.
        name: of the format, for the notes.
        notes: what else the format carried.

    Raises:
        FormatError: no canvas size; no frames or points; no point that is ever seen.
    """
    frames, count = points.shape[:2]
    if not frames or not count:
        raise FormatError(f"{path}: expected at least one point and one frame, got {count} points, {frames} frames")
    check_count(path, frames * count)
    width, height, image = canvas_to_read(path, options)
    side = options.point_size or POINT_SIZE
    half = np.array([side / 2, side * width / height / 2])
    middle = points / np.array([width, height])
    boxes = np.concatenate([middle - half, middle + half], axis=2)
    seen = np.ones((frames, count), bool) if visible is None else visible
    remarks = [f"points have no size: each became a box of {side:g} of the width"]
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
    if not subjects:
        raise FormatError(f"{path}: expected a point seen in the {width} x {height} picture, got none; check the size")
    if hidden:
        remarks.append(f"{hidden} points that are never seen are left out")
    if gaps:
        remarks.append(f"{gaps} points vanish for a while in between: they count as visible from first to last sight")
    fields = {"width": width, "height": height, "image": image, "subjects": subjects, **frame_fields(frames)}
    return Scene.from_dict(fields | {"notes": {name: {**notes, "remarks": remarks}}}, source=str(path))


def _interval(seen: np.ndarray, inside: np.ndarray) -> tuple[int, int] | None:
    """First frame in which a point is seen in the picture, and the last in which it is seen at all."""
    start = np.flatnonzero(seen & inside)
    return (int(start[0]), int(np.flatnonzero(seen)[-1])) if len(start) else None


def scene_to_points(sampled: Sampled, width: int, height: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return pixel centres, float64 (frames, tracks, 2), visibility, bool (frames, tracks), and lost box sizes."""
    boxes = np.stack([track.boxes for track in sampled.tracks], axis=1)
    visible = np.stack([track.visible for track in sampled.tracks], axis=1)
    usual = np.array([POINT_SIZE, POINT_SIZE * width / height])
    odd = [track.name for track in sampled.tracks if np.abs(sizes(track.boxes) - usual).max() > 1e-9]
    report = [f"box sizes are not held, a point has none: {', '.join(map(repr, odd))}"] if odd else []
    return centres(boxes) * np.array([width, height]), visible, report
