"""Training of the embedded text-to-video denoiser: epsilon prediction over ModelScope's own noise schedule.

Sources: DDPM (Ho et al., arXiv:2006.11239, Eq. 14) for the loss; min-SNR (Hang et al., arXiv:2303.09556, Sec. 3.4) for
its weight at low noise; classifier-free guidance (Ho and Salimans, arXiv:2207.12598) for the empty prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hitmark.backbones.tiny import text_to_video_scheduler
from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import TextToVideoConfiguration
from hitmark.sprites.fast import half_precision
from hitmark.sprites.grounding import Grounding, TaughtWords, grounding, stack
from hitmark.sprites.image_to_video import CELLS, one_thread
from hitmark.sprites.words import LENGTH, encode
from hitmark.sprites.world import SPLITS, SpriteWorld

LARGEST_WEIGHT = 8.0
"""Most that the weight of noisy steps grows to; there, errors of the clean picture hardly show in the noise."""


class TextToVideoModel(nn.Module):
    """Denoiser and text encoder, trained together, without dropout: no clip is seen twice."""

    def __init__(self, unet: nn.Module, text_encoder: nn.Module) -> None:
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0


@dataclass(frozen=True)
class CaptionedBatch:
    """`frames` float32 (batch, frames, 3, height, width) in -1..1; `words` by number of cells of the grid."""

    frames: Tensor
    captions: list[str]
    words: dict[int, Grounding]

    def to(self, device: str) -> CaptionedBatch:
        """The batch on another device."""
        words = {cells: truth.to(device) for cells, truth in self.words.items()}
        return CaptionedBatch(self.frames.to(device), self.captions, words)


def make_clips(world: SpriteWorld, step: int, batch: int) -> CaptionedBatch:
    """The clips of optimization step `step`: seeds follow the step, so a resumed run sees what it would have seen."""
    return _batch(
        world, range(SPLITS["train"][0] + step * batch, SPLITS["train"][0] + (step + 1) * batch), world.frames
    )


def make_pictures(world: SpriteWorld, step: int, batch: int, each: int = 3) -> CaptionedBatch:
    """`batch` single pictures, `each` from one clip, as clips of one frame."""
    clips = batch // each
    made = _batch(world, range(SPLITS["train"][0] + step * clips, SPLITS["train"][0] + (step + 1) * clips), each)
    words = {
        cells: Grounding(truth.words.flatten(0, 1)[:, None], truth.weights.flatten(0, 1)[:, None])
        for cells, truth in made.words.items()
    }
    captions = [caption for caption in made.captions for _ in range(each)]
    return CaptionedBatch(made.frames.flatten(0, 1)[:, None], captions, words)


def _batch(world: SpriteWorld, seeds: range, keep: int) -> CaptionedBatch:
    """Clips of some seeds, `keep` frames of each, evenly spread."""
    pictures: list[Tensor] = []
    captions: list[str] = []
    words: dict[int, list[Grounding]] = {}
    chosen = np.linspace(0, world.frames - 1, keep).round().astype(int).tolist()
    with one_thread():
        for seed in seeds:
            plan = world.plan(seed, measure=False)
            picture, covers = world.paint(plan)
            pictures.append(picture[chosen])
            captions.append(plan.caption)
            for cell in CELLS:
                rows, columns = world.height // cell, world.width // cell
                part = grounding(plan, [cover[chosen] for cover in covers], rows, columns, LENGTH)
                words.setdefault(rows * columns, []).append(part)
    return CaptionedBatch(
        torch.stack(pictures) * 2 - 1, captions, {cells: stack(parts) for cells, parts in words.items()}
    )


class NoiseSchedule:
    """Signal and noise of the sampler's training steps."""

    def __init__(self) -> None:
        kept: Any = text_to_video_scheduler().alphas_cumprod
        self.signal = kept.float().sqrt()
        self.noise = (1 - kept.float()).sqrt()

    def weights(self, steps: Tensor, cap: float) -> Tensor:
        """Weight of the squared error of epsilon at integer `steps`, with signal-to-noise ratios above `cap` cut."""
        ratio = (self.signal[steps] / self.noise[steps]).square()
        return (1 + 1 / ratio).clamp(max=LARGEST_WEIGHT) * (cap / ratio).clamp(max=1)


def text_loss(
    model: TextToVideoModel,
    code: LinearCode,
    batch: CaptionedBatch,
    configuration: TextToVideoConfiguration,
    generator: torch.Generator,
    schedule: NoiseSchedule,
    tokenizer: Any,
) -> Tensor:
    """Weighted mean squared error of epsilon, plus what cross-attention is taught. Scalar."""
    frames = batch.frames
    count, length = frames.shape[:2]
    latents = code.encode(frames.flatten(0, 1)).unflatten(0, (count, length)).transpose(1, 2)
    keep = torch.rand(count, generator=generator) >= configuration.drop_caption
    captions = [caption if kept else "" for caption, kept in zip(batch.captions, keep.tolist(), strict=True)]
    steps = torch.randint(0, len(schedule.signal), (count,), generator=generator)
    signal, noise = (
        values[steps].to(latents)[:, None, None, None, None] for values in (schedule.signal, schedule.noise)
    )
    epsilon = torch.randn(latents.shape, generator=generator).to(latents)
    taught = TaughtWords(model.unet)
    with half_precision(frames.device.type), taught.watch():
        states = model.text_encoder(encode(tokenizer, captions).to(frames.device))[0]
        noisy = signal * latents + noise * epsilon
        predicted = model.unet(noisy, steps.to(frames.device), states, return_dict=False)[0]
        attention = taught.loss(batch.words, (keep * schedule.signal[steps].square()).to(frames))
    weights = schedule.weights(steps, configuration.signal_cap).to(latents)
    error = (predicted.float() - epsilon).square().mean(dim=(1, 2, 3, 4))
    return (error * weights).mean() + configuration.attention_weight * attention
