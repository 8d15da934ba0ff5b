from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from hitmark.sprites.clip_plan import shorten
from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.correspondence import (
    UNMOVED,
    Correspondence,
    ShortcutProcessor,
    TaughtAttention,
    build_probes,
    correspondence,
)
from hitmark.sprites.image_to_video import make_batch, one_thread
from hitmark.sprites.networks import build_unet
from hitmark.sprites.world import SpriteWorld

TINY = {"width": 16, "height": 16, "frames": 3, "channels": [32, 32], "heads": [2, 2], "embedding": 16}


def _still_world() -> SpriteWorld:
    return SpriteWorld(still=1.0, camera=0.0)


def test_known_cells_show_what_the_first_frame_shows_at_their_places() -> None:
    """Colors, blurred to cells, agree along the given places, and much less so at the cells' own places."""
    world = SpriteWorld()
    along, own = [], []
    for seed in range(12):
        plan = world.plan(seed, measure=False)
        frames, covers = world.paint(plan)
        truth = correspondence(plan, covers, 16, 16)
        blurred = F.avg_pool2d(frames, 5, 1, 2, count_include_pad=False)
        colors = F.adaptive_avg_pool2d(blurred, 16)
        first = blurred[:1].expand(len(frames), -1, -1, -1)
        warped = F.grid_sample(first, truth.places * 2 - 1, padding_mode="border", align_corners=False)
        chosen = (truth.known & truth.moved())[:, None].expand_as(colors)
        along.append((colors - warped)[chosen].abs())
        own.append((colors - colors[:1])[chosen].abs())
    assert torch.cat(along).mean() < 0.05
    assert torch.cat(own).mean() > 3 * torch.cat(along).mean()


def test_in_a_still_clip_everything_is_known_to_be_where_it_was() -> None:
    world = _still_world()
    plan = world.plan(5, measure=False)
    truth = correspondence(plan, world.paint(plan)[1], 16, 16)
    assert not (truth.moved() & truth.known).any()
    assert truth.known.float().mean() > 0.7
    assert torch.equal(truth.known[0], truth.known[-1])


def test_uncovered_background_is_not_known() -> None:
    """Where a moving thing was, the background comes to light that the first frame does not show."""
    world = SpriteWorld(objects=(1,), still=0.0, camera=0.0)
    for seed in range(6):
        plan = world.plan(seed, measure=False)
        covers = world.paint(plan)[1]
        truth = correspondence(plan, covers, 16, 16)
        pooled = F.adaptive_avg_pool2d(covers[0][:, None], 16)[:, 0]
        uncovered = (pooled[0] > 0.6) & (pooled[-1] < 0.05)
        assert uncovered.any()
        assert not truth.known[-1][uncovered].any()


def test_a_pan_shifts_the_background_s_places() -> None:
    world = SpriteWorld(camera=1.0)
    plan = world.plan(3, measure=False)
    truth = correspondence(plan, world.paint(plan)[1], 8, 8)
    alone = correspondence(plan, [torch.zeros(8, 64, 64)] * len(plan.objects), 8, 8)
    centers = (torch.arange(8) + 0.5) / 8
    expected = centers - float(plan.camera[4, 0])
    assert torch.allclose(alone.places[4, 0, :, 0], expected, atol=1e-6)
    assert (alone.known[4, 0] == ((expected >= 0) & (expected < 1)) & alone.known[4, 0]).all()
    assert truth.places.shape == (8, 8, 8, 2)


def test_batches_carry_the_places_for_both_levels_and_follow_the_step() -> None:
    world = SpriteWorld()
    batch = make_batch(world, 7, 2, 4)
    assert batch.frames.shape == (2, 4, 3, 64, 64)
    assert {cells: tuple(truth.known.shape) for cells, truth in batch.sources.items()} == {
        256: (2, 4, 16, 16),
        64: (2, 4, 8, 8),
    }
    again = make_batch(world, 7, 2, 4)
    assert torch.equal(batch.frames, again.frames)
    assert torch.equal(batch.sources[256].places, again.sources[256].places)
    whole = world.plan(1_000_014, measure=False)
    shortened = correspondence(shorten(whole, 4), world.paint(shorten(whole, 4))[1], 16, 16)
    assert torch.equal(shortened.known, batch.sources[256].known[0])


def test_one_thread_gives_the_threads_back() -> None:
    before = torch.get_num_threads()
    inside = []

    def fail() -> None:
        inside.append(torch.get_num_threads())
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"), one_thread():
        fail()
    assert inside == [1]
    assert torch.get_num_threads() == before


