"""Coordinate lists of ComfyUI: KJNodes' spline editor, and `track_coords` of the core nodes (JSON).

One track is [{"x": .., "y": ..}, ...], one point a frame, in pixels of the canvas; several are a list of such lists, or
a list of such texts. `coordinate_lists` reads all the ways in which these are wrapped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.base import POINT_OPTIONS, Encoded, Format, Options
from hitmark.scene.formats.coordinate_lists import Point, find_tracks, looks_like_points
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import Source, check_count
from hitmark.scene.problems import SceneError
from hitmark.scene.schema import Scene

NAME = "comfy-coordinates"
HOLDS = Holds(size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81


def sniff(source: Source) -> bool:
    """JSON whose first value, below all wrappings, is a point."""
    if source.is_folder or not source.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b"{", b'"')):
        return False
    try:
        return looks_like_points(_value(source))
    except SceneError:
        return False


def read(source: Source, options: Options) -> Scene:
    """Read one or several tracks; one that ends earlier holds its last point, and is visible until then.

    A point may say `visible` (or `visibility`) beside x and y.
    """
    tracks = find_tracks(_value(source), str(source.path))
    points, visible = _together(tracks, source.path)
    remarks = []
    short = sum(len(track) < len(points) for track in tracks)
    if short:
        remarks.append(
            f"{short} of {len(tracks)} tracks end before the last of {len(points)} frames: they hold their last point "
            "and are visible until then"
        )
    return points_to_scene(points, visible, source.path, options, NAME, remarks)


def _together(tracks: list[list[Point]], path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Points (frames, tracks, 2), and where each is seen (frames, tracks); None: everywhere."""
    frames = max(map(len, tracks))
    check_count(path, frames * len(tracks))
    whole = [[*track, *[track[-1]._replace(visible=False)] * (frames - len(track))] for track in tracks]
    values = np.array(whole, dtype=float).transpose(1, 0, 2)  # x, y, whether it is seen
    points, visible = values[..., :2], values[..., 2] > 0
    return points, None if visible.all() else visible


def _value(source: Source) -> Any:
    """The JSON value, with a second try for texts in single quotes."""
    value = source.maybe_json
    return source.text if value is None else value


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centers of all boxes: a single list of points for one track, else a list of lists."""
    width, height = canvas_to_write(scene, options, path.parent, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    points, _, sizes_lost = scene_to_points(sampled, width, height)
    report = losses(scene, sampled, HOLDS, NAME) + sizes_lost
    tracks = [[{"x": x, "y": y} for x, y in track] for track in points.transpose(1, 0, 2).tolist()]
    text = json.dumps(tracks[0] if len(tracks) == 1 else tracks)
    return Encoded({path.name: text.encode()}, path.parent, report)


FORMAT = Format(
    NAME,
    "ComfyUI / KJNodes coordinates (JSON)",
    (".json", ".txt"),
    sniff,
    read,
    write,
    read_options=POINT_OPTIONS,
    write_options=("frames", "width", "height", "base"),
)
