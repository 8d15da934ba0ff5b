from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from hitmark.sprites.video_code import fit
from hitmark.sprites.windows import WINDOWS_OF_A_PLACE, _thing, make_windows
from hitmark.sprites.world import TEXT_NAMES, text_world

SIDE = 80


def test_a_window_has_one_thing_at_the_size_that_it_has_in_the_world() -> None:
    world = text_world(128, 128, 5)
    code = fit(torch.stack([world.render(world.plan(seed, measure=False)) for seed in range(2)]) * 2 - 1, 48)
    batch = make_windows(world, code, range(8), SIDE)
    assert batch.latents.shape == (8 * WINDOWS_OF_A_PLACE, 48, 1, SIDE // 8, SIDE // 8)
    assert batch.covers.shape == (8 * WINDOWS_OF_A_PLACE, 1, SIDE // 8, SIDE // 8)
    assert not batch.given.any()
    for caption in batch.captions:
        assert sum(word in TEXT_NAMES for word in caption.split()) == 1
    inside = batch.covers[:, 0]
    whole = (inside[:, 0] + inside[:, -1] + inside[:, :, 0] + inside[:, :, -1]).sum(-1) == 0  # not cut by the border
    rows = [(cover > 0).any(1).sum() * 8 for cover in inside[whole]]
    assert len(rows) >= 5
    largest = world.sizes[1] * 128 * np.exp(0.35)
    assert min(rows) >= 16
    assert max(rows) <= largest + 8  # cells that are only touched count whole


def test_windows_follow_the_seed() -> None:
    world = text_world(128, 128, 5)
    code = fit(torch.stack([world.render(world.plan(seed, measure=False)) for seed in range(2)]) * 2 - 1, 48)
    first, again, other = (make_windows(world, code, [seed], SIDE) for seed in (3, 3, 4))
    assert torch.equal(first.latents, again.latents)
    assert first.captions == again.captions
    assert not torch.equal(first.latents, other.latents)


def test_windows_of_a_world_on_a_grid_have_their_things_on_it() -> None:
    """Things of the same look, size and place in their cells of 8 pixels: few latents for a small model to learn."""
    world = replace(text_world(128, 128, 5), names=("ball",), grid=8)
    for generator in (np.random.default_rng(seed) for seed in range(12)):
        thing = _thing(world, generator, SIDE)
        for value in (*(thing.motion.centers[0] * SIDE), thing.size * SIDE):
            assert np.isclose(value / 8, round(value / 8))


def test_windows_of_things_that_move_by_tokens_show_some_between_tokens() -> None:
    """Most on the grid of tokens; some on one of half their width, which control may ask for."""
    world = replace(text_world(128, 128, 5), names=("ball",), grid=16, stride=16)
    things = [_thing(world, np.random.default_rng(seed), SIDE) for seed in range(60)]
    values = np.array([[*(thing.motion.centers[0] * SIDE), thing.size * SIDE] for thing in things])
    assert np.allclose(values / 8, (values / 8).round())
    assert 0.6 < np.isclose(values / 16, (values / 16).round()).all(1).mean() < 0.95
