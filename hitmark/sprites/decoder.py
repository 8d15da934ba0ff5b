"""Training of the embedded decoder: pictures back from the linear code, sharper than its linear inverse."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hitmark.sprites.code import LinearCode
from hitmark.sprites.fast import half_precision
from hitmark.sprites.video_code import VideoCode

NOISE = 0.05
"""Standard deviation of noise added to half of the codes, because generated latents are never exact."""
VIDEO_NOISE = 0.2
"""The most of it for videos, where it is drawn evenly. At a noise level of 0.1 clean samples of sprites-wan are off by
0.08 to 0.13 where things are, and by 0.03 elsewhere in clips from text (`scripts/measure_denoising.py --level 0.1`,
step 11,800: roots of what it prints)."""


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
    with half_precision(frames.device.type):
        decoded = decoder(noisy, **of_clips)
    return _pixel_loss(decoded.float(), pictures)


def video_decoder_loss(
    decoder: nn.Module, code: VideoCode, videos: Tensor, generator: torch.Generator, half: bool = False
) -> Tensor:
    """The same for Wan's causal decoder. Videos (batch, frames, 3, H, W), frames = 1 + 4n; `half`: in bfloat16."""
    latents = code.encode(videos)
    drawn = torch.rand(2, len(videos), generator=generator).to(videos)
    strength = VIDEO_NOISE * drawn[0] * (drawn[1] < 0.5)
    noise = torch.randn(latents.shape, generator=generator).to(videos)
    with half_precision(videos.device.type, half):
        decoded = decode_causally(decoder, latents + strength[:, None, None, None, None] * noise)
    return _pixel_loss(decoded.float().flatten(0, 1), videos.flatten(0, 1))


def kernels_last(network: nn.Module) -> None:
    """Lay the kernels of 3D convolutions out with their channels last: a processor's half precision is faster so."""
    for parameter in network.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)


def see_present_frame(decoder: nn.Module) -> None:
    """Make Wan's decoder one that sees the present latent frame alone, and shows it in every frame of its block.

    What pictures look like can then be learned from single frames, at a fraction of the cost of clips.
    """
    for name, parameter in decoder.named_parameters():
        values = parameter.data
        if parameter.ndim == 5:
            values[:, :, :-1] = 0
        if name.endswith("time_conv.weight"):  # (2 x channels, channels, 3, 1, 1): it makes two frames of one
            values[:, :, -1, 0, 0] = torch.eye(values.shape[1]).repeat(2, 1)
        elif name.endswith("time_conv.bias"):
            values.zero_()


def decode_causally(decoder: Any, latents: Tensor) -> Tensor:
    """Latents (batch, channels, F, h, w) to videos (batch, frames, 3, H, W), a latent frame at a time."""
    from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify

    kept: list[Any] = [None] * sum(isinstance(module, WanCausalConv3d) for module in decoder.modules())
    parts = []
    for number in range(latents.shape[2]):
        one = latents[:, :, number : number + 1]
        parts.append(decoder(one, feat_cache=kept, feat_idx=[0], first_chunk=number == 0))
    return unpatchify(torch.cat(parts, 2), patch_size=2).transpose(1, 2)


def _pixel_loss(decoded: Tensor, pictures: Tensor) -> Tensor:
    """Absolute and squared error of pixels, and half the absolute error of their differences."""
    difference = decoded - pictures
    edges = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return difference.abs().mean() + difference.square().mean() + 0.5 * edges
