"""Wan 2.1 and 2.2: `WanTransformer3DModel` in diffusers' `WanPipeline` and `WanImageToVideoPipeline`.

Guidance takes two calls of the network, and 2.2 (14B) has one network for the noisy steps and one for the others. TI2V
(5B) gives each token its own timestep: a given picture is latent frame 0 itself, at timestep 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.prompt import Prompt, read_prompts

if TYPE_CHECKING:
    from torch import Tensor


def sites(network: Any) -> Iterator[Site]:
    """Full attention, and attention to the words; that to a picture's keys is left alone."""
    return block_sites(network, "blocks", "attn1", "attn2")


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines."""
    import torch

    config = pipe.vae.config
    latents = clean.transpose(1, 2).to(pipe.vae.dtype)
    mean, deviation = (
        torch.tensor(each).view(1, -1, 1, 1, 1).to(latents) for each in (config.latents_mean, config.latents_std)
    )
    frames = pipe.vae.decode(latents / (1.0 / deviation) + mean, return_dict=False)[0]
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def encode(pipe: Any, video: Tensor) -> Tensor:
    """As the pipeline encodes a picture: normalized channel by channel."""
    import torch

    config = pipe.vae.config
    latents = pipe.vae.encode(video.movedim(-1, 0)[None]).latent_dist.mode()
    mean, deviation = (
        torch.tensor(each).view(1, -1, 1, 1, 1).to(latents) for each in (config.latents_mean, config.latents_std)
    )
    return ((latents - mean) * (1.0 / deviation)).transpose(1, 2)


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of UMT5. Padding is zeros that the network looks at, but was never taught a meaning of."""
    from diffusers.pipelines.wan.pipeline_wan import prompt_clean

    given = arguments.get("prompt")
    if given is None:
        return None
    texts = [prompt_clean(each) for each in ([given] if isinstance(given, str) else given)]
    return read_prompts(pipe.tokenizer, texts, arguments["max_sequence_length"], padding_is_text=False)


def negative(encoded: Sequence[Any]) -> dict[str, Any]:
    """`encode_prompt` gives (prompt, negative prompt), the latter None without guidance."""
    return {} if encoded[0][1] is None else {"encoder_hidden_states": encoded[0][1]}


def words(_pipe: Any, network: Any, encoded: Any) -> dict[str, Tensor]:
    """Through the network's own projection of text."""
    return {"encoder_hidden_states": network.condition_embedder.text_embedder(encoded[0].to(network.dtype))}


WAN = Family(
    abilities=Abilities(False, True, frozenset({"video", "words"})),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=middle_blocks,
    words=words,
    denoisers=("transformer", "transformer_2"),
    patch=(1, 2, 2),
    negative=negative,
    encode=encode,
)
WAN_IMAGE = replace(WAN, abilities=replace(WAN.abilities, takes_image=True), given=1, given_if="expand_timesteps")
