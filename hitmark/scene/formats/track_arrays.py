"""Arrays of point tracks in the shapes that people have, checked and brought to [frames, points, 2].

Where a shape has one meaning it is read, with a remark; where it could have two, the error names what is expected and
the option that decides: `axes` for exchanged axes, `record` (or `FILE#1`) for one clip of several.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.scene.formats.arrays import check_numbers
from hitmark.scene.formats.base import TRACKS_FIRST, Options
from hitmark.scene.formats.source import FormatError

SHAPE = "tracks of shape [frames, points, 2] in pixels, x before y"
MUCH_SMOOTHER = 0.25  # steps along one axis are shorter than this share of those along the other: it is time


@dataclass(frozen=True, eq=False)
class PointTracks:
    """Tracks that were read.

    Attributes:
        points: float64 (frames, points, 2), x before y.
        visible: bool (frames, points), where the array itself says it; else None.
        remarks: sentences on what had to be decided.
    """

    points: np.ndarray
    visible: np.ndarray | None
    remarks: list[str]


def read_point_tracks(array: np.ndarray, name: str, options: Options, record: str | int | None = None) -> PointTracks:
    """Bring an array of tracks to the usual shape.

    Args:
        array: [frames, points, 2]; also with a third number for visibility, with an axis for clips in front, or
            [frames, 2] for one point.
        name: what errors call it.
        options: `axes` and `record`.
        record: what stood behind `#` in the file's name.

    Raises:
        FormatError: another shape; axes that seem exchanged; several clips and none chosen.
    """
    if array.dtype.kind == "b":
        raise FormatError(f"{name}: expected {SHAPE}, got booleans; is this another file, the visibility?")
    remarks: list[str] = []
    clip = _one_clip(array, name, options.record if options.record is not None else record)
    if clip.ndim == 2 and clip.shape[1] in (2, 3):
        clip = clip[:, None]
        remarks.append(f"an array of shape {list(array.shape)} is read as one point in {len(clip)} frames")
    if clip.ndim != 3 or clip.shape[2] not in (2, 3):
        raise FormatError(f"{name}: expected {SHAPE}, got {list(array.shape)}; transpose it, or is this another file?")
    visible = None
    if clip.shape[2] == 3:
        visible = _third(clip[..., 2], name)
        clip = clip[..., :2]
        remarks.append("the third number of each point is read as its visibility")
    points = check_numbers(clip, name, "pixel coordinates")
    if options.axes == TRACKS_FIRST:
        points = points.swapaxes(0, 1)
        visible = None if visible is None else visible.T
    elif options.axes is None:
        remarks += _about_axes(points, name)
    return PointTracks(points, visible, remarks)


def _one_clip(array: np.ndarray, name: str, record: str | int | None) -> np.ndarray:
    if array.ndim != 4:
        return array
    count = len(array)
    if record is None:
        if count == 1:
            return array[0]
        raise FormatError(
            f"{name}: expected {SHAPE}, got {list(array.shape)}: {count} clips in one file? "
            f"Choose one, from #0 to #{count - 1}, behind the file's name"
        )
    digits = str(record)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits) < count):
        raise FormatError(
            f"{name}: expected the number of a clip, 0 to {count - 1}, got {record!r}; choose one of them"
        )
    return array[int(digits)]


def _third(values: np.ndarray, name: str) -> np.ndarray:
    """Visibility from a third number: 0 and one other value (ATI has 8), or confidence from 0 to 1."""
    numbers = values.astype(np.float64) if values.dtype.kind == "b" else check_numbers(values, name, "visibility")
    marks = np.unique(numbers)
    if marks.min() >= 0 and len(marks[marks > 0]) <= 1:
        return numbers > 0
    if marks.min() >= 0 and marks.max() <= 1:
        return numbers > 0.5
    raise FormatError(
        f"{name}: expected {SHAPE}, or with a third number for visibility (0 or 1), got a third number from "
        f"{marks.min():g} to {marks.max():g}: a depth? Keep x and y only, as array[..., :2]"
    )


def _about_axes(points: np.ndarray, name: str) -> list[str]:
    """A remark, or a refusal, where an array may be [points, frames, 2]."""
    frames, count = points.shape[:2]
    if count <= frames:
        return []
    in_time, across = (_step(points, axis) for axis in (0, 1))
    question = f"if it is {frames} points in {count} frames, give `--axes {TRACKS_FIRST}`"
    if across < MUCH_SMOOTHER * in_time:
        raise FormatError(
            f"{name}: expected {SHAPE}, got {list(points.shape[:2])} of them, {frames} frames of {count} points, that "
            f"jump by {in_time:.3g} px from frame to frame and by {across:.3g} px from point to point: are the axes "
            f"exchanged? {question[0].upper()}{question[1:]}; if not, `--axes frames,tracks`"
        )
    return [f"read as {frames} frames of {count} points; {question}"]


def _step(points: np.ndarray, axis: int) -> float:
    """The mean distance of neighbors along an axis; 0 where there are none."""
    steps = np.diff(points, axis=axis)
    return float(np.linalg.norm(steps, axis=-1).mean()) if steps.size else 0.0


def read_visibility(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Check a visibility array against (frames, points) and return booleans; numbers count as seen above 0.5."""
    given = list(array.shape)
    if array.ndim == len(shape) + 1 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.shape == (shape[0], 1):
        array = np.repeat(array, shape[1], axis=1)  # ComfyUI's mask for all tracks
    if array.ndim == 1 and shape[1] == 1 and len(array) == shape[0]:
        array = array[:, None]
    if array.shape == shape[::-1] and array.shape != shape:
        raise FormatError(
            f"{name}: expected visibility [frames, points] = {list(shape)}, as the tracks, got {given}, the other way "
            f"round; if the tracks are [points, frames, 2], give --axes {TRACKS_FIRST}"
        )
    if array.shape != shape:
        raise FormatError(f"{name}: expected visibility [frames, points] = {list(shape)}, as the tracks, got {given}")
    return array if array.dtype.kind == "b" else check_numbers(array, name, "visibility 0 or 1") > 0.5
