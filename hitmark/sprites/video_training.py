"""Training of the embedded video transformer: flow matching that predicts the clean sample, from words or a picture.

Sources: flow matching with straight paths (Lipman et al., arXiv:2210.02747; Liu et al., arXiv:2209.03003), its noise
levels and their shift (Esser et al., arXiv:2403.03206, Sec. 3.1 and 5.3.2), the clean sample as prediction with the
loss in velocity (Li and He, arXiv:2511.13720), a first frame that is given clean at time 0 (Wan 2.2 TI2V), text
dropped for classifier-free guidance (Ho and Salimans, arXiv:2207.12598).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hitmark.sprites.clip_plan import ClipPlan, select_frames, shorten
from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.fast import half_precision
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.recognition import marked, recognition_loss
from hitmark.sprites.video_code import PATCH, VideoCode
from hitmark.sprites.video_networks import VideoModel
from hitmark.sprites.world import SPLITS, SpriteWorld

SMALLEST_LEVEL = 0.1
"""Noise levels below count as this in the loss, which divides by their square."""
TRAINED_LEVELS = 1000
PICTURES = 3
"""Of each clip, where single pictures are learned from."""
LENGTHS = ((32, 0.85), (96, 0.1), (512, 0.05))
"""Lengths of the padded text and their shares: the zeros after the words are keys of attention in the real pipeline.
Single pictures and windows meet the first only: so many captions of the longest would cost twice the pictures."""


TENSORS = ("latents", "covers", "given", "marks")


@dataclass(frozen=True)
class VideoBatch:
    """Latents float32 (batch, channels, F, h, w), `covers` (batch, F, h, w) in 0..1: what share things cover."""

    latents: Tensor
    covers: Tensor
    captions: list[str]
    given: Tensor
    """bool (batch,): whether the first latent frame is given clean."""
    marks: Tensor
    """(batch, F, h/2, w/2, 4): see `recognition.marked`."""

    def to(self, device: str) -> VideoBatch:
        """The batch on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in TENSORS})


