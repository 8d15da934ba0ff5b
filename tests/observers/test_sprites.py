"""The sprite observer on clips whose truth is known; the long table is `python -m hitmark.observers.prove`."""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.observers.prove import VISIBLE, soften
from hitmark.observers.sprites import find_sprite
from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.world import SpriteWorld


def _errors(world: SpriteWorld, seeds, change=lambda frames, _seed: frames) -> np.ndarray:
    """Center errors in widths over the frames with the thing visible enough."""
    errors = []
    for seed in seeds:
        clip = world.clip(seed)
        for thing in clip.plan.objects:
            found = find_sprite(change(clip.frames, seed), thing.name, thing.color)
            middle = (thing.boxes[:, :2] + thing.boxes[:, 2:]) / 2 * [world.width, world.height]
            away = np.linalg.norm(found.centers - middle, axis=1) / world.width
            errors.append(away[thing.visible >= VISIBLE])
    return np.concatenate(errors)


@pytest.mark.parametrize("size", [(96, 64), (128, 128)])
def test_centers_on_true_clips(size):
    errors = _errors(SpriteWorld(width=size[0], height=size[1], frames=4), range(2, 4))
    assert np.median(errors) < 0.015
    assert np.percentile(errors, 95) < 0.04


def test_centers_on_softened_clips():
    errors = _errors(SpriteWorld(frames=4), range(2, 4), soften)
    assert np.median(errors) < 0.015


def test_sizes_and_found_on_a_true_clip():
    clip = SpriteWorld(objects=(1,), camera=0.0).clip(9)
    thing = clip.plan.objects[0]
    found = find_sprite(clip.frames, thing.name, thing.color)
    seen = thing.visible >= 0.9
    assert seen.sum() >= 3
    assert found.found[seen].all()
    assert found.sizes[seen] == pytest.approx((thing.size * thing.motion.scale * 64)[seen], rel=0.1)


def test_not_found_when_only_the_ground_is_left():
    world = SpriteWorld(camera=0.0)
    for seed in range(2):
        clip = world.clip(seed)
        empty = np.repeat(world.render(clip.plan)[:1, :, :1, :1].permute(0, 2, 3, 1).numpy() * 255, 64, 1)
        frames = np.repeat(np.repeat(empty, 64, 2), 3, 0).astype(np.uint8)
        for name in load_atlas().names[seed::26]:
            assert not find_sprite(frames, name).found.any(), name


def test_vanishing_is_reported_for_the_frames_that_lack_it():
    world = SpriteWorld(objects=(1,), camera=0.0, still=1.0)
    clip = world.clip(11)
    thing = clip.plan.objects[0]
    frames = clip.frames.copy()
    frames[6:] = frames[:, :3, :3].mean((0, 1, 2)).round().astype(np.uint8)
    found = find_sprite(frames, thing.name, thing.color).found
    assert found.tolist() == [True] * 6 + [False] * 2


def test_bad_input():
    frames = np.zeros((2, 64, 64, 3), np.uint8)
    with pytest.raises(HitmarkError, match="uint8"):
        find_sprite(frames.astype(float), "cat")
    with pytest.raises(HitmarkError, match="cat"):
        find_sprite(frames, "catt")
    with pytest.raises(HitmarkError, match="color"):
        find_sprite(frames, load_atlas().names[0], "reddish")
