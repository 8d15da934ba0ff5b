"""FreeTraj trajectory files (Qiu et al. 2024, arXiv:2406.16863, papers.md 4): text lines of one moving box.

Each line is `frame, h_start, h_end, w_start, w_end`, fractions of the picture, frames whole and increasing. Between
lines the box moves straight; before the first and after the last line the published code goes on at the speed of the
neighboring frames (its clips have 16 frames). It takes the box's size from the first line only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hitmark.scene.boxes import sizes
from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import (
    default_name,
    first_subject,
    frame_fields,
    keyed_subject_fields,
    keys_or_frames,
    sample,
)
from hitmark.scene.formats.source import FormatError, Source, check_count
from hitmark.scene.formats.text_lines import numbered_lines, split_numbers
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "freetraj"
HOLDS = Holds(many=False, motion="keys", size_change=True, outside=False, still_boxes=False)
USUAL_FRAMES = 16
MOST_FRAMES = 10_000
_SHAPE = "`frame, h_start, h_end, w_start, w_end` (a whole number, then four fractions of the picture)"


def sniff(source: Source) -> bool:
    """Text whose first line, comments aside, is five numbers."""
    if source.is_folder:
        return False
    first = next(iter(numbered_lines(source.start)), None)
    return first is not None and _numbers(first[1]) is not None


def read(source: Source, options: Options) -> Scene:
    """Read the path of one subject. `frames` asks for more frames than the file's last line names."""
    keys, boxes = _lines(source)
    frames = options.frames or max(keys[-1] + 1, 1)
    if frames <= keys[-1]:
        raise FormatError(
            f"{source.path}: expected frames up to {frames - 1}, got a line for frame {keys[-1]}; ask for more frames"
        )
    remarks = []
    if len(keys) > 1 and (keys[0] > 0 or keys[-1] < frames - 1):
        keys, boxes = _extended(keys, boxes, frames)
        remarks.append("the path goes on at its own speed before the first and after the last line, as in FreeTraj")
    if np.ptp(sizes(boxes), axis=0).max() > 1e-9:
        remarks.append("the box changes its size; FreeTraj itself would keep the size of the first line")
    subject = keyed_subject_fields(default_name(0), keys, frames, boxes, str(source.path))
    notes = {NAME: {"remarks": remarks}} if remarks else {}
    return Scene.from_dict({"subjects": [subject], "notes": notes, **frame_fields(frames)}, source=str(source.path))


def _numbers(line: str) -> list[float] | None:
    numbers = split_numbers(line, 5)
    return numbers if numbers and np.isfinite(numbers).all() and numbers[0] == int(numbers[0]) else None


def _lines(source: Source) -> tuple[list[int], np.ndarray]:
    """Frames, and boxes (lines, 4) as xyxy."""
    keys: list[int] = []
    boxes: list[list[float]] = []
    for number, line in numbered_lines(source.text):
        values = _numbers(line)
        if values is None:
            raise FormatError(f"{source.path}, line {number}: expected {_SHAPE}, got {shorten(line)}")
        frame = int(values[0])
        if not (keys[-1] if keys else -1) < frame < MOST_FRAMES:
            raise FormatError(
                f"{source.path}, line {number}: expected a frame after that of the line before, below {MOST_FRAMES}, "
                f"got {frame}; sort the lines"
            )
        keys.append(frame)
        boxes.append([values[3], values[1], values[4], values[2]])
        check_count(source.path, len(keys))
    if not keys:
        raise FormatError(f"{source.path}: expected lines {_SHAPE}, got none")
    return keys, np.array(boxes)


def _extended(keys: list[int], boxes: np.ndarray, frames: int) -> tuple[list[int], np.ndarray]:
    """Add the first and the last frame, reached at the speed of the neighboring segment, with unchanged size."""
    if keys[0] > 0:
        speed = (boxes[1, :2] - boxes[0, :2]) / (keys[1] - keys[0])
        boxes = np.vstack([boxes[0] - np.tile(speed * keys[0], 2), boxes])
        keys = [0, *keys]
    if keys[-1] < frames - 1:
        speed = (boxes[-1, :2] - boxes[-2, :2]) / (keys[-1] - keys[-2])
        boxes = np.vstack([boxes, boxes[-1] + np.tile(speed * (frames - 1 - keys[-1]), 2)])
        keys = [*keys, frames - 1]
    return keys, boxes


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the first subject: its keyframes where straight lines between them say all, else a line a frame."""
    subject = first_subject(scene, path, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    track = sampled.tracks[0]
    report = losses(scene, sampled, HOLDS, NAME)
    keys, baked = keys_or_frames(subject, track)
    if baked:
        report.append(baked)
    if np.ptp(sizes(track.boxes), axis=0).max() > 1e-9:
        report.append("size change is written, but FreeTraj itself keeps the size of the first line")
    lines = []
    for key in keys.tolist():
        x0, y0, x1, y1 = track.boxes[key].tolist()
        lines.append(", ".join([str(key), *map(repr, (y0, y1, x0, x1))]))
    return Encoded({path.name: ("\n".join(lines) + "\n").encode()}, path.parent, report)


FORMAT = Format(
    NAME,
    "FreeTraj trajectory (text: frame, h_start, h_end, w_start, w_end)",
    (".txt",),
    sniff,
    read,
    write,
    read_options=("frames",),
    write_options=("frames",),
)
