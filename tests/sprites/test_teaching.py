"""What self-attention of the video transformer is taught: where tokens come from, and the loss of looking there."""

from __future__ import annotations

from unittest import mock

import torch

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.recognition import TOKEN, keep_arguments
from hitmark.sprites.teaching import nowhere, sources_of, taught_loss
from hitmark.sprites.video_networks import build_transformer
from hitmark.sprites.video_training import taught_blocks, watched_blocks
from hitmark.sprites.world import SpriteWorld

CONFIGURATION = VideoConfiguration(
    width=64, height=64, frames=9, latent_channels=8, heads=2, head_width=32, layers=2, embedding=16
)


def kept_pass(seed: int = 0):
    """A transformer, its last block, what the block was given, and the softmax of its attention (2, heads, 48, 48)."""
    torch.manual_seed(seed)
    transformer = build_transformer(CONFIGURATION)
    block = transformer.blocks[1]
    kept, seen = keep_arguments(block), []
    plain = torch.nn.functional.scaled_dot_product_attention

    def attend(query, key, value, **others):
        seen.append((query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(-1))
        return plain(query, key, value, **others)

    with mock.patch.object(torch.nn.functional, "scaled_dot_product_attention", attend):
        transformer(torch.randn(2, 8, 3, 8, 8), torch.rand(2, 48) * 1000, torch.randn(2, 5, 16))
    return transformer, block, kept[-1], seen[-2]  # self-attention, then that to the words


def test_the_loss_is_that_of_the_attention_that_the_block_computes() -> None:
    _, block, arguments, weights = kept_pass()
    assert weights.shape == (2, 2, 48, 48)
    sources = torch.zeros(2, 3, 4, 4, 3)
    sources[1, 2, 1, 3] = torch.tensor([0.625, 0.375, 1.0])  # the middle of the cell of column 2, row 1
    wanted = -weights[1, 0, 2 * 16 + 4 + 3, 4 + 2].log()
    torch.testing.assert_close(taught_loss(block, arguments, sources), wanted, rtol=1e-4, atol=1e-5)


def test_the_first_frame_and_what_is_not_known_are_not_asked() -> None:
    _, block, arguments, _ = kept_pass()
    sources = torch.zeros(2, 3, 4, 4, 3)
    sources[:, 0] = 1.0
    assert taught_loss(block, arguments, sources) == 0
    assert taught_loss(block, arguments, torch.stack([nowhere(3, 4, 4)] * 2)) == 0


def test_the_loss_teaches_where_to_look() -> None:
    transformer, block, arguments, _ = kept_pass()
    sources = torch.zeros(2, 3, 4, 4, 3)
    sources[:, 1:, ..., 2] = 1
    sources[:, 1:, ..., :2] = torch.tensor([0.125, 0.125])
    arguments = [each.detach() if isinstance(each, torch.Tensor) else each for each in arguments]
    optimizer = torch.optim.Adam(transformer.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        loss = taught_loss(block, arguments, sources)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 2
    assert losses[-1] < 0.3 * losses[0]


def test_sources_of_a_painted_clip_say_where_things_were() -> None:
    world = SpriteWorld(width=64, height=64, frames=3, still=0.0, camera=0.0, sizes=(0.7, 0.7), objects=(1,))
    plan = next(plan for seed in range(99) if (plan := world.plan(seed)).objects[0].motion.scale[-1] == 1)
    sources = sources_of(plan, world.paint(plan)[1])
    assert sources.shape == (3, 64 // TOKEN, 64 // TOKEN, 3)
    thing = plan.objects[0]
    column, row = (thing.motion.centers[2] * 64 // TOKEN).astype(int)
    middle = torch.tensor([column + 0.5, row + 0.5]).float() * TOKEN / 64
    moved = torch.from_numpy(thing.motion.centers[2] - thing.motion.centers[0]).float()
    torch.testing.assert_close(sources[2, row, column, :2], middle - moved, atol=1e-4, rtol=0)
    assert 0 < sources[1:, ..., 2].sum() < sources[1:, ..., 2].numel(), "what was covered or outside is not known"


def test_which_blocks_are_taught_and_watched() -> None:
    assert list(taught_blocks(CONFIGURATION)) == []
    assert watched_blocks(CONFIGURATION) == []
    whole = VideoConfiguration(layers=6, correspondence=0.1, taught_after=4, recognition=0.2, recognized_after=3)
    assert list(taught_blocks(whole)) == [4, 5]
    assert watched_blocks(whole) == [3, 4, 5]
