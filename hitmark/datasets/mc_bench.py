"""MC-Bench (Zhang et al., MotionPro, CVPR 2025): 1,100 pictures with tracks that users clicked and brushed.

Layout as MotionPro's own `eval_mc_bench.py` and `tools/eval_co_tracker_acc.py` read it: `CLASS/SAMPLE/` holds
`first_frame.png`; `first_frame_mask.png`, the user's brush, of which any channel that is not 0 counts; `user_drag.png`,
a drawing, not read; and `meta_data.json` (for the tracker's evaluation `meta_data_new.json`) with `traj_key_points`, a
list of tracks, each a list of [x, y] in pixels of the picture. It was not tried on the published files.

A track's clicks are at equal times, and each coordinate goes through them by PCHIP, 16 frames long. One click alone
stays (theirs then moves by 1 pixel down and right, so that its mask is not empty). There are no boxes. Our reading: the
connected part of the brush that holds the first click gives the box, which moves with the track; a click outside of the
brush has a square box around it, `point_size` of the width wide. Every track is a subject, also where two tracks start
in one part of the brush: both then have its box. There are no prompts, and no real clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, LeftOutError, listed, natural
from hitmark.datasets.brush import brushed_box
from hitmark.datasets.pchip import pchip
from hitmark.datasets.pictures import check_size, picture_size, read_picture
from hitmark.datasets.pointed import checked_point_size, own_ids
from hitmark.scene.formats.paths import default_name, subject_fields
from hitmark.scene.formats.source import Source, check_count
from hitmark.scene.problems import SceneError, shorten
from hitmark.scene.schema import Scene

NAME = "mc-bench"
ADDRESS = "https://github.com/HiDream-ai/MotionPro"
FETCH = "hf download HiDream-ai/MotionPro data/MC-Bench.tar --local-dir MotionPro"
LICENSE = f"as stated by the publisher, {ADDRESS}: check it before use"
PICTURE, BRUSH, KEY = "first_frame.png", "first_frame_mask.png", "traj_key_points"
TRACKS = ("meta_data", "meta_data_new")
FRAMES, FPS = 16, 8.0

Tracks = Literal["meta_data", "meta_data_new"]


def recognize(folder: Path) -> bool:
    """A folder of classes of samples, of samples, or a sample: told by the brush's file."""
    return folder.is_dir() and any(any(folder.glob(f"{above}{BRUSH}")) for above in ("", "*/", "*/*/"))


def open_mc_bench(
    folder: Path, tracks: Tracks = "meta_data", point_size: float | None = None, broken: Broken = "error"
) -> Dataset:
    """Opens a folder.

    Args:
        folder: the one with the classes' folders; or one class; or one sample.
        tracks: "meta_data", which MotionPro generates from, or "meta_data_new", which its tracker's evaluation reads; a
            sample without the latter is then left out, as there.
        point_size: side of the box around a click outside of the brush, a fraction of the width; None: 0.15.
        broken: as in `Dataset`.

    Raises:
        DatasetError: no sample there; says where to get them.
    """
    if tracks not in TRACKS:
        raise DatasetError(f"tracks: expected {' or '.join(TRACKS)}, got {tracks!r}; choose one of them")
    side = checked_point_size(point_size)
    found = _samples(folder)
    names = [path.relative_to(folder).as_posix() if path != folder else path.absolute().name for path in found]
    places = dict(zip(own_ids(names), found, strict=True))
    notes = (
        f"tracks of {tracks}.json, by PCHIP through the clicks at {FRAMES} frames",
        "our reading, as MC-Bench has no boxes: a box is the connected part of the brush that holds the first click, "
        f"else a square around it, {side:g} of the width wide; it moves with the track",
        "no prompts: MC-Bench has none",
        "layout as read by MotionPro's evaluation; not tried on the published files",
    )
    return Dataset(NAME, LICENSE, tuple(places), _maker(places, tracks, side), notes, broken)


def read_tracks(path: Path, size: tuple[int, int]) -> list[np.ndarray]:
    """The clicks of every track, float64 (clicks, 2), x and y in pixels of a picture of that size.

    Raises:
        DatasetError: no list of tracks, a track without clicks, a click that is no point of the picture.
        SceneError: not to be read, or no JSON.
    """
    content = Source(path).json
    given = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(given, list):
        raise DatasetError(
            f"{path}: expected an object with `{KEY}`, a list of tracks, got {shorten(content)}; download it again"
        )
    check_count(path, len(given) * FRAMES)
    for index, track in enumerate(given):
        if not isinstance(track, list) or not track:
            raise DatasetError(
                f"{path}: {KEY}[{index}]: expected a track, a list of [x, y], got {shorten(track)}; correct the file"
            )
        for place, click in enumerate(track):
            if not _is_click(click, size):
                raise DatasetError(
                    f"{path}: {KEY}[{index}][{place}]: expected [x, y] in pixels of the {size[0]} x {size[1]} picture, "
                    f"got {shorten(click)}; take clicks and picture from the same download"
                )
    return [np.array(track, dtype=np.float64) for track in given]


