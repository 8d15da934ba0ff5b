"""The template observer on a patch whose path is known."""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.observers.template import track_template
from hitmark.sprites.world import SpriteWorld


def _moving(width: int = 64, height: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """A textured patch of 12x10 pixels on noise; returns the frames and the patch's centers."""
    generator = np.random.default_rng(5)
    ground = generator.integers(90, 130, (height, width, 3))
    patch = np.kron(generator.integers(0, 255, (5, 6, 3)), np.ones((2, 2, 1), int))
    frames, centers = [], []
    for number in range(5):
        frame, x, y = ground.copy(), 8 + 7 * number, 6 + 5 * number
        frame[y : y + 10, x : x + 12] = patch
        frames.append(frame)
        centers.append((x + 6, y + 5))
    return np.array(frames, dtype=np.uint8), np.array(centers, dtype=float)


def test_follows_whole_pixel_steps_exactly():
    frames, centers = _moving()
    found = track_template(frames, (8 / 64, 6 / 48, 20 / 64, 16 / 48))
    assert np.abs(found.centers - centers).max() < 0.1
    assert found.sizes == pytest.approx(np.full(5, 12.0))
    assert found.found.all()
    assert found.score.min() > 0.98


def test_reduced_pictures_give_full_size_pixels():
    frames, centers = _moving()
    large = np.repeat(np.repeat(frames, 4, 1), 4, 2)
    found = track_template(large, (8 / 64, 6 / 48, 20 / 64, 16 / 48))
    assert np.abs(found.centers - 4 * centers).max() < 2
    assert found.sizes == pytest.approx(np.full(5, 48.0))


def test_not_found_where_it_is_gone():
    frames, centers = _moving()
    frames[3:] = frames[0, -10:, -10:].mean((0, 1)).astype(np.uint8)
    found = track_template(frames, (8 / 64, 6 / 48, 20 / 64, 16 / 48))
    assert found.found.tolist() == [True, True, True, False, False]
    assert np.abs(found.centers[:3] - centers[:3]).max() < 0.1


def test_sprites_of_the_world_from_their_first_box():
    world, errors = SpriteWorld(objects=(1,), camera=0.0), []
    for seed in range(6):
        clip = world.clip(seed)
        thing = clip.plan.objects[0]
        found = track_template(clip.frames, thing.boxes[0])
        middle = (thing.boxes[:, :2] + thing.boxes[:, 2:]) / 2 * 64
        errors.append(np.linalg.norm(found.centers - middle, axis=1)[thing.visible > 0.9])
    assert np.median(np.concatenate(errors)) < 0.96


@pytest.mark.parametrize(
    ("box", "word"),
    [
        ((0.5, 0.1, 0.2, 0.3), "x0 < x1"),
        ((0.1, 0.1, 0.11, 0.5), "4 pixels"),
        ((0.1, 0.1, np.nan, 0.5), "finite"),
        ((0.1, 0.1, 0.5), "four"),
        ((0.9, 0.1, 1.4, 0.3), "half"),
    ],
)
def test_bad_box(box, word):
    with pytest.raises(HitmarkError, match=word):
        track_template(_moving()[0], box)
