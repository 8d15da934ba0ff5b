"""ComfyUI's TRACKS (comfy_extras/nodes_wanmove.py): track_path [frames, tracks, 2] in pixels, track_visibility.

ComfyUI keeps TRACKS in memory; on disk they are taken as .npz with those two arrays, or as JSON of the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.arrays import npz_bytes, parse_npz
from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.formats.wan_move import as_points, as_visibility
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "comfy-tracks"
HOLDS = Holds(visibility="yes", size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81
POINTS, VISIBILITY = "track_path", "track_visibility"


def sniff(source: Source) -> bool:
    """A zip file (.npz), or a JSON object with `track_path`."""
    if source.is_folder:
        return False
    if source.data[:4] == b"PK\x03\x04":
        return source.path.suffix == ".npz" or f"{POINTS}.npy".encode() in source.data
    value = source.maybe_json
    return isinstance(value, dict) and POINTS in value


def read(source: Source, options: Options) -> Scene:
    """Read tracks and, if present, their visibility."""
    where = str(source.path)
    if source.data[:2] == b"PK":
        arrays = parse_npz(source.data, where, (POINTS, VISIBILITY))
    else:
        value = source.json
        if not isinstance(value, dict):
            raise FormatError(f"{where}: expected an object with {POINTS} and {VISIBILITY}, got {shorten(value)}")
        given = [key for key in (POINTS, VISIBILITY) if value.get(key) is not None]
        arrays = {key: _array(value[key], f"{where}: {key}") for key in given}
    if POINTS not in arrays:
        raise FormatError(f"{where}: expected an array {POINTS} [frames, tracks, 2], found none; save it so")
    points = as_points(arrays[POINTS], f"{where}: {POINTS}")
    visible = None
    if VISIBILITY in arrays:
        visible = as_visibility(arrays[VISIBILITY], points.shape[:2], f"{where}: {VISIBILITY}")
    return points_to_scene(points, visible, source.path, options, NAME)


def _array(value: Any, where: str) -> np.ndarray:
    """Nested lists of numbers as an array."""
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise FormatError(f"{where}: expected nested lists of numbers, all of the same length, got {shorten(value)}")
    return array


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centres of all boxes and their visibility: JSON where the path ends so, else .npz (float32)."""
    width, height = canvas_to_write(scene, options, path.parent, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    points, visible, sizes_lost = scene_to_points(sampled, width, height)
    report = losses(scene, sampled, HOLDS, NAME) + sizes_lost
    if path.suffix.lower() == ".json":
        content = json.dumps({POINTS: points.tolist(), VISIBILITY: visible.tolist()}).encode()
    else:
        content = npz_bytes(**{POINTS: points.astype(np.float32), VISIBILITY: visible})
    return Encoded({path.name: content}, path.parent, report)


FORMAT = Format(
    NAME,
    "ComfyUI TRACKS (.npz or .json with track_path and track_visibility)",
    (".npz", ".json"),
    sniff,
    read,
    write,
    read_options=("width", "height", "image", "point_size"),
    write_options=("frames", "width", "height", "base"),
)
