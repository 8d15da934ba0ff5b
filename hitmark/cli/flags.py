"""Boxes, paths and NAME=VALUE pairs from the command line."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.scene import Scene

SAME_PLACE = 0.02  # a path that starts this near to the box's center starts there
BOX_FORMATS = {"xyxy": "x0,y0,x1,y1", "xywh": "x,y,width,height"}
FARTHEST = 0.5  # how far outside the picture a path may lead, in sides of the picture


class FlagError(HitmarkError):
    """A command-line option cannot be understood; the message shows how it is written."""


def scene_from_flags(
    boxes: list[list[float]], paths: list[str], smooth: bool, prompt: str = "", phrases: list[str] | None = None
) -> Scene:
    """Build a scene: the n-th path moves the n-th box, a box without a path holds still.

    Args:
        boxes: x0, y0, x1, y1 each, fractions of the picture (`parse_box`).
        paths: "x,y x,y ..." each, centers of the boxes.
        smooth: a curve through the points of a path.
        prompt: of a model that reads text; without boxes, a scene of the prompt alone.
        phrases: words of the prompt for what is in each box, in the boxes' order.

    Raises:
        HitmarkError: more paths than boxes, or numbers that are no fractions of the picture.
    """
    phrases = phrases or []
    if not boxes and not prompt:
        raise FlagError('--box: expected at least one box, e.g. --box 0.1,0.5,0.3,0.8 --path "0.5,0.5 0.8,0.6"')
    if len(paths) > len(boxes):
        raise FlagError(
            f"--path: {len(paths)} paths for {len(boxes)} boxes; give each path its --box, in the same order"
        )
    if len(phrases) > len(boxes):
        raise FlagError(
            f"--subject: {len(phrases)} subjects for {len(boxes)} boxes; give each subject its --box, in the same order"
        )
    subjects = []
    for number, (box, path, phrase) in enumerate(itertools.zip_longest(boxes, paths, phrases), start=1):
        keyframes = [{"time": 0.0, "box": box}] if path is None else keyframes_along(box, parse_path(path))
        curved = "smooth" if smooth and len(keyframes) > 2 else "straight"
        name = phrase if phrase and phrases.count(phrase) == 1 else f"box {number}"
        subjects.append({"name": name, "phrase": phrase or "", "keyframes": keyframes, "path": curved})
    return Scene.from_dict({"prompt": prompt, "subjects": subjects}, source="--prompt/--subject/--box/--path")


def parse_cutouts(pairs: list[str]) -> dict[str, Path]:
    """Read pictures by subject, from SUBJECT=PICTURE. Raises `FlagError`: written otherwise, or a subject twice."""
    found: dict[str, Path] = {}
    for pair in pairs:
        name, sign, path = pair.partition("=")
        if not (sign and name and path) or name in found:
            raise FlagError(f"--cutout: expected SUBJECT=PICTURE, once for each subject, got {pair!r}")
        found[name] = Path(path)
    return found


def parse_box(text: str, form: str = "xyxy") -> list[float]:
    """Read a box, fractions of the picture: "x0,y0,x1,y1", or "x,y,width,height" for the form "xywh".

    Returns:
        x0, y0, x1, y1.

    Raises:
        FlagError: no four such numbers.
    """
    if form not in BOX_FORMATS:
        raise FlagError(f"--box-format: expected {' or '.join(BOX_FORMATS)}, got {form!r}")
    box = _numbers(text, "--box", BOX_FORMATS[form], 4)
    _refuse_pixels(box, "--box", text, 0.0, 1.0)
    x0, y0, x1, y1 = box
    if form == "xywh":
        x1, y1 = x0 + x1, y0 + y1
    if max(x1, y1) > 1 + 1e-9:
        raise FlagError(f"--box: expected a box inside the picture, got {text!r}, which ends at {x1:g},{y1:g}; move it")
    if not (x0 < x1 and y0 < y1):
        sized = form == "xyxy" and box[2] > 0 and box[3] > 0 and x0 + box[2] <= 1 and y0 + box[3] <= 1
        other = "; if the last two numbers are width and height, give --box-format xywh" if sized else ""
        raise FlagError(
            f"--box: expected x0 < x1 and y0 < y1 (left, top, right, bottom), got {text!r}; swap them{other}"
        )
    return [x0, y0, x1, y1]


def parse_path(text: str) -> list[list[float]]:
    """Read "x,y x,y ...": successive centers of the box, fractions of the picture. Raises `FlagError`."""
    joined = re.sub(r"\s*,\s*", ",", text.replace(";", " "))
    points = [_numbers(point, "--path", '"x,y x,y ..."', 2) for point in joined.split()]
    if not points:
        raise FlagError('--path: expected one or more points, e.g. --path "0.5,0.5 0.8,0.6", got nothing')
    for point in points:
        _refuse_pixels(point, "--path", text, -FARTHEST, 1.0 + FARTHEST)
    return points


def keyframes_along(box: list[float], points: list[list[float]]) -> list[dict[str, Any]]:
    """Keyframes of a box whose center visits the points at constant speed.

    A first point within 0.02 of the box's center means that center; otherwise the box sets out from where it is.
    """
    x0, y0, x1, y1 = box
    center = [(x0 + x1) / 2, (y0 + y1) / 2]
    start = points[0] if math.dist(points[0], center) <= SAME_PLACE else center
    stops = [start, *(points[1:] if start is points[0] else points)]
    lengths = [math.dist(before, after) for before, after in itertools.pairwise(stops)]
    total = sum(lengths)
    if total == 0:
        return [{"time": 0.0, "box": box}]
    traveled = [sum(lengths[:count]) / total for count in range(len(stops))]
    traveled[-1] = 1.0
    keyframes: list[dict[str, Any]] = []
    for time, (x, y) in zip(traveled, stops, strict=True):
        dx, dy = x - start[0], y - start[1]
        if not keyframes or time > keyframes[-1]["time"]:
            keyframes.append({"time": time, "box": [x0 + dx, y0 + dy, x1 + dx, y1 + dy]})
    return keyframes


def parse_pairs(pairs: list[str], option: str) -> dict[str, Any]:
    """Read NAME=VALUE pairs as `hitmark.methods.spec.read_pairs` does. Raises `FlagError`."""
    if not pairs:
        return {}
    from hitmark.methods.spec import read_pairs, read_value

    example = {"--set": "iterations=5", "--choice": "split=val"}.get(option, "decode_chunk_size=1")
    read = None if option == "--set" else lambda _name, text: read_value(text)
    try:
        return read_pairs(pairs, read, f"{option} {example}")
    except HitmarkError as error:
        raise FlagError(f"{option}: {error}") from None


def _numbers(text: str, option: str, form: str, count: int) -> list[float]:
    parts = text.replace(" ", "").split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise FlagError(f"{option}: expected {form}, got {text!r}; separate the {count} numbers by commas")
    if not all(math.isfinite(number) for number in numbers):
        raise FlagError(f"{option}: expected finite numbers, got {text!r}; write numbers from 0 to 1")
    return numbers


def _refuse_pixels(numbers: list[float], option: str, text: str, low: float, high: float) -> None:
    if all(low <= number <= high for number in numbers):
        return
    looks = "these look like pixels: " if max(numbers) > 2 else ""
    raise FlagError(
        f"{option}: expected fractions of the picture, 0 = left or top and 1 = right or bottom, got {text!r}; "
        f"{looks}divide x by the picture's width and y by its height"
        if looks
        else f"{option}: expected fractions of the picture from {low:g} to {high:g}, got {text!r}; move it inside"
    )
