"""Peekaboo's box lists as a dataset: ssv2-ST, IMC, LaSOT and DAVIS-16 (Jain et al., arXiv:2312.07509).

One JSON list of records with id, caption, subject and bboxes. The order and unit of the numbers are found out over the
whole file and reported: x1, y1, x2, y2 as documented, x1, x2, y1, y2 as in LaSOT's file, or x, y, width, height; in
fractions of the picture, or in pixels, which needs the picture's size. Degenerate boxes (no area; ssv2-ST writes
.5, .5, .5, .5 where its detector found nothing) are interpolated, or their frames or clips dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, LeftOutError, Truth, safe
from hitmark.scene.formats import peekaboo
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.source import Source
from hitmark.scene.problems import shorten
from hitmark.scene.tracks import evaluate

NAME = "peekaboo"
ADDRESS = "https://github.com/microsoft/Peekaboo"
LICENSE = f"lists: MIT, {ADDRESS}; the videos that they were made from have licenses of their own"
Layout = Literal["xyxy", "xxyy", "xywh"]
Degenerate = Literal["interpolate", "frames", "clips"]
LARGEST_FRACTION = 3.0
"""Numbers above this, in more than one box of a hundred, are pixels."""
MEANING = {"xyxy": "x1, y1, x2, y2", "xxyy": "x1, x2, y1, y2", "xywh": "x, y, width, height"}


@dataclass(frozen=True)
class Reading:
    """How the numbers of a file are read; scale is what they are divided by: 1, 1, or width and height in pixels."""

    layout: Layout
    scale: tuple[float, float]

    def boxes(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers (boxes, 4) as fractions x1, y1, x2, y2."""
        if self.layout == "xxyy":
            corners = numbers[:, [0, 2, 1, 3]]
        elif self.layout == "xywh":
            corners = np.concatenate([numbers[:, :2], numbers[:, :2] + numbers[:, 2:]], axis=1)
        else:
            corners = numbers
        return corners / np.array([*self.scale, *self.scale])


@dataclass(frozen=True)
class _Record(Source):
    """One record, changed by us, in place of the file that it came from."""

    content: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def json(self) -> Any:
        return [self.content]


def recognize(path: Path) -> bool:
    """A file that is a JSON list of records with bboxes."""
    return path.is_file() and path.suffix.lower() in (".json", ".jsonl") and peekaboo.sniff(Source(path))


def open_box_list(
    path: Path,
    degenerate: Degenerate = "interpolate",
    layout: Layout | None = None,
    size: tuple[int, int] | None = None,
    broken: Broken = "error",
) -> Dataset:
    """Opens a list.

    Args:
        path: the JSON file.
        degenerate: what boxes without area do: "interpolate" leaves them out of the path, which goes straight from
            the box before to the one after; "frames" removes these frames, so that the clip is shorter; "clips" drops
            the records that have any.
        layout: the order of the numbers; None: whichever makes most boxes of the file valid.
        size: width and height of the picture that pixels refer to; not needed for fractions.
        broken: as in `Dataset`.

    Raises:
        DatasetError: no such file, no list, or pixels without `size`.
    """
    if degenerate not in get_args(Degenerate) or (layout is not None and layout not in get_args(Layout)):
        raise DatasetError(
            f"degenerate and layout: expected one of {', '.join(get_args(Degenerate))} and of "
            f"{', '.join(get_args(Layout))}, got {degenerate!r} and {layout!r}"
        )
    if not path.is_file():
        raise DatasetError(f"{path}: expected a box list there, found none; the lists are at {ADDRESS}")
    records = peekaboo.values_of(Source(path))
    if not isinstance(records, list) or not records:
        raise DatasetError(f"{path}: expected a JSON list of records with bboxes, got {shorten(records)}")
    reading, told = read_as(records, path, layout, size)
    ids = _ids(records, path.stem)
    entries = dict(zip(ids, records, strict=True))

    def make(name: str) -> DatasetItem:
        return _item(name, path, entries[name], reading, degenerate)

    return Dataset(f"{NAME}:{path.stem}", LICENSE, ids, make, told, broken)


