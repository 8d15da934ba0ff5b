"""Stable Video Diffusion: `UNetSpatioTemporalConditionModel` in diffusers' `StableVideoDiffusionPipeline`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.unet import TAGS, default_features, unet_sites
from hitmark.control.abilities import Abilities

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 8
"""Frames decoded at once."""


def sites(network: Any) -> Iterator[Site]:
    """Self-attention in space and in time."""
    return unet_sites(network, reads_words=False)


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines."""
    frames = pipe.decode_latents(clean.to(pipe.vae.dtype), clean.shape[1], CHUNK)
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def encode(pipe: Any, video: Tensor) -> Tensor:
    """Frame by frame; scaled as noisy latents are, which the latents of the first picture are not."""
    import torch

    parts = video.movedim(-1, 1).split(CHUNK)
    return (
        torch.cat([pipe.vae.encode(part).latent_dist.mode() for part in parts])[None] * pipe.vae.config.scaling_factor
    )


STABLE_VIDEO = Family(
    abilities=Abilities(True, False, frozenset({"frame", "cell"}), TAGS - {"second", "in"}),
    sites=sites,
    decode=decode,
    tokens=lambda _pipe, _arguments: None,
    default_features=default_features,
    denoisers=("unet",),
    latents="bfchw",
    argument="sample",
    scaled=True,
    stride=(1, 8, 8),
    causal=False,
    unit=8,
    halvings=True,
    halving_vae=True,
    encode=encode,
    prompted=False,
    frames_in_config=True,
    autocast=False,  # the image's embedding goes through numpy, which has no bfloat16
)
