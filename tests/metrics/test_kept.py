"""What was kept, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.metrics.kept import background_kept, color_shift, crop_similarity, first_frame_psnr, identity_kept


def _plain(value: int, frames: int = 3) -> np.ndarray:
    return np.full((frames, 20, 20, 3), value, dtype=np.uint8)


def _scene() -> np.ndarray:
    """A red and blue square of 8 pixels that moves by 4 pixels a frame over gray."""
    frames = _plain(100, 3)
    frames = np.repeat(np.repeat(frames, 2, 1), 2, 2)
    for number in range(3):
        x = 4 + 4 * number
        frames[number, 16:24, x : x + 4] = (200, 20, 20)
        frames[number, 16:24, x + 4 : x + 8] = (20, 20, 200)
    return frames


CENTERS = np.array([[8.0, 20.0], [12.0, 20.0], [16.0, 20.0]])
SIZES = np.full(3, 8.0)


def test_first_frame_psnr():
    frames = _plain(100)
    frames[1:] = 0
    assert first_frame_psnr(frames, _plain(100)[0]) == float("inf")
    # a difference of 25.5 levels = 0.1: mean square 0.01 = 20 dB; 51 in half of the pixels: 0.02
    image = _plain(100)[0]
    image[:10] += 51
    assert first_frame_psnr(frames, image) == pytest.approx(-10 * np.log10(0.02))


def test_color_shift_by_hand():
    frames = _plain(100, 2)
    frames[1, ..., 0] += 51  # one of three channels in one of two frames by 0.2
    shift = color_shift(frames, _plain(100)[0])
    assert shift.mean == pytest.approx(0.2 / 6)
    assert shift.spread == pytest.approx(0.0)
    frames = _plain(100, 1)
    frames[0, :10] += 51
    frames[0, 10:] -= 51  # mean kept, deviation 0.2
    shift = color_shift(frames, _plain(100)[0])
    assert (shift.mean, shift.spread) == pytest.approx((0.0, 0.2))


def test_identity_of_a_moving_thing_is_one():
    assert crop_similarity(_scene(), CENTERS, SIZES) == pytest.approx(np.ones(3))
    assert identity_kept(_scene(), CENTERS, SIZES) == pytest.approx(1.0)


def test_identity_forgives_light_but_not_color():
    frames = _scene()
    frames[1] = (frames[1] * 0.5 + 30).round().astype(np.uint8)
    frames[2] = frames[2][..., [2, 1, 0]]
    similarity = crop_similarity(frames, CENTERS, SIZES)
    assert similarity[1] == pytest.approx(1.0, abs=0.01)
    assert similarity[2] < 0.6


def test_identity_at_the_wrong_place_and_of_nothing():
    elsewhere = np.array([[8.0, 20.0], [32.0, 32.0], [32.0, 32.0]])
    assert identity_kept(_scene(), elsewhere, SIZES) == 0
    present = np.array([True, False, False])
    assert np.isnan(identity_kept(_scene(), CENTERS, SIZES, present))
    assert identity_kept(_plain(9), np.full((3, 2), 10.0), SIZES) == 1.0


def test_identity_ignores_what_lies_outside():
    frames = _scene()
    outside = CENTERS.copy()
    outside[2] = [-30, 20]
    assert np.isnan(crop_similarity(frames, outside, SIZES)[2])


@pytest.mark.parametrize("seed", range(4))
def test_similarity_equals_scipys_samples_and_numpys_covariance(seed: int):
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy comes with the dev extra")
    generator = np.random.default_rng(seed)
    frames = generator.integers(0, 256, size=(3, 30, 40, 3), dtype=np.uint8)
    centers = generator.uniform((12, 10), (28, 20), size=(3, 2))
    sizes = generator.uniform(6, 18, size=(3, 2))
    steps = (np.arange(32) + 0.5) / 32 - 0.5
    weight = np.repeat(np.exp(-np.add.outer(steps**2, steps**2) / (2 * 0.25**2)).ravel(), 3)

    def crop(frame: int) -> np.ndarray:
        x, y = (centers[frame, axis] + sizes[frame, axis] * steps - 0.5 for axis in (0, 1))
        grid = np.meshgrid(y, x, indexing="ij")
        values = frames[frame].astype(float)
        sampled = [ndimage.map_coordinates(values[..., c], grid, order=1, mode="nearest") for c in range(3)]
        return np.stack(sampled, axis=-1).ravel()

    expected = []
    for frame in range(3):
        (own, shared), (_, other) = np.cov(np.stack([crop(0), crop(frame)]), aweights=weight)
        expected.append(shared / np.sqrt(own * other))
    assert crop_similarity(frames, centers, sizes) == pytest.approx(expected, abs=1e-9)
    assert identity_kept(frames, centers, sizes) == pytest.approx(np.mean(expected[1:]), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_background_and_first_frame_equal_loops_over_pixels(seed: int):
    generator = np.random.default_rng(seed)
    frames = generator.integers(0, 256, size=(3, 9, 12, 3), dtype=np.uint8)
    image = generator.integers(0, 256, size=(9, 12, 3), dtype=np.uint8)
    boxes = np.sort(generator.random((2, 3, 2, 2)), axis=2).reshape(2, 3, 4)

    def covered(frame: int, row: int, column: int) -> bool:
        x, y = (column + 0.5) / 12, (row + 0.5) / 9
        return any(left <= x < right and top <= y < bottom for left, top, right, bottom in boxes[:, frame])

    def decibels(places: list[tuple[int, int, int]]) -> float:
        squares = [((int(frames[f, r, c, k]) - int(image[r, c, k])) / 255) ** 2 for f, r, c in places for k in range(3)]
        return float(-10 * np.log10(sum(squares) / len(squares)))

    pixels = [(row, column) for row in range(9) for column in range(12)]
    free = [(f, *at) for f in (1, 2) for at in pixels if not covered(f, *at) and not covered(0, *at)]
    assert background_kept(frames, image, boxes) == pytest.approx(decibels(free))
    assert first_frame_psnr(frames, image) == pytest.approx(decibels([(0, *at) for at in pixels]))
    means = [abs(frames[f, ..., k].mean() - image[..., k].mean()) / 255 for f in range(3) for k in range(3)]
    spreads = [abs(frames[f, ..., k].std() - image[..., k].std()) / 255 for f in range(3) for k in range(3)]
    shift = color_shift(frames, image)
    assert (shift.mean, shift.spread) == pytest.approx((np.mean(means), np.mean(spreads)))


def test_background_kept_leaves_out_boxes_of_this_frame_and_of_the_first():
    frames = _scene()
    image = frames[0]
    boxes = np.array([[[4 + 4 * f, 16, 12 + 4 * f, 24] for f in range(3)]]) / 40
    assert background_kept(frames, image, boxes) == float("inf")
    assert background_kept(frames, image, boxes[:, [0, 0, 0]]) < 40
    assert background_kept(_plain(100), _plain(100)[0] + 51, np.zeros((0, 3, 4))) == pytest.approx(-10 * np.log10(0.04))
    assert np.isnan(background_kept(frames, image, np.array([[[0, 0, 1, 1]] * 3])))


def test_bad_input():
    with pytest.raises(HitmarkError, match="frames"):
        first_frame_psnr(_plain(1).astype(float), _plain(1)[0])
    with pytest.raises(HitmarkError, match="resize"):
        color_shift(_plain(1), _plain(1)[0, :5])
    with pytest.raises(HitmarkError, match="boxes"):
        background_kept(_plain(1), _plain(1)[0], np.zeros((3, 4)))
    with pytest.raises(HitmarkError, match="sizes"):
        identity_kept(_scene(), CENTERS, SIZES[:2])
    with pytest.raises(HitmarkError, match="frame 1"):
        identity_kept(_scene(), CENTERS, SIZES, np.array([False, True, True]))