def make_video_batch(
    world: SpriteWorld, pictured: SpriteWorld, code: VideoCode, seeds: Sequence[int], frames: int, given: int
) -> VideoBatch:
    """Clips of the training seeds, the first `given` of them of the world `pictured` and with their first frame given.

    `frames`: 1 + 4n. With one frame, three pictures of each clip are taken and none is given; half as many clips are
    of the world `pictured`.
    """
    latents, covers, captions, marks = [], [], [], []
    with one_thread():
        for number, seed in enumerate(seeds):
            drawn = pictured if number < (given if frames > 1 else given // 2) else world
            plan = drawn.plan(SPLITS["train"][0] + seed, measure=False)
            plan = (
                shorten(plan, frames)
                if frames > 1
                else select_frames(plan, slice(None, None, world.frames // (PICTURES - 1)))
            )
            picture, alphas = world.paint(plan)
            cover = (
                1 - torch.stack([1 - alpha for alpha in alphas]).prod(0) if alphas else torch.zeros_like(picture[:, 0])
            )
            clips, shown = (picture[None], cover[None]) if frames > 1 else (picture[:, None], cover[:, None])
            latents.append(code.encode(clips * 2 - 1))
            covers.append(pooled(shown))
            captions += [plan.caption] * len(clips)
            marks.append(_marks(plan, alphas, drawn).unflatten(0, (len(clips), -1)))
    known = torch.arange(len(captions)) < (given if frames > 1 else 0)
    return VideoBatch(torch.cat(latents), torch.cat(covers), captions, known, torch.cat(marks))


def _marks(plan: ClipPlan, alphas: list[Tensor], world: SpriteWorld) -> Tensor:
    """Of the frames that latent frames are pictures of (the first and every fourth), or of all of three pictures."""
    every = 4 if len(alphas[0]) > PICTURES else 1
    plan = select_frames(plan, slice(None, None, every))
    sides = [thing.size * thing.motion.scale * min(world.width, world.height) for thing in plan.objects]
    return marked(plan.objects, [alpha[::every] for alpha in alphas], sides)


def joined(parts: Sequence[VideoBatch]) -> VideoBatch:
    """Batches of one shape as one."""
    captions = [caption for part in parts for caption in part.captions]
    tensors = {name: torch.cat([getattr(part, name) for part in parts]) for name in TENSORS}
    return VideoBatch(captions=captions, **tensors)


def pooled(covers: Tensor) -> Tensor:
    """Covers (batch, frames, H, W) at latent cells: (batch, 1 + (frames - 1) / 4, H/8, W/8), the most of a block."""
    cells = torch.nn.functional.avg_pool2d(covers, PATCH)
    if cells.shape[1] == 1:
        return cells
    return torch.cat([cells[:, :1], cells[:, 1:].unflatten(1, (-1, 4)).amax(2)], 1)


def draw_levels(count: int, shift: float, even_levels: float, generator: torch.Generator) -> Tensor:
    """Noise levels in 0..1, float32 (count,): logit-normal, shifted, a share `even_levels` of them even over 0..1."""
    normal = torch.randn(count, generator=generator).sigmoid()
    shifted = shift * normal / (1 + (shift - 1) * normal)
    even = torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < even_levels, even, shifted)


def encode_words(model: Any, tokenizer: Any, captions: list[str], length: int) -> Tensor:
    """Text embeddings (count, length, width), zeros after the words, as the stock pipeline prepares them."""
    words = tokenizer(captions, padding=True, return_tensors="pt")
    device = next(model.parameters()).device
    mask = words.attention_mask.to(device)
    states = model(words.input_ids.to(device), mask).last_hidden_state * mask[..., None]
    return torch.nn.functional.pad(states, (0, 0, 0, length - states.shape[1]))


def noised(batch: VideoBatch, levels: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Latents at noise levels (batch,), given frames clean; levels of cells (batch, F, h, w) and times of tokens."""
    times = levels[:, None, None, None].expand(-1, *batch.latents.shape[2:]).clone()
    times[batch.given, 0] = 0
    level = times[:, None]
    return (1 - level) * batch.latents + level * noise, times, times[:, :, ::2, ::2].flatten(1) * TRAINED_LEVELS


def flow_loss(
    model: VideoModel,
    batch: VideoBatch,
    configuration: VideoConfiguration,
    generator: torch.Generator,
    tokenizer: Any,
) -> Tensor:
    """Mean squared error of the velocity; what things cover counts `configuration.thing_weight` times. Scalar.

    With `configuration.recognition` times the loss of what hidden tokens tell of things, where the model has a
    recognizer.
    """
    latents = batch.latents
    count, single = len(latents), latents.shape[2] == 1
    shift = configuration.shift if single else configuration.clip_shift
    levels = draw_levels(count, shift, configuration.even_levels, generator).to(latents)
    keep = torch.rand(count, generator=generator) >= configuration.drop_caption
    captions = [caption if kept else "" for caption, kept in zip(batch.captions, keep.tolist(), strict=True)]
    draw = float(torch.rand((), generator=generator))
    length = LENGTHS[0][0] if single else next((size for size, share in _cumulative() if draw < share), LENGTHS[0][0])
    noise = torch.randn(latents.shape, generator=generator).to(latents)
    noisy, times, tokens = noised(batch, levels, noise)
    with half_precision(latents.device.type, configuration.half):
        states = encode_words(model.text_encoder, tokenizer, captions, length)
        clean = model.transformer(noisy, tokens, states, return_dict=False)[0]
    error = (clean.float() - latents).square().mean(1) / times.clamp(min=SMALLEST_LEVEL).square()
    weight = 1 + (configuration.thing_weight - 1) * batch.covers
    weight = weight * (times > 0)
    loss = (error * weight).sum() / weight.sum()
    if model.recognizer is None:
        return loss
    tokens = model.take_hidden()
    with half_precision(latents.device.type, configuration.half):
        return loss + configuration.recognition * recognition_loss(model.recognizer, tokens, batch.marks)


def _cumulative() -> list[tuple[int, float]]:
    """Lengths with the summed share up to each."""
    total, sums = 0.0, []
    for length, share in LENGTHS:
        total += share
        sums.append((length, total))
    return sums
