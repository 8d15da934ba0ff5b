"""LTX-Video: `LTXVideoTransformer3DModel` in `LTXPipeline`, `LTXImageToVideoPipeline` and `LTXConditionPipeline`.

Latents are packed, one token a cell. A given picture is latent frame 0, which the scheduler is not given. Padding of
the words is hidden by a mask.

The last of the three is for versions from 0.9.5 on, and is called with or without a picture. It gives each token its
own timestep, 0 in given frames, which it makes a little noisy anew before each step; the scheduler is given all tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt, read_prompts

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN = -10000.0
"""Added to the logits of padding."""


def sites(network: Any) -> Iterator[Site]:
    """Full attention, and attention to the words."""
    return block_sites(network, "transformer_blocks", "attn1", "attn2")


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines, at the decoder's own timestep 0."""
    vae = pipe.vae
    latents = clean.transpose(1, 2)
    latents = pipe._denormalize_latents(latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor)
    timestep = latents.new_zeros(len(latents)) if vae.config.timestep_conditioning else None
    frames = vae.decode(latents.to(vae.dtype), timestep, return_dict=False)[0]
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def encode(pipe: Any, video: Tensor) -> Tensor:
    """As the pipeline encodes a picture."""
    vae = pipe.vae
    latents = vae.encode(video.movedim(-1, 0)[None]).latent_dist.mode()
    return pipe._normalize_latents(latents, vae.latents_mean, vae.latents_std).transpose(1, 2)


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of T5."""
    given = arguments.get("prompt")
    if given is None:
        return None
    return read_prompts(pipe.tokenizer, given, arguments["max_sequence_length"], padding_is_text=False)


def words(_pipe: Any, network: Any, encoded: Any) -> dict[str, Tensor]:
    """Through the network's own projection of captions, if any; padding is hidden as the network hides it."""
    embedded, mask = (each.to(network.dtype) for each in encoded[:2])
    project = getattr(network, "caption_projection", None)
    return {
        "encoder_hidden_states": embedded if project is None else project(embedded),
        "attention_mask": ((1 - mask) * HIDDEN)[:, None],
    }


def given_in(pipe: Any, arguments: Mapping[str, Any]) -> int:
    """Latent frames of what the clip begins with; raises HitmarkError for a clip that begins, or is held, elsewhere."""
    if arguments["sigma"] is not None:
        raise HitmarkError(
            "denoise_strength: methods act from the first step on, and below 1 the pipeline leaves steps out unsaid. "
            "Expected 1; call it without the controls to refine a finished clip."
        )
    conditions: Sequence[Any] = arguments["conditions"] or ()
    places: Sequence[int] = arguments["condition_frame_index"] if conditions else ()
    elsewhere = next((place for place in places if place), 0)
    if elsewhere:
        raise HitmarkError(
            f"frame_index: expected 0, a picture or video that the clip begins with, got {elsewhere}. Give that one "
            "alone, or call the pipeline without the controls."
        )
    return max(((each.shape[2] - 1) // pipe.vae_temporal_compression_ratio + 1 for each in conditions), default=0)


LTX = Family(
    abilities=Abilities(False, True, frozenset({"video", "words"})),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=middle_blocks,
    words=words,
    latents="packed",
    stride=(8, 32, 32),
    unit=32,
    encode=encode,
)
LTX_CONDITION = replace(LTX, abilities=replace(LTX.abilities, takes_image=True), given_in=given_in)
LTX_IMAGE = replace(LTX, abilities=replace(LTX.abilities, takes_image=True), at_step="without given frames", given=1)
