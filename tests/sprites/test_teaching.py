"""What self-attention of the video transformer is taught: where cells come from, and the loss of looking there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.motion import Motion
from hitmark.sprites.recognition import TOKEN, keep_arguments
from hitmark.sprites.teaching import NOWHERE, nowhere, sources_of, taught_loss
from hitmark.sprites.video_networks import VideoModel, build_text_encoder, build_tokenizer, build_transformer
from hitmark.sprites.video_training import VideoBatch, flow_loss, watched_blocks
from hitmark.sprites.world import SpriteWorld

CONFIGURATION = VideoConfiguration(
    width=64, height=64, frames=9, latent_channels=8, heads=4, head_width=12, layers=2, embedding=16, half=False
)
TOKENS = 16
"""Of a frame, 4 x 4."""


@pytest.fixture(scope="module")
def passed() -> tuple[Any, list[Any], Tensor]:
    """A transformer's last block, what it was given, and its attention (2, heads, 48, 48) to the video."""
    torch.manual_seed(0)
    transformer = build_transformer(CONFIGURATION)
    block: Any = transformer.blocks[1]
    kept, seen = keep_arguments(block), []
    plain: Callable[..., Tensor] = torch.nn.functional.scaled_dot_product_attention

    def attend(query: Tensor, key: Tensor, value: Tensor, **others: Any) -> Tensor:
        seen.append((query @ key.mT * query.shape[-1] ** -0.5).softmax(-1))
        return plain(query, key, value, **others)

    with mock.patch.object(torch.nn.functional, "scaled_dot_product_attention", attend):
        transformer(torch.randn(2, 8, 3, 8, 8), torch.rand(2, 48) * 1000, torch.randn(2, 5, 16))
    given = [each.detach() if isinstance(each, Tensor) else each for each in kept[-1]]
    return block, given, seen[-2].detach()  # before that to the words


def test_each_head_is_asked_of_one_cell_of_what_the_block_computes(passed: tuple[Any, list[Any], Tensor]) -> None:
    block, given, attention = passed
    assert attention.shape == (2, 4, 3 * TOKENS, 3 * TOKENS)
    sources = torch.stack([nowhere(3, 4, 4)] * 2)
    sources[0, 1, 2, 3, 2] = 5  # of frame 2, row 2, column 3, the third cell
    sources[1, 2, 0, 0, 0] = 0  # where it was: a tenth of the weight
    first, second = -attention[0, 2, TOKENS + 11, 5].log(), -attention[1, 0, 2 * TOKENS, 0].log()
    wanted = (0.5 * first + 0.1 * 0.8 * second) / (0.5 + 0.1 * 0.8)
    told = taught_loss(block, given, sources, torch.tensor([0.5, 0.8]))
    torch.testing.assert_close(told, wanted, rtol=1e-4, atol=1e-5)
    alone = taught_loss(block, given, sources, torch.tensor([0.5, 0.0]))
    torch.testing.assert_close(alone, first, rtol=1e-4, atol=1e-5)


def test_the_first_frame_and_what_is_not_known_are_not_asked(passed: tuple[Any, list[Any], Tensor]) -> None:
    block, given, _ = passed
    sources = torch.stack([nowhere(3, 4, 4)] * 2)
    sources[:, 0] = 1
    assert taught_loss(block, given, sources, torch.ones(2)) == 0
    assert taught_loss(block, given, sources, torch.zeros(2)) == 0


def test_the_loss_teaches_where_to_look(passed: tuple[Any, list[Any], Tensor]) -> None:
    block, given, _ = passed
    sources = torch.zeros(2, 3, 4, 4, 4, dtype=torch.int64)
    optimizer, losses = torch.optim.Adam(block.parameters(), 1e-2), []
    for _ in range(40):
        loss = taught_loss(block, given, sources, torch.ones(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 2
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(("pixels", "left"), [(TOKEN, [1, 1, 1, 1]), (TOKEN // 2, [1, 0, 1, 0])])
def test_cells_of_a_thing_that_moved_come_from_where_it_was(pixels: int, left: list[int]) -> None:
    """A thing goes right by a token, or by half of one: then left cells come from the next token on the left."""
    world = SpriteWorld(width=128, height=128, frames=2, still=1.0, camera=0.0, objects=(1,), names=("ball",))
    plan = world.plan(0)
    centers = np.array([[56, 72], [56 + pixels, 72]]) / 128
    thing = replace(plan.objects[0], size=48 / 128, motion=Motion(centers, np.ones(2)))
    plan = replace(plan, objects=(thing,))
    sources = sources_of(plan, world.paint(plan)[1])
    assert sources.shape == (2, 8, 8, 4)
    middle = 4 * 8 + 4  # row 4, column 4: pixels 64 to 80 each way, within the ball before and after
    assert sources[0, 4, 4].tolist() == [middle] * 4
    assert sources[1, 4, 4].tolist() == [middle - each for each in left]
    assert (sources[1] == NOWHERE).any(), "what the thing covered before is not seen in the first frame"
    assert sources[1, 0, 0].tolist() == [0] * 4


def test_only_clips_with_a_given_first_frame_are_taught() -> None:
    configuration = replace(CONFIGURATION, correspondence=10.0, taught_block=1)
    assert watched_blocks(CONFIGURATION) == []
    assert watched_blocks(configuration) == [1]
    assert watched_blocks(replace(configuration, recognition=0.2, recognized_after=0)) == [0, 1]
    torch.manual_seed(0)
    model = VideoModel(build_transformer(configuration), build_text_encoder(configuration))
    model.watch(1)
    latents = torch.randn(2, 8, 3, 8, 8)
    sources = torch.zeros(2, 3, 4, 4, 4, dtype=torch.int64)

    def loss(given: list[bool], weight: float) -> float:
        batch = VideoBatch(latents, latents[:, 0], ["a cat"] * 2, torch.tensor(given), sources, sources)
        changed = replace(configuration, correspondence=weight)
        return flow_loss(model, batch, changed, torch.Generator().manual_seed(0), build_tokenizer()).item()

    assert loss([True, False], 10.0) > loss([True, False], 0.0) + 1
    assert loss([False, False], 10.0) == loss([False, False], 0.0)
