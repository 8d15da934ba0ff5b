from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.correspondence import owners
from hitmark.sprites.grounding import BACKGROUND, Grounding, TaughtWords, grounding
from hitmark.sprites.networks import build_text_unet
from hitmark.sprites.text_to_video import NoiseSchedule, make_clips, make_pictures
from hitmark.sprites.words import LENGTH
from hitmark.sprites.world import SpriteWorld

TINY = {"width": 16, "height": 16, "frames": 2, "channels": [32, 64], "head_width": 16, "embedding": 32}


def test_cells_point_at_the_words_of_what_they_show() -> None:
    world = SpriteWorld(objects=(2,))
    for seed in range(5):
        plan = world.plan(seed, measure=False)
        covers = world.paint(plan)[1]
        truth = grounding(plan, covers, 16, 16, LENGTH)
        words = plan.caption.split()
        pooled = torch.stack([F.adaptive_avg_pool2d(cover[:, None], 16)[:, 0] for cover in covers]).flatten(2)
        for number, thing in enumerate(plan.objects):
            clear = pooled[number] > 0.95
            for later in pooled[number + 1 :]:
                clear &= later < 0.01
            shares = truth.words[clear]
            assert len(shares) > 0
            named = [1 + place for place, word in enumerate(words) if word in thing.phrase.split()]
            assert torch.allclose(shares[:, named].sum(-1), torch.ones(len(shares)))
            assert (truth.weights[clear] == 1).all()
        ground = (pooled < 0.01).all(0)
        assert (truth.words[ground][:, words.index(str(plan.place)) + 1] == 1).all()
        assert (truth.weights[ground] == BACKGROUND).all()


def test_the_nearest_thing_owns_a_cell() -> None:
    far, near = torch.zeros(1, 4, 4), torch.zeros(1, 4, 4)
    far[:, :, :3] = 1
    near[:, :, 2:] = 1
    largest, owner = owners([far, near], 1, 2)
    assert owner.tolist() == [[[0, 1]]]
    assert largest.tolist() == [[[1, 1]]]
    largest, owner = owners([far, near], 1, 1)
    assert owner.tolist() == [[[1]]]
    assert largest.tolist() == [[[0.5]]]


def test_phrases_that_share_words_keep_their_own_places() -> None:
    """ "a red kite and a red car": each red belongs to its own thing."""
    world = SpriteWorld(objects=(2,))
    seen = 0
    for seed in range(400):
        plan = world.plan(seed, measure=False)
        first, second = plan.objects if len(plan.objects) == 2 else (None, None)
        if not first or not second or not first.color or first.color != second.color:
            continue
        seen += 1
        covers = [torch.ones(8, 64, 64), torch.ones(8, 64, 64)]
        later = grounding(plan, covers, 2, 2, LENGTH).words[0, 0]
        place = plan.caption.split().index(str(second.name)) + 1
        assert later.nonzero().flatten().tolist() == [place - 1, place]
    assert seen > 3


def _unet() -> Any:
    torch.manual_seed(0)
    return build_text_unet(read_configuration(None, "sprites-t2v", **TINY))


def test_loss_is_the_cross_entropy_of_the_first_half_of_the_heads() -> None:
    """Against attention weights computed head by head in float64; and it reaches the weights of those heads alone."""
    unet = _unet()
    generator = torch.Generator().manual_seed(3)
    words = torch.rand(1, 2, 16, LENGTH, generator=generator)
    truth = {
        16: Grounding(words / words.sum(-1, keepdim=True), torch.rand(1, 2, 16, generator=generator)),
        4: Grounding(words[:, :, :4] / words[:, :, :4].sum(-1, keepdim=True), torch.ones(1, 2, 4)),
    }
    taught = TaughtWords(unet)
    assert len(taught.modules) == 1 + 1 + 2 + 2  # down, middle, and two on each level on the way up
    with taught.watch():
        sample = torch.randn(1, 8, 2, 4, 4, generator=generator)
        unet(sample, torch.tensor([10]), torch.randn(1, LENGTH, 32, generator=generator))
    kept = dict(taught.inputs)
    loss = taught.loss(truth, torch.tensor([0.7]))
    loss.backward()
    expected = []
    for number, module in enumerate(taught.modules):
        cells, text = (value.double() for value in kept[number])
        wanted = truth[cells.shape[1]]
        half = module.heads // 2
        entropy = torch.zeros(cells.shape[:2], dtype=torch.float64)
        for head in range(half):
            rows = slice(16 * head, 16 * head + 16)
            query = cells @ module.to_q.weight[rows].double().T
            key = text @ module.to_k.weight[rows].double().T
            entropy -= ((query @ key.mT / 4).log_softmax(-1) * wanted.words[0]).sum(-1) / half
        expected.append((entropy * wanted.weights[0]).sum() / wanted.weights.sum())
        assert module.to_q.weight.grad[: 16 * half].abs().max() > 0
    assert loss.item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-4)
    assert taught.inputs == {}


def test_pictures_are_frames_of_the_clips() -> None:
    world = SpriteWorld()
    clips, pictures = make_clips(world, 0, 2), make_pictures(world, 0, 6)
    assert clips.frames.shape == (2, 8, 3, 64, 64)
    assert pictures.frames.shape == (6, 1, 3, 64, 64)
    assert torch.equal(pictures.frames[2, 0], clips.frames[0, 7])
    assert torch.equal(pictures.frames[3, 0], clips.frames[1, 0])
    assert pictures.captions == [clips.captions[0]] * 3 + [clips.captions[1]] * 3
    assert torch.equal(pictures.words[256].words[2, 0], clips.words[256].words[0, 7])


def test_weights_of_the_noise_levels() -> None:
    """1 + 1/SNR up to 8, times what min-SNR leaves; computed here from the betas."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = (1 - betas).cumprod(0)
    ratio = kept / (1 - kept)
    expected = (1 + 1 / ratio).clamp(max=8) * (5 / ratio).clamp(max=1)
    got = NoiseSchedule().weights(torch.arange(1000), 5.0)
    assert torch.allclose(got.double(), expected, rtol=1e-3)
