"""ModelScope and ZeroScope: `UNet3DConditionModel` in diffusers' `TextToVideoSDPipeline`.

The pipeline class is deprecated upstream (frozen at 0.33.1, still shipped with 0.42.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.unet import TAGS, default_features, unet_sites
from hitmark.control.abilities import Abilities
from hitmark.prompt import Prompt, read_prompts

if TYPE_CHECKING:
    from torch import Tensor


CHUNK = 8
"""Frames encoded at once."""


def sites(network: Any) -> Iterator[Site]:
    """Every attention layer."""
    return unet_sites(network, reads_words=True)


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines."""
    frames = pipe.decode_latents(clean.transpose(1, 2).to(pipe.vae.dtype))
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def encode(pipe: Any, video: Tensor) -> Tensor:
    """Frame by frame."""
    import torch

    parts = video.movedim(-1, 1).split(CHUNK)
    return (
        torch.cat([pipe.vae.encode(part).latent_dist.mode() for part in parts])[None] * pipe.vae.config.scaling_factor
    )


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of CLIP; a learned embedding's placeholder is put in first, as the pipeline does."""
    given = arguments.get("prompt")
    if given is None:
        return None
    if hasattr(pipe, "maybe_convert_prompt"):
        given = pipe.maybe_convert_prompt(given, pipe.tokenizer)
    return read_prompts(pipe.tokenizer, given, pipe.tokenizer.model_max_length, padding_is_text=True)


TEXT_TO_VIDEO = Family(
    abilities=Abilities(False, True, frozenset({"frame", "cell", "words"}), TAGS),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=default_features,
    denoisers=("unet",),
    at_step="frames in the batch",
    argument="sample",
    scaled=True,
    stride=(1, 8, 8),
    causal=False,
    unit=8,
    halving_vae=True,
    callback="callback",
    encode=encode,
)
