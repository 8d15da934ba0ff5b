"""Arrays of tracks with names: ComfyUI's TRACKS (comfy_extras/nodes_wanmove.py), and what trackers save likewise.

ComfyUI keeps TRACKS in memory: track_path [frames, tracks, 2] in pixels, and track_visibility. On disk they are taken
as .npz with those two arrays, or as JSON of the same. Other usual names are read too, and one array alone by any name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.arrays import npz_bytes, parse_npz
from hitmark.scene.formats.base import ARRAY_OPTIONS, Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.formats.track_arrays import SHAPE, read_point_tracks
from hitmark.scene.formats.wan_move import visibility_of
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "comfy-tracks"
HOLDS = Holds(visibility="yes", size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81
POINTS, VISIBILITY = "track_path", "track_visibility"
POINT_NAMES = (POINTS, "tracks", "pred_tracks", "trajectories", "coords", "array")
SEEN_NAMES = (VISIBILITY, "visibility", "pred_visibility", "visible", "visibles", "vis")
HIDDEN_NAMES = ("occluded", "occlusion")


def sniff(source: Source) -> bool:
    """A zip file (.npz), or a JSON object with `track_path`, or with arrays named `tracks` and `visibility`."""
    if source.is_folder:
        return False
    if source.data[:4] == b"PK\x03\x04":
        return source.path.suffix.lower() == ".npz" or f"{POINTS}.npy".encode() in source.data
    value = source.maybe_json
    if not isinstance(value, dict):
        return False
    return POINTS in value or ("tracks" in value and not set(SEEN_NAMES).isdisjoint(value))


def read(source: Source, options: Options) -> Scene:
    """Read tracks and, if present, their visibility."""
    where = str(source.path)
    arrays, remarks = _chosen(_arrays(source, where), where)
    tracks = read_point_tracks(arrays[POINTS], f"{where}: tracks", options, source.record)
    visible = tracks.visible
    if VISIBILITY in arrays:
        visible = visibility_of(arrays[VISIBILITY], tracks.points, f"{where}: visibility", options, source)
    return points_to_scene(tracks.points, visible, source.path, options, NAME, remarks + tracks.remarks)


def _arrays(source: Source, where: str) -> dict[str, np.ndarray]:
    if source.data[:2] == b"PK":
        return parse_npz(source.data, where)
    value = source.json
    if not isinstance(value, dict):
        raise FormatError(f"{where}: expected an object with {POINTS} and {VISIBILITY}, got {shorten(value)}")
    known = (*POINT_NAMES, *SEEN_NAMES, *HIDDEN_NAMES)
    return {key: _array(value[key], f"{where}: {key}") for key in known if value.get(key) is not None}


def _chosen(arrays: dict[str, np.ndarray], where: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """The tracks and their visibility under ComfyUI's names, and a remark where others were taken."""
    points = next((name for name in POINT_NAMES if name in arrays), None)
    if points is None and len(arrays) == 1:
        points = next(iter(arrays))
    if points is None:
        held = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items()) or "none that is known"
        raise FormatError(
            f"{where}: expected an array {POINTS} (or {', '.join(POINT_NAMES[1:])}), {SHAPE}, got {held}; rename it"
        )
    chosen = {POINTS: arrays[points]}
    seen = next((name for name in SEEN_NAMES if name in arrays), None)
    hidden = next((name for name in HIDDEN_NAMES if name in arrays), None)
    if seen is not None:
        chosen[VISIBILITY] = arrays[seen]
    elif hidden is not None:
        chosen[VISIBILITY] = ~(arrays[hidden] > 0.5)
    used = {points: "tracks", seen or hidden: "visibility"}
    remarks = [
        f"the array {name} is read as {meaning}"
        for name, meaning in used.items()
        if name is not None and name not in (POINTS, VISIBILITY)
    ]
    left = sorted(set(arrays) - set(used))
    return chosen, remarks + ([f"arrays that are not used: {', '.join(left)}"] if left else [])


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
    """Write the centers of all boxes and their visibility: JSON where the path ends so, else .npz (float32)."""
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
    "ComfyUI TRACKS, and tracks of trackers (.npz or .json with track_path and track_visibility)",
    (".npz", ".json"),
    sniff,
    read,
    write,
    read_options=ARRAY_OPTIONS,
    write_options=("frames", "width", "height", "base"),
)
