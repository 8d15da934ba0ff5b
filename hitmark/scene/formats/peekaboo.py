"""Peekaboo's box lists (Jain et al. 2023, arXiv:2312.07509): one JSON list of records, one record, or one a line.

A record has id, caption, subject, bboxes (one a frame, fractions of the picture) and metadata. Two traps of the
published files are found out and noted: the LaSOT file stores x1, x2, y1, y2 where the others store x1, y1, x2, y2, and
frames without a detection have the placeholder .5, .5, .5, .5. Boxes in pixels need the size of their video.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import first_subject, frame_fields, keyed_subject_fields, sample
from hitmark.scene.formats.source import FormatError, Source, check_count
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "peekaboo"
HOLDS = Holds(many=False, names=True, phrases=True, size_change=True, outside=False, prompt=True, still_boxes=False)
USUAL_FRAMES = 24
PLACEHOLDER = 0.5
LARGEST_FRACTION = 3.0  # more than this in most boxes of a file are pixels
ORDERS = {"xyxy": [0, 1, 2, 3], "xxyy": [0, 2, 1, 3]}


def sniff(source: Source) -> bool:
    """A JSON list of objects with `bboxes`, one such object, or one a line."""
    value = source.maybe_json
    if value is None:
        value = source.first_json_line
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "bboxes" in first


def read(source: Source, options: Options) -> Scene:
    """Read one record: by `record` (or `file.json#1100`), which is its id, else its position from 0."""
    records = _records(source)
    wanted = options.record if options.record is not None else source.record
    record = _choose(records, wanted, source.path)
    where = f"{source.path}: record {record.get('id')!r}"
    layout = options.layout or _layout(records)
    boxes, pixels = _scaled(_ordered(_boxes(record, where), layout), records, where, options)
    empty = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
    if empty.all():
        raise FormatError(f"{where}: bboxes: expected at least one box with an area, got none; choose another record")
    caption, subject = _words(record, where)
    fields = keyed_subject_fields(
        subject, np.flatnonzero(~empty).tolist(), len(boxes), boxes[~empty], where, phrase=_phrase(subject, caption)
    )
    notes = {
        "id": record.get("id"),
        "metadata": record.get("metadata"),
        "layout": layout,
        "remarks": [*pixels, *_remarks(layout, options, boxes[empty])],
    }
    scene = {"prompt": caption, "subjects": [fields], "notes": {NAME: notes}, **frame_fields(len(boxes))}
    return Scene.from_dict(scene, source=where)


def values_of(source: Source) -> Any:
    """The JSON value of a file: a list also where it is one record, or one record a line."""
    value = source.json if source.first_json_line is None else source.json_lines
    if isinstance(value, dict) and "bboxes" not in value and len(value) == 1:
        (inner,) = value.values()  # a list under one name
        value = inner if isinstance(inner, list) else value
    return [value] if isinstance(value, dict) and "bboxes" in value else value


def _records(source: Source) -> list[dict[str, Any]]:
    value = values_of(source)
    if not isinstance(value, list) or not value:
        raise FormatError(
            f"{source.path}: expected a JSON list of records with id, caption, subject and bboxes, got {shorten(value)}"
        )
    for place, item in enumerate(value):
        if not isinstance(item, dict):
            raise FormatError(
                f"{source.path}: expected records with id, caption, subject and bboxes, got {shorten(item)} at "
                f"position {place} (counted from 0); correct or remove it"
            )
    return value


def _choose(records: list[dict[str, Any]], wanted: str | int | None, path: Path) -> dict[str, Any]:
    """Find a record by id, else by position; a list of one needs no choice."""
    if wanted is None:
        if len(records) == 1:
            return records[0]
        raise FormatError(
            f"{path}: expected one record, got {len(records)}; choose one by its id, as in `{path.name}#"
            f"{records[0].get('id', 0)}`. The ids are {_ids(records)}"
        )
    same = [record for record in records if "id" in record and str(record["id"]) == str(wanted)]
    if len(same) > 1:
        raise FormatError(f"{path}: expected one record with id {wanted}, got {len(same)}; give each its own id")
    if same:
        return same[0]
    digits = str(wanted)
    if digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits) < len(records):
        return records[int(digits)]
    raise FormatError(
        f"{path}: expected the id of a record, or a position from 0 to {len(records) - 1}, got {wanted!r}; "
        f"the ids are {_ids(records)}"
    )


def _ids(records: list[dict[str, Any]]) -> str:
    ids = [shorten(record.get("id"), 30) for record in records]
    return ", ".join(ids) if len(ids) <= 16 else f"{', '.join(ids[:12])} ... {', '.join(ids[-3:])}"


def _boxes(record: dict[str, Any], where: str) -> np.ndarray:
    """The record's boxes as written, float64 (frames, 4)."""
    value = record.get("bboxes")
    if not isinstance(value, list) or not value:
        raise FormatError(f"{where}: bboxes: expected a list of boxes, one a frame, got {shorten(value)}")
    check_count(Path(where), len(value))
    for frame, box in enumerate(value):
        if not (isinstance(box, list) and len(box) == 4 and all(_is_number(number) for number in box)):
            raise FormatError(
                f"{where}: bboxes[{frame}]: expected four numbers (fractions of the picture), got {shorten(box)}"
            )
    return np.array(value, dtype=np.float64)


