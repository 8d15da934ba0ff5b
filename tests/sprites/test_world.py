from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.clip_plan import shorten
from hitmark.sprites.places import PLACES, paint
from hitmark.sprites.scenes import MOVED, SEEN, held_out, sprite_scene
from hitmark.sprites.world import SPLITS, TEXT_NAMES, SpriteWorld, text_world


@pytest.fixture(scope="module")
def world() -> SpriteWorld:
    return SpriteWorld()


def test_a_seed_decides_a_clip(world: SpriteWorld) -> None:
    first, again, other = world.clip(7), world.clip(7), world.clip(8)
    assert np.array_equal(first.frames, again.frames)
    assert first.plan.caption == again.plan.caption
    assert not np.array_equal(first.frames, other.frames)
    assert first.frames.shape == (8, 64, 64, 3)


def test_splits_do_not_overlap() -> None:
    ranges = sorted(SPLITS.values())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ranges))


@pytest.mark.parametrize("size", [(64, 64), (96, 48), (48, 96)])
def test_boxes_are_where_the_pixels_are(size: tuple[int, int]) -> None:
    """The alpha of each object alone, thresholded, spans its box to within a pixel."""
    world = SpriteWorld(width=size[0], height=size[1], camera=0.5)
    checked = 0
    for seed in range(12):
        for thing in world.plan(seed).objects:
            layer = world.layer(thing)[:, 3].numpy()
            for frame, box in enumerate(thing.boxes):
                x0, y0, x1, y1 = box * np.array([*size, *size])
                if min(x0, y0) < 1 or x1 > size[0] - 1 or y1 > size[1] - 1:
                    continue
                rows, columns = np.flatnonzero((layer[frame] > 0.4).any(1)), np.flatnonzero((layer[frame] > 0.4).any(0))
                found = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
                assert np.abs(found - [x0, y0, x1, y1]).max() < 1.3
                checked += 1
    assert checked > 60


def test_visible_share_counts_pixels(world: SpriteWorld) -> None:
    """Against a slow count: paint every object in a flat color of its own and count what is left of each."""
    for seed in range(20):
        plan = world.plan(seed)
        if len(plan.objects) < 2:
            continue
        layers = [world.layer(thing)[:, 3] for thing in plan.objects]
        below, above = layers[0], torch.stack(layers[1:])
        left = below * (1 - above).prod(0)
        inside = below.sum((1, 2)).clamp(min=1e-6)
        share = (left.sum((1, 2)) / inside).numpy()
        assert (plan.objects[0].visible <= share + 0.03).all()
        assert np.isclose(plan.objects[-1].visible.max(), 1, atol=0.05) or plan.objects[-1].boxes.min() < 0.05


def test_camera_moves_everything_alike() -> None:
    world = SpriteWorld(still=1.0, camera=1.0, objects=(2,))
    plan = world.plan(3)
    for thing in plan.objects:
        assert np.allclose(thing.motion.centers - thing.motion.centers[0], plan.camera - plan.camera[0])
    frames = world.render(plan)
    shift = plan.camera[-1] * 64
    assert np.abs(shift).max() > 3
    assert (frames[0] - frames[-1]).abs().mean() > 0.01


def test_shorten_keeps_the_first_frames(world: SpriteWorld) -> None:
    plan = world.plan(5)
    assert torch.equal(world.render(shorten(plan, 3)), world.render(plan)[:3])


@pytest.mark.parametrize("name", list(PLACES))
def test_places_are_pictures_and_vary(name: str) -> None:
    first = paint(name, np.random.default_rng(0), 40, 60)
    other = paint(name, np.random.default_rng(1), 40, 60)
    assert first.shape == (40, 60, 3)
    assert first.min() >= 0
    assert first.max() <= 1
    assert first.std() > 0.01
    assert np.abs(first - other).mean() > 0.01


def test_photographic_clips_need_no_sprite(world: SpriteWorld) -> None:
    plan = SpriteWorld(photographs=1.0).plan(0)
    assert plan.place is None
    assert all(thing.name is None for thing in plan.objects)


