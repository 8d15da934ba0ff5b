"""Clips of the embedded video transformer while it is trained: latents by the stock sampler, and sheets for the eye."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.scenes import held_out
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.video_networks import TOKENS, VideoModel, build_flow_scheduler, build_tokenizer
from hitmark.sprites.video_training import TRAINED_LEVELS, encode_words


@torch.no_grad()
def sample(
    model: VideoModel,
    configuration: VideoConfiguration,
    captions: list[str],
    generator: torch.Generator,
    first: Tensor | None = None,
    steps: int = 20,
    guidance: float = 4.0,
    clean: Tensor | None = None,
    level: float = 1.0,
) -> Tensor:
    """Latents (captions, channels, F, h, w) by the stock sampler; `first`: given latent frames (.., 1, h, w).

    With `clean` latents the clips begin as these at the sampler's first noise level that is at most `level` (0..1).
    What the stock pipelines do, without an autoencoder.
    """
    if clean is None:
        cells = (1 + (configuration.frames - 1) // 4, configuration.height // 8, configuration.width // 8)
    else:
        cells = tuple(clean.shape[2:])
    scheduler: Any = build_flow_scheduler(configuration.sampling_shift)
    scheduler.set_timesteps(steps)
    timesteps, device = scheduler.timesteps, next(model.parameters()).device
    latents = torch.randn(
        (len(captions), configuration.latent_channels, *cells), generator=generator, dtype=torch.float32
    ).to(device)
    if clean is not None:
        timesteps = timesteps[timesteps <= level * TRAINED_LEVELS]
        begun = float(timesteps[0]) / TRAINED_LEVELS
        latents = (1 - begun) * clean + begun * latents
    tokenizer = build_tokenizer()
    words = [encode_words(model.text_encoder, tokenizer, texts, TOKENS) for texts in (captions, [""] * len(captions))]
    for timestep in timesteps:
        times = timestep.float().to(device).expand(len(captions), *cells).clone()
        fed = latents.clone()
        if first is not None:
            fed[:, :, :1] = first
            times[:, 0] = 0
        tokens = times[:, :, ::2, ::2].flatten(1)
        cond, uncond = (model.transformer(fed, tokens, states, return_dict=False)[0].float() for states in words)
        latents = scheduler.step(uncond + guidance * (cond - uncond), timestep, latents, return_dict=False)[0]
    if first is not None:
        latents[:, :, :1] = first
    return latents


def sheet(model: VideoModel, code: VideoCode, configuration: VideoConfiguration, clips: int = 6) -> Image.Image:
    """Rows of frames of clips of the tune split, decoded linearly: from text, then from their first picture."""
    made = list(held_out(configuration.world(), clips, "tune"))
    captions = [scene.clip.plan.caption for scene in made]
    generator = torch.Generator().manual_seed(0)
    pictures = torch.from_numpy(np.stack([np.asarray(scene.picture) for scene in made]))
    first = code.encode((pictures.permute(0, 3, 1, 2)[:, None] / 127.5 - 1).float())
    rows = [sample(model, configuration, captions, generator), sample(model, configuration, captions, generator, first)]
    frames = code.decode(torch.cat(rows)).clamp(-1, 1)[:, ::4]
    picture = ((frames + 1) * 127.5).round().to(torch.uint8).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return Image.fromarray(picture.numpy())
