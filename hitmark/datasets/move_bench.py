"""MoveBench (Chu et al., Wan-Move, arXiv:2512.08765): 1,018 clips of 81 frames at 16 fps with tracked points.

Layout as Wan-Move's own `generate.py --eval_bench` reads it, for LANGUAGE en and zh and MODE single and multi (192 of
the clips, several objects): `LANGUAGE/MODE_track.txt` with a line VIDEO,CAPTION for each clip, split at the first
comma; `LANGUAGE/first_frame/ID.jpg`; `LANGUAGE/track/MODE/ID_tracks.npy` and `ID_visibility.npy`, the arrays that
`hitmark.scene.formats.wan_move` reads. ID is VIDEO without its extension. The download has a language as a .tar.gz.
It was not tried on the published files.

There are points and no boxes. Our reading (`hitmark.datasets.pointed`): a box around points is at least `point_size` of
the width wide and high; with objects "together" one box holds all points, with "each" every point has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, LeftOutError, Truth
from hitmark.datasets.move_bench_files import (
    ADDRESS,
    FETCH,
    check_choice,
    find_place,
    list_name,
    read_list,
    read_tracks,
    recognize,
)
from hitmark.datasets.pictures import picture_size, read_picture
from hitmark.datasets.pointed import Followed, checked_point_size, follow, own_ids
from hitmark.scene.boxes import centers
from hitmark.scene.formats.paths import default_name, subject_fields
from hitmark.scene.problems import SceneError
from hitmark.scene.schema import Scene

__all__ = ["ADDRESS", "FETCH", "NAME", "open_move_bench", "recognize"]

NAME = "move-bench"
LICENSE = f"MIT as stated by the publisher, {ADDRESS}; the clips are from Pexels: check both before use"
FPS = 16.0
UNKNOWN = (
    "layout as read by Wan-Move's generate.py; not tried on the published files",
    "the real clips are not read: where they lie is not described; `truth` has the tracked points, and no boxes",
)

Mode = Literal["single", "multi"]
Objects = Literal["each", "together"]


@dataclass(frozen=True)
class Reading:
    """Where the lists and tracks lie, and how points become objects."""

    base: Path
    mode: str
    objects: str
    point_size: float


def open_move_bench(
    path: Path,
    language: str | None = None,
    mode: Mode | None = None,
    objects: Objects | None = None,
    point_size: float | None = None,
    broken: Broken = "error",
) -> Dataset:
    """Opens a folder.

    Args:
        path: the folder with `en` or `zh`; or one of these two; or a list in it, which tells language and mode.
        language: of the captions, "en" or "zh"; None: as `path` says, else "en".
        mode: "single" or "multi"; None: as `path` says, else "single".
        objects: "together" makes one subject of all points, "each" a subject of every point; None: together for
            single, each for multi, as which point belongs to which object is not described.
        point_size: least side of a box around points, a fraction of the width; None: 0.15.
        broken: as in `Dataset`.

    Raises:
        DatasetError: a list is missing or damaged; says which, and where to get it.
    """
    base, mode_found = find_place(path, language, mode)
    check_choice("objects", objects, ("each", "together"))
    grouped = objects or ("together" if mode_found == "single" else "each")
    reading = Reading(base, mode_found, grouped, checked_point_size(point_size))
    try:
        captions = read_list(base / list_name(mode_found))
    except SceneError as error:
        raise DatasetError(str(error)) from None
    entries = dict(zip(own_ids(list(captions)), captions.items(), strict=True))
    how = "one subject of all points" if grouped == "together" else "a subject of every point"
    language_found = base.absolute().name
    notes = (
        f"language {language_found}, mode {mode_found}",
        f"our reading, as MoveBench has points and no boxes: {how}, its box at least {reading.point_size:g} of the "
        "width wide and high, moved by the median of its points",
        *UNKNOWN,
    )
    return Dataset(
        f"{NAME}:{language_found}-{mode_found}", LICENSE, tuple(entries), _maker(reading, entries), notes, broken
    )


def _maker(reading: Reading, entries: dict[str, tuple[str, str]]) -> Callable[[str], DatasetItem]:
    def make(name: str) -> DatasetItem:
        clip, caption = entries[name]
        try:
            return _item(name, reading, clip, caption)
        except SceneError as error:
            raise DatasetError(str(error)) from None

    return make


def _item(name: str, reading: Reading, clip: str, caption: str) -> DatasetItem:
    picture = reading.base / "first_frame" / f"{clip}.jpg"
    tracks = reading.base / "track" / reading.mode / f"{clip}_tracks.npy"
    size = picture_size(picture)
    points, seen = read_tracks(tracks, tracks.with_name(f"{PurePosixPath(clip).name}_visibility.npy"))
    seen &= ((points >= 0) & (points < size)).all(axis=2)  # as in Wan-Move, a point outside does not count
    count = points.shape[1]
    groups = [np.arange(count)] if reading.objects == "together" else [np.array([point]) for point in range(count)]
    found = [follow(points[:, group], seen[:, group], size, reading.point_size) for group in groups]
    kept = [each for each in found if each is not None]
    if not kept:
        raise LeftOutError(f"none of {count} points is ever seen in the {size[0]} x {size[1]} picture")
    subjects = [_subject(index, each, tracks) for index, each in enumerate(kept)]
    fields = {"image": picture.name, "prompt": caption, "width": size[0], "height": size[1], "subjects": subjects}
    scene = Scene.from_dict(fields | {"frames": len(points), "fps": FPS}, source=str(tracks))
    notes = _notes(kept, count, reading.objects)
    return DatasetItem(name, scene, _truth(kept), picture.parent, notes, lambda: read_picture(picture))


def _subject(index: int, followed: Followed, tracks: Path) -> dict[str, object]:
    last = len(followed.boxes) - 1
    first, final = followed.interval
    place = f"{tracks}: subject {index + 1}"
    return subject_fields(default_name(index), followed.boxes, place, visible=(first / last, final / last))


def _truth(kept: list[Followed]) -> Truth:
    """Points alone: the middles of our boxes where a point is seen."""
    boxes, seen = np.stack([each.boxes for each in kept]), np.stack([each.seen for each in kept])
    points = np.where(seen[..., None], centers(boxes), np.nan)
    names = tuple(default_name(index) for index in range(len(kept)))
    return Truth(names, np.full(boxes.shape, np.nan), points, seen)


def _notes(kept: list[Followed], count: int, objects: str) -> tuple[str, ...]:
    notes = []
    if objects == "together" and kept[0].used < count:
        notes.append(f"{count - kept[0].used} of {count} points are not seen when it starts: they do not count")
    if len(kept) < count and objects == "each":
        notes.append(f"{count - len(kept)} of {count} points are never seen in the picture: they are left out")
    for index, each in enumerate(kept):
        first, last = each.interval
        hidden = int((~each.seen[first:last]).sum())
        if hidden:
            notes.append(f"{default_name(index)}: {hidden} frames without a point that is seen, in between")
        if first or last < len(each.seen) - 1:
            notes.append(f"{default_name(index)}: seen in frames {first + 1} to {last + 1} of {len(each.seen)}")
    return tuple(notes)
