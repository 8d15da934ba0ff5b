from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.sprites.perceptual import (
    LARGE,
    USUAL,
    WEIGHTS,
    WIDTH,
    PerceptualNetwork,
    clip_features,
    fitting_perceptual,
    layer_distance,
    load_perceptual,
    named_sprites,
    reduced,
)
from hitmark.sprites.perceptual_training import (
    CONFIGURATIONS,
    PerceptualConfiguration,
    build_perceptual,
    train_perceptual,
)
from hitmark.sprites.world import SPLITS, SpriteWorld, text_world


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    return PerceptualNetwork((8, 16), 5, 3).eval()


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    return [SpriteWorld(width=32, height=32, frames=4).clip(seed).frames for seed in range(2)]


def test_trains_saves_and_loads_the_same(tmp_path: Path, clips: list[np.ndarray]) -> None:
    folder = train_perceptual(tmp_path, PerceptualConfiguration(channels=(8, 16), steps=2, batch=2, warmup=1))
    loaded = load_perceptual(folder)
    features = clip_features(clips[0], loaded)
    assert features.shape == (WIDTH,)
    assert np.isfinite(features).all()
    assert not np.allclose(features, clip_features(clips[1], loaded))
    with pytest.raises(HitmarkError, match="cannot be read"):
        load_perceptual(tmp_path / "nothing")


def test_layer_distance_by_hand(network: Any, clips: list[np.ndarray]) -> None:
    first, second = clips
    assert layer_distance(first, first, network) == 0
    inputs = [torch.from_numpy(clip.astype(np.float32) / 127.5 - 1).permute(3, 0, 1, 2)[None] for clip in clips]
    expected = []
    with torch.no_grad():
        values = inputs
        for level in network.levels:
            values = [level(value) for value in values]
            one, other = (value[0].double().numpy() for value in values)
            one, other = (each / np.sqrt((each**2).sum(0, keepdims=True)) for each in (one, other))
            expected.append(((one - other) ** 2).sum(0).mean())
    assert layer_distance(first, second, network) == pytest.approx(np.mean(expected), rel=1e-4)


def test_only_the_chosen_pixels_count(network: Any, clips: list[np.ndarray]) -> None:
    first = clips[0]
    changed = first.copy()
    changed[:, :, 16:] = 255 - changed[:, :, 16:]
    left, right = np.zeros(first.shape[:3], bool), np.zeros(first.shape[:3], bool)
    left[:, :, :8], right[:, :, 24:] = True, True
    near, far = (layer_distance(first, changed, network, where) for where in (left, right))
    assert near < 0.3 * far
    everywhere = layer_distance(first, changed, network, np.ones(first.shape[:3], bool))
    assert everywhere == pytest.approx(layer_distance(first, changed, network), rel=1e-4)
    with pytest.raises(HitmarkError, match="same shape"):
        layer_distance(first, changed[:2], network)


def test_motion_shows_in_the_features(network: Any, clips: list[np.ndarray]) -> None:
    assert not np.allclose(clip_features(clips[0], network), clip_features(clips[0][::-1], network), atol=1e-6)


def test_larger_and_longer_clips_are_reduced_to_what_it_has_seen() -> None:
    world = text_world()
    usual = world.clip(3).frames
    doubled = usual.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(reduced(doubled, (8, 64)), usual)
    np.testing.assert_array_equal(reduced(usual, (8, 64)), usual)
    assert reduced(np.zeros((17, 128, 192, 3), np.uint8), (8, 64)).shape == (9, 64, 96, 3)
    assert reduced(np.zeros((17, 128, 192, 3), np.uint8), (17, 128)).shape == (17, 128, 192, 3)
    assert reduced(np.zeros((15, 127, 127, 3), np.uint8), (8, 64)).shape == (15, 127, 127, 3)
    network = load_perceptual()
    np.testing.assert_array_equal(clip_features(doubled, network), clip_features(usual, network))
    assert named_sprites(doubled, network) == named_sprites(usual, network)


def test_the_network_of_larger_clips_begins_as_the_usual_one() -> None:
    """On every second frame and means of 2 x 2 pixels."""
    clip = text_world(128, 128, 17).clip(3).frames
    begun = build_perceptual(CONFIGURATIONS[LARGE]).eval()
    pictures = torch.from_numpy(clip[::2]).permute(0, 3, 1, 2).double()
    smaller = torch.nn.functional.avg_pool2d(pictures, 2)[None] / 127.5 - 1
    with torch.no_grad():
        expected = load_perceptual()(smaller.float())[0].double().numpy()
    np.testing.assert_allclose(clip_features(clip, begun), expected, rtol=1e-4, atol=1e-4)


def test_a_clip_is_measured_by_the_network_of_its_size() -> None:
    assert fitting_perceptual(np.zeros((17, 128, 128, 3), np.uint8))[0] == LARGE
    assert fitting_perceptual(np.zeros((33, 128, 192, 3), np.uint8))[0] == LARGE
    for shape in ((16, 128, 128), (17, 127, 200), (8, 64, 64)):
        assert fitting_perceptual(np.zeros((*shape, 3), np.uint8))[0] == USUAL


@pytest.mark.parametrize(("name", "side", "frames"), [(USUAL, 64, 8), (LARGE, 128, 17)])
def test_an_embedded_network_names_what_is_in_true_clips(name: str, side: int, frames: int) -> None:
    """Its probabilities are the table's text match, so they must be right where the truth is known."""
    network, world, right = load_perceptual(WEIGHTS / name), text_world(side, side, frames), 0
    for seed in range(SPLITS["tune"][0], SPLITS["tune"][0] + 30):
        clip = world.clip(seed)
        chances = named_sprites(clip.frames, network)
        right += {name for name, chance in chances.items() if chance > 0.5} == {
            thing.name for thing in clip.plan.objects
        }
    assert right >= 26