def _unet() -> Any:
    torch.manual_seed(0)
    return build_unet(read_configuration(None, **TINY))


def _inputs(unet: Any, frames: int = 3) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    return {
        "sample": torch.randn(1, frames, 16, 4, 4, generator=generator),
        "timestep": torch.tensor([0.3]),
        "encoder_hidden_states": torch.randn(1, 1, 16, generator=generator),
        "added_time_ids": torch.tensor([[6.0, 127.0, 0.02]]),
        "return_dict": False,
    }


def test_the_shortcut_is_the_whole_attention_for_a_single_key() -> None:
    unet = _unet()
    whole = unet(**_inputs(unet))[0]
    whole.square().mean().backward()
    gradients = [None if p.grad is None else p.grad.clone() for p in unet.parameters()]
    unet.zero_grad()
    unet.set_attn_processor(ShortcutProcessor())
    short = unet(**_inputs(unet))[0]
    short.square().mean().backward()
    assert torch.allclose(short, whole, atol=1e-5)
    for parameter, gradient in zip(unet.parameters(), gradients, strict=True):
        if parameter.grad is None:
            assert gradient is None or float(gradient.abs().max()) < 1e-6
        else:
            assert gradient is not None
            assert torch.allclose(parameter.grad, gradient, atol=1e-4)


def test_the_taught_loss_is_cross_entropy_and_reading_error_of_the_first_heads() -> None:
    """Against loops over pictures, cells, heads and taps in float64."""
    unet = _unet().double()
    inputs = {key: value.double() if torch.is_tensor(value) else value for key, value in _inputs(unet).items()}
    taught = TaughtAttention(unet)
    probes = build_probes(unet, 8).double()
    generator = torch.Generator().manual_seed(2)
    truth = {}
    for side in (4, 2):
        places = torch.rand(1, 3, side, side, 2, generator=generator, dtype=torch.float64)
        known = torch.rand(1, 3, side, side, generator=generator) < 0.7
        truth[side * side] = Correspondence(places, known)
    content = torch.randn(1, 3, 8, 4, 4, generator=generator, dtype=torch.float64)
    weights = torch.tensor([0.5], dtype=torch.float64)
    with torch.no_grad(), taught.watch():
        unet(**inputs)
        kept = dict(taught.inputs)
        loss = taught.loss(truth, content, weights, probes)
    assert not taught.inputs
    assert len(kept) == 6
    terms = [
        _slow(module, kept[number][0:3], truth[kept[number].shape[1]], content[0], probes[number])
        for number, module in enumerate(taught.modules)
    ]
    assert float(loss) == pytest.approx(float(np.mean(terms)), rel=1e-6)


def _slow(module: Any, tokens: torch.Tensor, truth: Correspondence, content: torch.Tensor, probe: Any) -> float:
    side = truth.known.shape[-1]
    query_weight, key_weight, value_weight = (
        layer.weight[:16].detach().numpy() for layer in (module.to_q, module.to_k, module.to_v)
    )
    total, mass = 0.0, 0.0
    for frame in range(3):
        x = tokens[frame].numpy()
        logits = (x @ query_weight.T) @ (x @ key_weight.T).T / 4.0
        attention = np.exp(logits - logits.max(1, keepdims=True))
        attention /= attention.sum(1, keepdims=True)
        read = probe(torch.from_numpy(attention @ (x @ value_weight.T))).detach().numpy()
        step = 4 // side
        for row in range(side):
            for column in range(side):
                if not bool(truth.known[0, frame, row, column]):
                    continue
                place = truth.places[0, frame, row, column].numpy() * side - 0.5
                cell = row * side + column
                entropy = 0.0
                for right in (0, 1):
                    for down in (0, 1):
                        at_x, at_y = math.floor(place[0]) + right, math.floor(place[1]) + down
                        part = (1 - abs(place[0] - at_x)) * (1 - abs(place[1] - at_y))
                        at = min(max(at_y, 0), side - 1) * side + min(max(at_x, 0), side - 1)
                        entropy -= part * math.log(attention[cell, at])
                block = content[frame, :, row * step : (row + 1) * step, column * step : (column + 1) * step]
                error = float(((read[cell] - block.mean((1, 2)).numpy()) ** 2).mean())
                own = np.array([(column + 0.5), (row + 0.5)])
                away = np.linalg.norm(truth.places[0, frame, row, column].numpy() * side - own) > 0.5
                importance = (1.0 if away else UNMOVED) * 0.5
                total += importance * (entropy + error)
                mass += importance
    return total / mass
