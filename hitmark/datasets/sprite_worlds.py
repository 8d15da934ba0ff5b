"""The sprite world's scenes as datasets: "sprites" (a first frame to start from) and "sprites-text" (words and boxes).

An id is a seed of a split, so that a range of them means the same clips for everybody. Seeds whose clip cannot be
judged (`hitmark.sprites.scenes`: SEEN, MOVED) are dropped. torch is imported when the first clip is painted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from hitmark.datasets.base import Dataset, DatasetError, DatasetItem, LeftOutError, Truth

if TYPE_CHECKING:
    from hitmark.sprites.world import SpriteWorld

NAME, TEXT_NAME = "sprites", "sprites-text"
LICENSE = "drawn for hitmark, under its license"
USUAL_SPLIT, USUAL_RANGE = "test", (0, 64)
MOST = 100_000
"""Seeds of a range: no split but that of training has more."""


def open_sprites(rest: str = "", text: bool = False, world: SpriteWorld | None = None) -> Dataset:
    """Opens seeds of a split.

    Args:
        rest: "SPLIT", "SPLIT:FIRST-STOP" (seed FIRST of the split up to the one before STOP) or "" for test:0-64.
        text: scenes for text-to-video, whose clip is painted as the scene asks.
        world: its settings; None: the usual ones. Of text scenes only size and number of frames.

    Raises:
        DatasetError: an unknown split or range.
    """
    name = TEXT_NAME if text else NAME
    split, first, stop = _range(rest, name)
    seeds = {f"{split}-{number:06d}": number for number in range(first, stop)}

    def make(item: str) -> DatasetItem:
        from hitmark.sprites.world import SPLITS, SpriteWorld

        start, end = SPLITS[split]
        if start + seeds[item] >= end:
            raise DatasetError(f"{name}: expected a seed below {end - start} of split {split!r}, got {seeds[item]}")
        maker = _text_item if text else _item
        return maker(item, start + seeds[item], world or SpriteWorld())

    return Dataset(f"{name}:{split}:{first}-{stop}", LICENSE, tuple(seeds), make)


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
