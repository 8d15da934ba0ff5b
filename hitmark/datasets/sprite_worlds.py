"""The sprite world's scenes as datasets: "sprites" (a first frame to start from) and "sprites-text" (words and boxes).

An id is a seed of a split, so that a range of them means the same clips for everybody. Seeds whose clip cannot be
judged (`hitmark.sprites.scenes`: SEEN, MOVED) are dropped. torch is imported when the first clip is painted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.datasets.base import Dataset, DatasetError, DatasetItem, LeftOutError, Truth

if TYPE_CHECKING:
    from hitmark.sprites.world import SpriteWorld

NAME, TEXT_NAME = "sprites", "sprites-text"
LICENSE = "drawn for hitmark, under its license"
USUAL_SPLIT, USUAL_RANGE = "test", (0, 64)
LEAST_SIDE, LEAST_FRAMES, USUAL_FRAMES = 32, 2, 8
MOST = 100_000
"""Seeds of a range: no split but that of training has more."""
CHOICES = ("world", "size", "frames", "grid")


def open_sprites(
    rest: str = "",
    text: bool = False,
    world: SpriteWorld | None = None,
    size: Sequence[int] | None = None,
    frames: int | None = None,
    grid: int | None = None,
) -> Dataset:
    """Opens seeds of a split.

    Args:
        rest: "SPLIT", "SPLIT:FIRST-STOP" (seed FIRST of the split up to the one before STOP) or "" for test:0-64.
        text: scenes for text-to-video, whose clip is painted as the scene asks.
        world: its settings; None: the usual ones. Of text scenes only size and number of frames.
        size: (width, height) of the clips in pixels, each at least 32; None: the world's, usually 64 x 64. What happens
            in a clip depends on its seed alone.
        frames: of the clips, at least 2; None: the world's, usually 8.
        grid: pixels, at least 1: in the first and every fourth frame things and pans are at multiples of it (see
            `SpriteWorld`); needs 1 + 4k frames. None: the world's, usually none. Not of text scenes, whose paths
            are their own.

    Raises:
        DatasetError: an unknown split or range, a size, grid or number of frames that there cannot be.
    """
    name = TEXT_NAME if text else NAME
    changes = _changes(name, size, frames)
    if grid is not None:
        changes["grid"] = _checked_grid(name, grid, frames or (world.frames if world else USUAL_FRAMES))
    split, first, stop = _range(rest, name)
    seeds = {f"{split}-{number:06d}": number for number in range(first, stop)}

    def make(item: str) -> DatasetItem:
        from hitmark.sprites.world import SPLITS, SpriteWorld

        start, end = SPLITS[split]
        if start + seeds[item] >= end:
            raise DatasetError(f"{name}: expected a seed below {end - start} of split {split!r}, got {seeds[item]}")
        maker = _text_item if text else _item
        return maker(item, start + seeds[item], replace(world or SpriteWorld(), **changes))

    told = [f" size=[{size[0]},{size[1]}]"] if size is not None else []
    told += [f" {key}={value}" for key, value in (("frames", frames), ("grid", grid)) if value is not None]
    return Dataset(f"{name}:{split}:{first}-{stop}{''.join(told)}", LICENSE, tuple(seeds), make)


def _changes(name: str, size: Sequence[int] | None, frames: int | None) -> dict[str, Any]:
    """What is different in the world. Raises DatasetError."""
    changes: dict[str, Any] = {}
    if size is not None:
        whole = isinstance(size, list | tuple) and len(size) == 2 and all(type(side) is int for side in size)
        if not whole or min(size) < LEAST_SIDE:
            raise DatasetError(
                f"{name}: size: expected two whole numbers from {LEAST_SIDE} on, width and height, got {size!r}; "
                "as in size=[128,128]"
            )
        changes |= {"width": size[0], "height": size[1]}
    if frames is not None:
        if type(frames) is not int or frames < LEAST_FRAMES:
            raise DatasetError(
                f"{name}: frames: expected a whole number from {LEAST_FRAMES} on, got {frames!r}; as in frames=17"
            )
        changes["frames"] = frames
    return changes


def _checked_grid(name: str, grid: int, frames: int) -> int:
    """The grid. Raises DatasetError where there cannot be one."""
    if name == TEXT_NAME:
        raise DatasetError(f"{name}: grid: expected none, since the paths of these scenes are their own; leave it out")
    if type(grid) is not int or grid < 1:
        raise DatasetError(f"{name}: grid: expected a whole number of pixels from 1 on, got {grid!r}; as in grid=8")
    from hitmark.sprites.motion import CODED

    if frames % CODED != 1:
        raise DatasetError(
            f"{name}: grid: expected clips of 1 + 4k frames, whose every fourth is on it, got {frames}; as in "
            "frames=17 grid=8"
        )
    return grid


def _range(rest: str, name: str) -> tuple[str, int, int]:
    split, _, numbers = (rest or USUAL_SPLIT).partition(":")
    if split not in ("test", "tune", "train"):
        raise DatasetError(f"{name}: expected a split test, tune or train, got {split!r}; as in {name}:test:0-64")
    found = re.fullmatch(r"([0-9]{1,12})-([0-9]{1,12})", numbers)
    first, stop = (int(found[1]), int(found[2])) if found else USUAL_RANGE
    if (numbers and not found) or not first < stop <= first + MOST:
        raise DatasetError(
            f"{name}: expected a range FIRST-STOP with FIRST < STOP, at most {MOST:,} seeds, got {numbers!r}; as in "
            f"{name}:{split}:0-64"
        )
    return split, first, stop


def _item(name: str, seed: int, world: SpriteWorld) -> DatasetItem:
    from hitmark.sprites.scenes import MOVED, SEEN, can_be_judged, sprite_scene

    plan = world.plan(seed)
    if not can_be_judged(plan):
        raise LeftOutError(
            f"it cannot be judged: a sprite is less than {SEEN:.0%} visible, two are alike, or none moves {MOVED}"
        )
    made = sprite_scene(world, plan)
    boxes = np.stack([thing.boxes for thing in plan.objects])
    names = tuple(subject.name for subject in made.scene.subjects)
    seen = np.stack([thing.visible for thing in plan.objects]) > 0
    picture, frames = np.asarray(made.picture), made.clip.frames
    return DatasetItem(
        name,
        made.scene,
        Truth.of_boxes(names, boxes, seen),
        load_picture=lambda: picture,
        load_frames=lambda: frames,
    )


def _text_item(name: str, seed: int, world: SpriteWorld) -> DatasetItem:
    from hitmark.scene.tracks import evaluate
    from hitmark.sprites.text_scenes import text_scene, true_clip

    made = text_scene(seed)
    tracks = evaluate(made.scene, world.frames)
    names = tuple(track.name for track in tracks)
    boxes = np.stack([track.boxes for track in tracks])
    truth = Truth.of_boxes(names, boxes, np.ones(boxes.shape[:2], dtype=bool))
    return DatasetItem(name, made.scene, truth, kind=made.kind, load_frames=lambda: true_clip(made, world))
