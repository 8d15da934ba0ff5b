"""Wan-Move point tracks: `NAME_tracks.npy` and `NAME_visibility.npy` (ali-vilab/Wan-Move, MoveBench).

Tracks are [frames, points, 2] (or with a leading axis of 1), x, y in pixels of the video; visibility is
[frames, points]. A point outside the picture counts as unseen there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hitmark.scene.formats.arrays import check_numbers, is_npy, npy_bytes, parse_npy
from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source, read_bytes
from hitmark.scene.schema import Scene

NAME = "wan-move"
HOLDS = Holds(visibility="yes", size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81


def sniff(source: Source) -> bool:
    """A .npy file that is not SG-I2V's."""
    return not source.is_folder and is_npy(source.path)


def read(source: Source, options: Options) -> Scene:
    """Read tracks, and their visibility from the file beside them (or `visibility`)."""
    points = as_points(parse_npy(source.data, str(source.path)), str(source.path))
    found = Path(options.visibility) if options.visibility else visibility_path(source.path)
    visible = None
    notes = {}
    if options.visibility or found.is_file():
        if found.resolve() == source.path.resolve():
            raise FormatError(f"{source.path}: this is the visibility; name the file with the tracks")
        visible = as_visibility(parse_npy(read_bytes(found), str(found)), points.shape[:2], str(found))
        notes["visibility"] = found.name
    return points_to_scene(points, visible, source.path, options, NAME, **notes)


def visibility_path(path: Path) -> Path:
    """Where the visibility of a track file lies: `cat_visibility.npy` for `cat_tracks.npy` or `cat.npy`."""
    stem = path.stem.removesuffix("_tracks") if path.stem != "tracks" else ""
    return path.with_name(f"{stem}_visibility.npy" if stem else "visibility.npy")


def as_points(array: np.ndarray, name: str) -> np.ndarray:
    """Check a track array and return float64 (frames, points, 2)."""
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 3 or array.shape[2] != 2:
        raise FormatError(
            f"{name}: expected tracks of shape [frames, points, 2] in pixels, x before y, got {list(array.shape)}; "
            "transpose it, or is this another file?"
        )
    return check_numbers(array, name, "pixel coordinates")


def as_visibility(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Check a visibility array against (frames, points) and return booleans; numbers count as seen above 0.5."""
    if array.ndim == len(shape) + 1 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.shape == (shape[0], 1):
        array = np.repeat(array, shape[1], axis=1)  # ComfyUI's mask for all tracks
    if array.shape != shape:
        raise FormatError(
            f"{name}: expected visibility [frames, points] = {list(shape)}, as the tracks, got {list(array.shape)}"
        )
    return array if array.dtype.kind == "b" else check_numbers(array, name, "visibility 0 or 1") > 0.5


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centres of all boxes as float32 tracks, and their visibility beside them."""
    width, height = canvas_to_write(scene, options, path.parent, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    points, visible, sizes_lost = scene_to_points(sampled, width, height)
    report = losses(scene, sampled, HOLDS, NAME) + sizes_lost
    files = {path.name: npy_bytes(points.astype(np.float32)), visibility_path(path).name: npy_bytes(visible)}
    return Encoded(files, path.parent, report)


FORMAT = Format(
    NAME,
    "Wan-Move tracks (NAME_tracks.npy, with NAME_visibility.npy beside it)",
    (".npy",),
    sniff,
    read,
    write,
    read_options=("width", "height", "image", "point_size", "visibility"),
    write_options=("frames", "width", "height", "base"),
)
