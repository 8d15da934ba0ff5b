"""Tora's trajectories (Zhang et al. 2024, arXiv:2407.21705): text lines `x,y`, one point a frame.

Tora's own code takes the numbers as of a canvas of 256 x 256, whatever the size of the clip. Other tools write the
same lines in pixels of their picture: give the canvas, or put the picture beside the file.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from hitmark.scene.formats.base import POINT_OPTIONS, Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import first_subject, sample
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import FormatError, Source, check_count
from hitmark.scene.formats.text_lines import numbered_lines, split_numbers
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "tora"
HOLDS = Holds(many=False, size_change=True, still_boxes=False)  # sizes are told by the writer: points have none
USUAL_FRAMES = 49
CANVAS = (256, 256)
_SHAPE = "`x,y`, two numbers in pixels"


def sniff(source: Source) -> bool:
    """Text whose first line, comments aside, is two numbers."""
    if source.is_folder:
        return False
    first = next(iter(numbered_lines(source.start)), None)
    return first is not None and split_numbers(first[1], 2) is not None


def read(source: Source, options: Options) -> Scene:
    """Read the path of one point; where no canvas is given and no picture is beside it, Tora's own."""
    points = []
    for number, line in numbered_lines(source.text):
        pair = split_numbers(line, 2)
        if pair is None or not all(math.isfinite(each) and abs(each) < 1e9 for each in pair):
            raise FormatError(f"{source.path}, line {number}: expected {_SHAPE}, got {shorten(line)}")
        points.append(pair)
        check_count(source.path, len(points))
    if not points:
        raise FormatError(f"{source.path}: expected lines {_SHAPE}, got none")
    array = np.array(points)[:, None]
    fits = options.units != "fraction" and (np.abs(array) <= np.array(CANVAS)).all()
    return points_to_scene(array, None, source.path, options, NAME, canvas=CANVAS if fits else None)


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the first subject's center for each frame, on Tora's canvas."""
    first_subject(scene, path, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    points, _, sizes_lost = scene_to_points(sampled, *CANVAS)
    report = losses(scene, sampled, HOLDS, NAME)
    report += [sentence for sentence in sizes_lost if repr(scene.subjects[0].name) in sentence]
    lines = [f"{x!r},{y!r}" for x, y in points[:, 0].tolist()]
    return Encoded({path.name: ("\n".join(lines) + "\n").encode()}, path.parent, report)


FORMAT = Format(
    NAME,
    "Tora trajectory (text: x,y)",
    (".txt",),
    sniff,
    read,
    write,
    read_options=POINT_OPTIONS,
    write_options=("frames",),
    own_canvas=CANVAS,
)
