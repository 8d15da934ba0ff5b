"""Coordinate lists of ComfyUI: KJNodes' spline editor, and `track_coords` of the core nodes (JSON).

One track is [{"x": .., "y": ..}, ...], one point a frame, in pixels of the canvas; several are a list of such lists, or
a list of such texts. Single quotes pass for double ones, as in those nodes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.problems import SceneError, shorten
from hitmark.scene.schema import Scene
from hitmark.scene.storage import parse_json

NAME = "comfy-coordinates"
HOLDS = Holds(size_change=True)  # sizes are told by the writer: points have none
USUAL_FRAMES = 81
_SHAPE = 'a list of points {"x": 12.5, "y": 40}, one a frame, or a list of such lists'


def sniff(source: Source) -> bool:
    """A JSON list of points, of lists of points, or of texts."""
    if source.is_folder or not source.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return False
    try:
        value = _value(source)
    except SceneError:
        return False
    while isinstance(value, list) and value:
        value = value[0]
    return (isinstance(value, dict) and {"x", "y"} <= value.keys()) or (isinstance(value, str) and "{" in value)


def read(source: Source, options: Options) -> Scene:
    """Read one or several tracks of equal length."""
    value = _value(source)
    tracks = [value] if isinstance(value, list) and value and isinstance(value[0], dict) else value
    if not isinstance(tracks, list) or not tracks:
        raise FormatError(f"{source.path}: expected {_SHAPE}, got {shorten(value)}")
    where = str(source.path)
    tracks = [parse_json(_quoted(track), where) if isinstance(track, str) else track for track in tracks]
    points = [_track(track, f"{where}: track {index}") for index, track in enumerate(tracks)]
    lengths = [len(track) for track in points]
    if len(set(lengths)) > 1:
        raise FormatError(
            f"{where}: expected tracks of the same length, got {shorten(lengths)} points; resample them to one number "
            "of frames in the editor"
        )
    return points_to_scene(np.array(points).transpose(1, 0, 2), None, source.path, options, NAME)


def _value(source: Source) -> Any:
    """The JSON value, with a second try for texts in single quotes."""
    value = source.maybe_json
    return parse_json(_quoted(source.text), str(source.path)) if value is None else value


def _quoted(text: str) -> str:
    return text.replace("'", '"')


def _track(track: Any, where: str) -> list[list[float]]:
    if not isinstance(track, list) or not track:
        raise FormatError(f"{where}: expected {_SHAPE}, got {shorten(track)}")
    points = []
    for frame, point in enumerate(track):
        pair: list[Any] = [point.get("x"), point.get("y")] if isinstance(point, dict) else []
        if len(pair) != 2 or not all(type(number) in (int, float) and abs(number) < 1e9 for number in pair):
            raise FormatError(f'{where}, point {frame}: expected {{"x": number, "y": number}}, got {shorten(point)}')
        points.append([float(number) for number in pair])
    return points


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centres of all boxes: a single list of points for one track, else a list of lists."""
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
    read_options=("width", "height", "image", "point_size"),
    write_options=("frames", "width", "height", "base"),
)