def _is_click(click: Any, size: tuple[int, int]) -> bool:
    """Two numbers from 0 up to the picture's sides, these included."""
    numbers = isinstance(click, list) and len(click) == 2 and all(type(each) in (int, float) for each in click)
    return numbers and all(0 <= each <= side for each, side in zip(click, size, strict=True))


@dataclass(frozen=True)
class _Start:
    """Box of a track in the first frame, in pixels; `part`: the brushed area's box, or None for a click beside it."""

    corners: np.ndarray
    part: tuple[int, int, int, int] | None


def _maker(places: dict[str, Path], tracks: Tracks, side: float) -> Callable[[str], DatasetItem]:
    def make(name: str) -> DatasetItem:
        try:
            return _item(name, places[name], tracks, side)
        except SceneError as error:
            raise DatasetError(str(error)) from None

    return make


def _item(name: str, sample: Path, tracks: Tracks, side: float) -> DatasetItem:
    picture = sample / PICTURE
    path = _track_file(sample, tracks)
    size = picture_size(picture)
    clicked = read_tracks(path, size)
    brush = read_brush(sample / BRUSH, picture, size)
    if not clicked:
        raise LeftOutError(f"{path.name} has no track: nothing is asked to move")
    starts = [_start(clicks[0], brush, side) for clicks in clicked]
    subjects = []
    for index, (clicks, start) in enumerate(zip(clicked, starts, strict=True)):
        path_taken = pchip(clicks, FRAMES)
        boxes = (start.corners + np.tile(path_taken - path_taken[0], 2)) / np.tile(size, 2)
        subjects.append(subject_fields(default_name(index), boxes, f"{path}: {KEY}[{index}]"))
    fields = {"image": PICTURE, "width": size[0], "height": size[1], "frames": FRAMES, "fps": FPS}
    scene = Scene.from_dict(fields | {"subjects": subjects}, source=str(sample))
    return DatasetItem(
        name, scene, None, sample, _notes(starts), lambda: read_picture(picture), kind=sample.absolute().parent.name
    )


def read_brush(path: Path, picture: Path, size: tuple[int, int]) -> np.ndarray:
    """What is brushed, bool (height, width): any color that is not black. Raises `DatasetError`: damaged; its size."""
    brush = np.asarray(read_picture(path).any(axis=2))
    check_size(path, brush, picture, size)
    return brush


def _start(click: np.ndarray, brush: np.ndarray, side: float) -> _Start:
    height, width = brush.shape
    x, y = min(int(click[0]), width - 1), min(int(click[1]), height - 1)
    part = brushed_box(brush, x, y)
    half = side * width / 2
    corners = np.concatenate([click - half, click + half]) if part is None else np.array(part, dtype=np.float64)
    return _Start(corners, part)


def _notes(starts: list[_Start]) -> tuple[str, ...]:
    notes = []
    beside = [default_name(index) for index, start in enumerate(starts) if start.part is None]
    if beside:
        notes.append(f"no brush under the first click, a square box instead: {listed(beside)}")
    for part in dict.fromkeys(start.part for start in starts if start.part is not None):
        sharing = [default_name(index) for index, start in enumerate(starts) if start.part == part]
        if len(sharing) > 1:
            notes.append(f"subjects with the same brushed box, each moving it on a track of its own: {listed(sharing)}")
    return tuple(notes)


def _track_file(sample: Path, tracks: Tracks) -> Path:
    """Raises `DatasetError`: missing; `LeftOutError`: only the other one is there, and it is the usual one."""
    path = sample / f"{tracks}.json"
    if path.is_file():
        return path
    if tracks == "meta_data_new" and (sample / "meta_data.json").is_file():
        raise LeftOutError("it has no meta_data_new.json, only meta_data.json")
    raise DatasetError(f"{path}: expected the sample's tracks, found no such file; unpack the dataset once more")


def _samples(folder: Path) -> list[Path]:
    """Folders of samples in natural order: where one is a sample, all that lie as deep count, so that holes are seen.

    Raises:
        DatasetError: none is a sample.
    """
    parts = (PICTURE, BRUSH, *(f"{tracks}.json" for tracks in TRACKS))
    level = [folder]
    for _ in range(3):
        if any((sample / part).is_file() for sample in level for part in parts):
            return level
        inner = [path for above in level if above.is_dir() for path in above.iterdir()]
        shown = [path for path in inner if path.is_dir() and not path.name.startswith((".", "__"))]
        level = sorted(shown, key=lambda path: natural(path.relative_to(folder).as_posix()))
    raise DatasetError(
        f"{folder}: expected folders CLASS/SAMPLE with {PICTURE}, {BRUSH} and meta_data.json, found none; get MC-Bench "
        f"with `{FETCH}` (it is named at {ADDRESS}), unpack it, and give the folder that holds the classes"
    )