def _ordered(boxes: np.ndarray, layout: str) -> np.ndarray:
    """Numbers (frames, 4) in the order left, top, right, bottom."""
    if layout == "xywh":
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return boxes[:, ORDERS[layout]]


def _scaled(
    boxes: np.ndarray, records: list[dict[str, Any]], where: str, options: Options
) -> tuple[np.ndarray, list[str]]:
    """Boxes as fractions, divided by width and height where the numbers of the file are pixels."""
    pixels = options.units == "pixel" or (options.units is None and _in_pixels(records))
    if not pixels:
        return boxes, []
    if options.width is None or options.height is None:
        raise FormatError(
            f"{where}: bboxes: expected fractions of the picture, got numbers up to {np.abs(boxes).max():g}, which are "
            "pixels; give the size of their video (`--canvas 832x480`; in Python width=832, height=480)"
        )
    size = np.array([options.width, options.height] * 2)
    return boxes / size, [f"boxes are taken as pixels of {options.width} x {options.height}"]


def _in_pixels(records: list[dict[str, Any]]) -> bool:
    """Whether most boxes of a file reach farther than any fraction does."""
    found = [box for record in records for box in _sound(record)]
    return sum(max(map(abs, box)) > LARGEST_FRACTION for box in found) * 2 > len(found)


def _sound(record: dict[str, Any]) -> list[list[float]]:
    """The boxes of a record that are four numbers."""
    boxes = record.get("bboxes")
    if not isinstance(boxes, list):
        return []
    return [box for box in boxes if isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9


def _layout(records: list[dict[str, Any]]) -> str:
    """The order of the numbers in the whole file: whichever makes more boxes valid; the documented one at a tie."""
    valid = {"xyxy": 0, "xxyy": 0}
    for record in records:
        for box in _sound(record):
            valid["xyxy"] += box[0] < box[2] and box[1] < box[3]
            valid["xxyy"] += box[0] < box[1] and box[2] < box[3]
    return "xxyy" if valid["xxyy"] > valid["xyxy"] else "xyxy"


def _words(record: dict[str, Any], where: str) -> tuple[str, str]:
    caption, subject = record.get("caption", ""), record.get("subject")
    if not isinstance(caption, str) or not (isinstance(subject, str) and subject.strip()):
        raise FormatError(
            f"{where}: expected a text `caption` and a text `subject`, got {shorten(caption)} and {shorten(subject)}"
        )
    return caption, subject.strip()


def _phrase(subject: str, caption: str) -> str:
    """The subject in the caption's own spelling; as it is given where it does not occur (who uses it will say so)."""
    found = re.search(rf"(?<!\w){re.escape(subject)}(?!\w)", caption, re.IGNORECASE)
    return found.group() if found else subject


def _remarks(layout: str, options: Options, dropped: np.ndarray) -> list[str]:
    remarks = []
    if layout == "xxyy" and options.layout is None:
        remarks.append("boxes are stored as x1, x2, y1, y2 (as in LaSOT's file): more of them are valid that way")
    placeholders = int((dropped == PLACEHOLDER).all(axis=1).sum())
    if placeholders:
        remarks.append(f"{placeholders} placeholder boxes .5, .5, .5, .5 dropped; the path is interpolated over them")
    if len(dropped) > placeholders:
        remarks.append(f"{len(dropped) - placeholders} boxes without area dropped; the path is interpolated over them")
    return remarks


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write a list of one record, with the first subject."""
    subject = first_subject(scene, path, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    report = losses(scene, sampled, HOLDS, NAME)
    words = subject.phrase or subject.name
    if words.lower() != subject.name.lower():
        report.append(f"the name {subject.name!r} is not held; the record's subject is the phrase {words!r}")
    own = scene.notes.get(NAME)
    own = own if isinstance(own, dict) else {}
    record = {
        "id": own.get("id", 0),
        "caption": scene.prompt,
        "subject": words,
        "bboxes": sampled.tracks[0].boxes.tolist(),
        "metadata": own.get("metadata") or {},
    }
    return Encoded({path.name: json.dumps([record], indent=1).encode()}, path.parent, report)


FORMAT = Format(
    NAME,
    "Peekaboo box list (JSON; choose a record with FILE.json#ID)",
    (".json", ".jsonl"),
    sniff,
    read,
    write,
    read_options=("record", "layout", "units", "width", "height"),
    write_options=("frames",),
)
