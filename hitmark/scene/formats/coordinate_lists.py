"""Points in JSON however they are wrapped: lists in lists, JSON texts inside JSON, objects around them, pairs, texts.

Editors and nodes save the same thing in many ways, as a widget's value, as a node's output or as a program's array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hitmark.scene.formats.source import FormatError
from hitmark.scene.problems import SceneError, shorten
from hitmark.scene.storage import parse_json


class Point(NamedTuple):
    """Where a track is in a frame, and whether it is seen there."""

    x: float
    y: float
    visible: bool = True


SHAPE = 'a list of points {"x": 12.5, "y": 40}, one a frame, or a list of such lists'
WRAPPERS = ("tracks", "track_coords", "coordinates", "coords", "points", "trajectories", "splines", "positions")
SEEN = ("visible", "visibility")  # what a point may say beside x and y
DEEPEST = 12  # wrappings that are looked into


def find_tracks(value: Any, where: str) -> list[list[Point]]:
    """Return the tracks in a JSON value, each a list of points; `where` is what errors call the file.

    Raises:
        FormatError: nothing that can be points; names the track and the point.
    """
    tracks = _tracks(value, where, DEEPEST)
    if not tracks:
        raise FormatError(f"{where}: expected {SHAPE}, got {shorten(value)}")
    return [_checked(track, f"{where}: track {index}") for index, track in enumerate(tracks)]


def looks_like_points(value: Any) -> bool:
    """Tell whether the first thing in a JSON value, below its wrappings, is a point; nothing is checked."""
    parent: Any = None
    for _ in range(DEEPEST):
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{", '"'):
            try:
                value = parse_json(_quoted(value), "text")
            except SceneError:
                return True  # damaged, and nothing else it could be
            continue
        inner = _inside(value)
        if inner is not None:
            parent, value = None, inner
        elif isinstance(value, dict):
            return {"x", "y"} <= value.keys() or _named(value)
        elif isinstance(value, list) and value:
            parent, value = value, value[0]
        else:
            break
    return isinstance(parent, list) and len(parent) == 2 and all(_number(each) is not None for each in parent)


def _inside(value: Any) -> Any:
    """What an object wraps: the value under one of the known names; None where it wraps nothing known."""
    if not isinstance(value, dict) or {"x", "y"} <= value.keys():
        return None
    return next((value[name] for name in WRAPPERS if isinstance(value.get(name), (list, str, dict))), None)


def _named(value: dict[str, Any]) -> bool:
    """Whether an object has nothing but tracks, each under a name of its own."""
    return bool(value) and all(isinstance(each, list) and each and _is_point(each[0]) for each in value.values())


def _tracks(value: Any, where: str, depth: int) -> list[list[Any]]:
    """The tracks of a value, each a list of what may be points."""
    if depth == 0:
        raise FormatError(f"{where}: expected {SHAPE}, got lists in lists without end; flatten the file")
    if isinstance(value, str):
        return _tracks(parse_json(_quoted(value), where), where, depth - 1)
    if isinstance(value, dict):
        return _of_object(value, where, depth)
    if not isinstance(value, list) or not value:
        return []
    if any(_is_point(item) for item in value):
        return [value]
    if len(value) == 2 and all(_number(item) is not None for item in value):
        return [[value]]
    inner = [(item, _tracks(item, f"{where}: track {index}", depth - 1)) for index, item in enumerate(value)]
    return [track for item, found in inner for track in (found or [item])]


def _of_object(value: dict[str, Any], where: str, depth: int) -> list[list[Any]]:
    if {"x", "y"} <= value.keys():
        columns = value["x"], value["y"]
        if all(isinstance(column, list) for column in columns) and len(columns[0]) == len(columns[1]):
            names = [name for name in SEEN if isinstance(value.get(name), list) and len(value[name]) == len(columns[0])]
            rows = zip(*columns, *(value[name] for name in names), strict=True)
            return [[dict(zip(("x", "y", *names), row, strict=True)) for row in rows]]
        return [[value]]
    inside = _inside(value)
    if inside is None and _named(value):
        return [track for each in value.values() for track in _tracks(each, where, depth - 1)]
    return [] if inside is None else _tracks(inside, where, depth - 1)


def _is_point(item: Any) -> bool:
    if isinstance(item, dict):
        return not {"x", "y"}.isdisjoint(item) and not isinstance(item.get("x"), list)
    return isinstance(item, list) and len(item) == 2 and all(_number(each) is not None for each in item)


def _checked(track: Any, where: str) -> list[Point]:
    if not isinstance(track, list) or not track:
        raise FormatError(f"{where}: expected {SHAPE}, got {shorten(track)}")
    points = []
    for frame, point in enumerate(track):
        given: list[Any] = [point.get("x"), point.get("y")] if isinstance(point, dict) else point
        pair = [_number(each) for each in given] if isinstance(given, list) else []
        if len(pair) != 2 or any(number is None or abs(number) >= 1e9 for number in pair):
            raise FormatError(
                f'{where}, point {frame}: expected {{"x": number, "y": number}} or a pair of numbers, '
                f"got {shorten(point)}"
            )
        seen = _seen(point, f"{where}, point {frame}") if isinstance(point, dict) else True
        points.append(Point(float(pair[0] or 0), float(pair[1] or 0), seen))
    return points


def _seen(point: dict[str, Any], where: str) -> bool:
    """Whether a point says that it is seen; yes where it says nothing."""
    name = next((name for name in SEEN if point.get(name) is not None), None)
    if name is None:
        return True
    number = _number(point[name])
    if isinstance(point[name], bool) or number in (0, 1):
        return bool(point[name] if number is None else number)
    raise FormatError(f"{where}: {name}: expected true, false, 0 or 1, got {shorten(point[name])}")


def _number(value: Any) -> float | None:
    """A number, also written as text; None for everything else."""
    if type(value) in (int, float):
        return value
    if isinstance(value, str) and len(value) < 40 and value.isascii():
        try:
            number = float(value)
        except ValueError:
            return None
        return number if abs(number) < float("inf") else None
    return None


def _quoted(text: str) -> str:
    """Single quotes pass for double ones, as in ComfyUI's nodes, where the text is no JSON as it is."""
    try:
        parse_json(text, "text")
    except SceneError:
        return text.replace("'", '"')
    return text
