"""CogVideoX 1.0 and 1.5: `CogVideoXTransformer3DModel` in diffusers' `CogVideoXPipeline` and its image-to-video twin.

Words and video stand in one sequence, the words first. 1.5 joins two latent frames to one token, and puts a latent
frame in front where their number is odd; it is thrown away before decoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, encode_scaled, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.prompt import Prompt, read_prompts

if TYPE_CHECKING:
    from torch import Tensor


def sites(network: Any) -> Iterator[Site]:
    """Joint attention."""
    return block_sites(network, "transformer_blocks", "attn1", None)


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines, for a number of frames at which 1.5 puts one in front."""
    padded = (pipe.transformer.config.patch_size_t or 1) - 1
    frames = pipe.decode_latents(clean[:, padded:].to(pipe.vae.dtype))
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of T5."""
    given = arguments.get("prompt")
    if given is None:
        return None
    return read_prompts(pipe.tokenizer, given, arguments["max_sequence_length"], padding_is_text=False)


COGVIDEOX = Family(
    abilities=Abilities(False, True, frozenset({"video"})),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=middle_blocks,
    latents="bfchw",
    scaled=True,
    patch=(1, 2, 2),
    halving_vae=True,
    text_first=True,
    encode=encode_scaled,  # as noisy latents are; 1.5 scales those of the first picture the other way
)
COGVIDEOX_IMAGE = replace(COGVIDEOX, abilities=replace(COGVIDEOX.abilities, takes_image=True))