def read_as(
    records: list[Any], path: Path, layout: Layout | None = None, size: tuple[int, int] | None = None
) -> tuple[Reading, tuple[str, ...]]:
    """How a file's numbers are to be read, and sentences on how that was found out.

    Raises:
        DatasetError: pixels, and no size to divide them by.
    """
    numbers = np.concatenate([np.empty((0, 4)), *filter(len, map(_numbers, records))])
    pixels = bool(len(numbers)) and float((np.abs(numbers).max(axis=1) > LARGEST_FRACTION).mean()) > 0.01
    if pixels and size is None:
        raise DatasetError(
            f"{path}: bboxes: expected fractions of the picture, got pixels (up to {numbers.max():g}); give the "
            "picture's `size` (width, height)"
        )
    scale = (float(size[0]), float(size[1])) if pixels and size is not None else (1.0, 1.0)
    telling = numbers[(numbers[:, :2] != numbers[:, 2:]).any(axis=1)]  # placeholders look like x, y, width, height
    valid = {each: _valid(Reading(each, scale).boxes(telling)) for each in get_args(Layout)}
    chosen = layout or max(valid, key=lambda each: valid[each])  # the documented one is first, so it wins a tie
    unit = f"pixels of {scale[0]:g} x {scale[1]:g}" if pixels else "fractions of the picture"
    found = ", ".join(f"{count} as {MEANING[each]}" for each, count in valid.items())
    how = "as was asked" if layout else "found out"
    return Reading(chosen, scale), (f"boxes are {MEANING[chosen]} in {unit} ({how}: of {len(telling)}, {found} valid)",)


def _valid(boxes: np.ndarray) -> int:
    """Boxes that have an area and a part in the picture, and reach little beyond it (a tenth)."""
    area = (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
    return int((area & (boxes[:, 2:] <= 1.1).all(axis=1) & (boxes[:, :2] >= -0.1).all(axis=1)).sum())


def _numbers(record: Any) -> np.ndarray:
    """The boxes of a record that can be read, float64 (boxes, 4)."""
    boxes = record.get("bboxes") if isinstance(record, dict) else None
    sound = [box for box in boxes if _is_box(box)] if isinstance(boxes, list) else []
    return np.array(sound, dtype=np.float64).reshape(-1, 4)


def _is_box(box: Any) -> bool:
    return (
        isinstance(box, list) and len(box) == 4 and all(type(each) in (int, float) and abs(each) < 1e9 for each in box)
    )


def _ids(records: list[Any], stem: str) -> tuple[str, ...]:
    """FILE-ID; with the position where a record has no id, or one that another has too."""
    own = [safe(record["id"]) if isinstance(record, dict) and "id" in record else None for record in records]
    return tuple(
        f"{safe(stem)}-{name}" if name is not None and own.count(name) == 1 else f"{safe(stem)}-at-{position}"
        for position, name in enumerate(own)
    )


def _item(name: str, path: Path, record: Any, reading: Reading, degenerate: Degenerate) -> DatasetItem:
    boxes = record.get("bboxes") if isinstance(record, dict) else None
    if not isinstance(boxes, list) or not boxes or not all(map(_is_box, boxes)):
        raise DatasetError(f"{path}: {name}: bboxes: expected a list of boxes of four numbers, got {shorten(boxes)}")
    numbers = _numbers(record)
    fractions = reading.boxes(numbers)
    flat = (fractions[:, 2:] <= fractions[:, :2]).any(axis=1) | (numbers == peekaboo.PLACEHOLDER).all(axis=1)
    fractions[flat] = peekaboo.PLACEHOLDER
    count, notes = int(flat.sum()), []
    if flat.all() or (count and degenerate == "clips"):
        raise LeftOutError(f"{count} of {len(flat)} boxes are degenerate")
    if count and degenerate == "frames":
        fractions, flat = fractions[~flat], flat[~flat]
        notes.append(f"{count} frames with degenerate boxes removed, {len(fractions)} are left")
    elif count:
        notes.append(f"{count} degenerate boxes interpolated")
    if len(fractions) < 2:
        raise LeftOutError(f"{len(fractions)} of {len(boxes)} frames have a box, and 2 are needed")
    if reading.layout != "xyxy" or reading.scale != (1.0, 1.0):
        notes.append(f"boxes brought from {MEANING[reading.layout]} to x1, y1, x2, y2 in fractions")
    source = _Record(path, content=record | {"bboxes": fractions.tolist()})
    scene = peekaboo.read(source, Options(layout="xyxy"))
    names = tuple(subject.name for subject in scene.subjects)
    tracks = np.stack([track.boxes for track in evaluate(scene, len(fractions))])
    return DatasetItem(name, scene, Truth.of_boxes(names, tracks, ~flat[None]), notes=tuple(notes))
