"""Training of the embedded decoder: pictures back from the linear code, sharper than its linear inverse."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hitmark.sprites.code import LinearCode

NOISE = 0.05
"""Standard deviation of noise added to half of the codes, because generated latents are never exact."""


def decoder_loss(
    decoder: nn.Module, code: LinearCode, frames: Tensor, generator: torch.Generator, temporal: bool = True
) -> Tensor:
    """Absolute error of pixels and of their horizontal and vertical differences. Frames (batch, frames, 3, H, W).

    `temporal`: the decoder is Stable Video Diffusion's, which sees whole clips.
    """
    count, length = frames.shape[:2]
    pictures = frames.flatten(0, 1)
    latents = code.encode(pictures)
    strength = NOISE * (torch.rand(count, generator=generator) < 0.5).to(frames).repeat_interleave(length)
    noise = torch.randn(latents.shape, generator=generator).to(frames)
    noisy = latents + strength[:, None, None, None] * noise
    of_clips: dict[str, Any] = {}
    if temporal:
        indicator = torch.zeros(count, length, dtype=frames.dtype, device=frames.device)
        of_clips = {"num_frames": length, "image_only_indicator": indicator}
    with torch.autocast(frames.device.type, torch.bfloat16):
        decoded = decoder(noisy, **of_clips)
    decoded = decoded.float()
    difference = decoded - pictures
    edges = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return difference.abs().mean() + difference.square().mean() + 0.5 * edges
