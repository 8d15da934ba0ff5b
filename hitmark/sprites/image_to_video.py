"""Training of the embedded image-to-video denoiser: v-prediction over continuous noise levels, as in SVD.

Sources: EDM (Karras et al., arXiv:2206.00364, Sec. 5) for the noise levels and scalings, Stable Video Diffusion
(Blattmann et al., arXiv:2311.15127, App. D) for the conditioning: the first frame's latent, slightly noised, beside
every frame's noisy latent, and one image embedding for cross-attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hitmark.sprites.clip_plan import shorten
from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import ImageToVideoConfiguration
from hitmark.sprites.correspondence import (
    Correspondence,
    TaughtAttention,
    build_probes,
    correspondence,
    stack,
)
from hitmark.sprites.fast import half_precision
from hitmark.sprites.networks import ENCODED_SIZE
from hitmark.sprites.world import SPLITS, SpriteWorld

CELLS = (4, 8)
"""Pixels of a side of a cell, at the two levels of the denoiser."""
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class ImageToVideoModel(nn.Module):
    """Denoiser and image encoder, trained together, and the probes that training alone uses."""

    def __init__(self, unet: nn.Module, image_encoder: nn.Module, latent_channels: int) -> None:
        super().__init__()
        self.unet = unet
        self.image_encoder = image_encoder
        self.probes = build_probes(unet, latent_channels)


@dataclass(frozen=True)
class Batch:
    """`frames` float32 (batch, frames, 3, height, width) in -1..1; `sources` by number of cells of the grid."""

    frames: Tensor
    sources: dict[int, Correspondence]

    def to(self, device: str) -> Batch:
        """The batch on another device."""
        return Batch(self.frames.to(device), {cells: truth.to(device) for cells, truth in self.sources.items()})


def make_batch(world: SpriteWorld, step: int, batch: int, frames: int) -> Batch:
    """The clips of optimization step `step`: seeds follow the step, so a resumed run sees what it would have seen."""
    first = SPLITS["train"][0] + step * batch
    pictures, sources = [], {}
    with one_thread():
        for number in range(batch):
            plan = shorten(world.plan(first + number, measure=False), frames)
            picture, covers = world.paint(plan)
            pictures.append(picture)
            for cell in CELLS:
                rows, columns = world.height // cell, world.width // cell
                sources.setdefault(rows * columns, []).append(correspondence(plan, covers, rows, columns))
    return Batch(torch.stack(pictures) * 2 - 1, {cells: stack(parts) for cells, parts in sources.items()})


@contextmanager
def one_thread() -> Iterator[None]:
    """Small operations are several times faster without handing parts of them to other threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def encode_picture(image_encoder: nn.Module, picture: Tensor) -> Tensor:
    """Pictures (batch, 3, H, W) in -1..1 to embeddings (batch, 1, width), as the stock pipeline prepares them."""
    from diffusers.pipelines.stable_video_diffusion.pipeline_stable_video_diffusion import _resize_with_antialiasing

    resized = (_resize_with_antialiasing(picture, (ENCODED_SIZE, ENCODED_SIZE)) + 1) / 2
    mean, std = resized.new_tensor(CLIP_MEAN)[:, None, None], resized.new_tensor(CLIP_STD)[:, None, None]
    return image_encoder((resized - mean) / std).image_embeds[:, None]


def denoising_loss(
    model: ImageToVideoModel,
    code: LinearCode,
    batch: Batch,
    configuration: ImageToVideoConfiguration,
    generator: torch.Generator,
) -> Tensor:
    """Weighted mean squared error of v at log-normal noise levels, plus what attention is taught. Scalar.

    What is not where it was in the first picture counts `configuration.moved_weight` times.
    """
    frames = batch.frames
    count, length = frames.shape[:2]
    picture = frames[:, 0]
    latents = code.encode(frames.flatten(0, 1)).unflatten(0, (count, length))
    noised = picture + configuration.noise_augmentation * _normal(picture.shape, generator, picture)
    condition = code.encode(noised)
    embedding = encode_picture(model.image_encoder, picture)
    keep = torch.rand(count, generator=generator).to(frames) >= configuration.drop_condition
    condition = (condition * keep[:, None, None, None])[:, None].expand(-1, length, -1, -1, -1)
    embedding = embedding * keep[:, None, None]

    log_sigma = configuration.log_sigma_mean + configuration.log_sigma_std * torch.randn(count, generator=generator)
    log_sigma = log_sigma.clamp(np.log(configuration.sigma_min), np.log(configuration.sigma_max)).to(frames)
    sigma = log_sigma.exp()[:, None, None, None, None]
    noisy = latents + sigma * _normal(latents.shape, generator, latents)
    scale = (sigma**2 + 1).rsqrt()
    target = (noisy * scale**2 - latents) / (sigma * scale)
    added = noisy.new_tensor([6.0, 127.0, configuration.noise_augmentation]).expand(count, -1)
    taught = TaughtAttention(model.unet)
    with half_precision(frames.device.type), taught.watch():
        sample = torch.cat([noisy * scale, condition], dim=2)
        predicted = model.unet(sample, 0.25 * log_sigma, embedding, added_time_ids=added, return_dict=False)[0]
        seen = keep / (1 + log_sigma.exp() ** 2)
        attention = taught.loss(batch.sources, latents, seen, model.probes)
    moved = batch.sources[latents.shape[-1] * latents.shape[-2]].moved()[:, :, None]
    weights = torch.where(moved, configuration.moved_weight, 1.0)
    error = (predicted.float() - target).square().mean(dim=2, keepdim=True)
    return (error * weights).sum() / weights.sum() + configuration.attention_weight * attention


def _normal(shape: torch.Size, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(shape, generator=generator).to(like)