def test_held_out_scenes_can_be_judged_and_ask_for_the_true_motion(world: SpriteWorld) -> None:
    from hitmark.scene.tracks import evaluate

    for made in held_out(world, 6):
        plan = made.clip.plan
        assert all(thing.visible.min() >= SEEN for thing in plan.objects)
        assert max(np.linalg.norm(o.motion.centers[-1] - o.motion.centers[0]) for o in plan.objects) >= MOVED
        tracks = evaluate(made.scene, world.frames)
        for number, thing in enumerate(plan.objects):
            assert np.array_equal(tracks[number].boxes, thing.boxes)
        assert np.array_equal(np.asarray(made.picture), made.clip.frames[0])
    again = next(iter(held_out(world, 1)))
    assert sprite_scene(world, world.plan(again.scene.seed)).scene == again.scene


def test_the_text_world_has_one_or_two_of_the_named_things() -> None:
    plans = [text_world().plan(seed, measure=False) for seed in range(400)]
    assert {thing.name for plan in plans for thing in plan.objects} == set(TEXT_NAMES) < set(load_atlas().names)
    assert {len(plan.objects) for plan in plans} == {1, 2}
    assert all(0.34 <= thing.size <= 0.5 for plan in plans for thing in plan.objects)


def test_a_grid_wants_a_last_frame_that_is_on_it() -> None:
    with pytest.raises(HitmarkError, match=r"grid: expected clips of 1 \+ 4k frames.*got frames = 8; as in frames = 9"):
        SpriteWorld(frames=8, grid=8)
    with pytest.raises(HitmarkError, match=r"stride: expected clips of 1 \+ 4k frames.*got frames = 8"):
        SpriteWorld(frames=8, stride=8)
    assert SpriteWorld(frames=9, grid=8).plan(0).objects


def test_on_a_grid_things_and_pans_go_from_cell_to_cell() -> None:
    world = SpriteWorld(width=128, height=96, frames=9, camera=0.7, grid=8)
    side, moved, resized, panned = np.array([128, 96]), 0, 0, 0
    for seed in range(30):
        plan = world.plan(seed, measure=False)
        panned += bool(plan.camera.any())
        for thing in plan.objects:
            middles, sides = thing.motion.centers * side, thing.size * thing.motion.scale * 96
            for values in (middles, sides[:, None], plan.camera * side):
                cells = values[::4] / 8
                assert np.allclose(cells, cells.round())
                assert np.allclose(values[2::4], (values[:-4:4] + values[4::4]) / 2)  # straight in between
            assert sides.min() >= 8
            moved += not np.allclose(middles[0], middles[-1])
            resized += not np.allclose(sides[0], sides[-1])
    assert min(moved, resized, panned) > 5


def test_a_moving_place_is_the_same_cells_elsewhere() -> None:
    """With a grid, what a pan shows in the next coded frame is what was there, 8 pixels or more away."""
    world = SpriteWorld(width=80, height=80, frames=5, camera=1.0, grid=8)
    seen = 0
    for seed in range(12):
        plan = world.plan(seed, measure=False)
        right, down = (plan.camera[4] * 80).round().astype(int)
        ground = world._background(plan)
        first, last = ground[0], ground[4]
        if not right and not down:
            continue
        rows, columns = slice(max(0, down), 80 + min(0, down)), slice(max(0, right), 80 + min(0, right))
        before = first[:, max(0, -down) : 80 + min(0, -down), max(0, -right) : 80 + min(0, -right)]
        assert torch.allclose(last[:, rows, columns], before, atol=2e-3)
        seen += 1
    assert seen > 5


def test_things_and_pans_move_steadily_by_whole_strides() -> None:
    """One speed each, from anywhere; on a grid they begin on it, so that they stay on it."""
    free = SpriteWorld(width=128, height=96, frames=17, camera=0.7, objects=(1,), stride=16)
    side, moved, panned, waited = np.array([128, 96]), 0, 0, 0
    for world in (free, replace(free, grid=16)):
        for seed in range(30):
            plan = world.plan(seed, measure=False)
            own = plan.objects[0].motion.centers - plan.camera
            panned += bool(plan.camera.any())
            moved += not np.allclose(own[0], own[-1])
            for path in (own * side, plan.camera * side):
                strides = np.diff(path[::4], axis=0) / 16
                assert np.allclose(strides, strides.round())
                assert len(np.unique(strides.round()[strides.any(1)], axis=0)) <= 1
                assert np.allclose(path[2::4], (path[:-4:4] + path[4::4]) / 2)  # straight in between
                waited += 0 < strides.any(1).sum() < 4
            assert (own > 0).all()
            assert (own < 1).all()
            cells = own[0] * side / 16
            assert np.allclose(cells, cells.round()) == bool(world.grid)
    assert min(moved, panned, waited) > 10
