"""Wan-Move point tracks: `NAME_tracks.npy` and `NAME_visibility.npy` (ali-vilab/Wan-Move, MoveBench).

Tracks are [frames, points, 2] (or with a leading axis of 1), x, y in pixels of the video; visibility is
[frames, points]. A point outside the picture counts as unseen there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hitmark.scene.formats.arrays import is_npy, npy_bytes, parse_npy
from hitmark.scene.formats.base import ARRAY_OPTIONS, TRACKS_FIRST, Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source, read_bytes
from hitmark.scene.formats.track_arrays import read_point_tracks, read_visibility
from hitmark.scene.schema import Scene

NAME = "wan-move"
HOLDS = Holds(visibility="yes", size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81


def sniff(source: Source) -> bool:
    """A .npy file that is not SG-I2V's."""
    return not source.is_folder and is_npy(source.path)


def read(source: Source, options: Options) -> Scene:
    """Read tracks, and their visibility from the file beside them (or `visibility`)."""
    tracks = read_point_tracks(parse_npy(source.data, str(source.path)), str(source.path), options, source.record)
    found = Path(options.visibility) if options.visibility else visibility_path(source.path)
    visible = tracks.visible
    notes = {}
    if options.visibility or found.is_file():
        if found.resolve() == source.path.resolve():
            raise FormatError(f"{source.path}: this is the visibility; name the file with the tracks")
        visible = visibility_of(parse_npy(read_bytes(found), str(found)), tracks.points, str(found), options, source)
        notes["visibility"] = found.name
    return points_to_scene(tracks.points, visible, source.path, options, NAME, tracks.remarks, **notes)


def visibility_of(array: np.ndarray, points: np.ndarray, name: str, options: Options, source: Source) -> np.ndarray:
    """Visibility (frames, points) of tracks that were read with these options: the same axes, the same clip."""
    record = options.record if options.record is not None else source.record
    if record is not None and array.ndim == 3 and str(record).isdigit() and int(record) < len(array):
        array = array[int(record)]
    if options.axes == TRACKS_FIRST and array.ndim == 2:
        array = array.T
    return read_visibility(array, points.shape[:2], name)


def visibility_path(path: Path) -> Path:
    """Where the visibility of a track file lies: `cat_visibility.npy` for `cat_tracks.npy` or `cat.npy`."""
    stem = path.stem.removesuffix("_tracks") if path.stem != "tracks" else ""
    return path.with_name(f"{stem}_visibility.npy" if stem else "visibility.npy")


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centers of all boxes as float32 tracks, and their visibility beside them."""
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
    read_options=(*ARRAY_OPTIONS, "visibility"),
    write_options=("frames", "width", "height", "base"),
)
