"""HunyuanVideo 1.5: `HunyuanVideo15Transformer3DModel` in diffusers' `HunyuanVideo15Pipeline`.

Video and text stand in one sequence, the text last: the valid tokens of a picture, of glyphs and of the prompt, then
padding, which a mask hides. Which of them a word of the prompt has depends on a chat template, and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, middle_blocks
from hitmark.control.abilities import Abilities

if TYPE_CHECKING:
    from torch import Tensor


def sites(network: Any) -> Iterator[Site]:
    """Joint attention."""
    return block_sites(network, "transformer_blocks", "attn", None)


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines."""
    latents = clean.transpose(1, 2).to(pipe.vae.dtype) / pipe.vae.config.scaling_factor
    frames = pipe.vae.decode(latents, return_dict=False)[0]
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def negative(encoded: Sequence[Any]) -> dict[str, Any]:
    """`encode_prompt` is called once for the prompt, and with guidance once more."""
    names = ("encoder_hidden_states", "encoder_attention_mask", "encoder_hidden_states_2", "encoder_attention_mask_2")
    return {} if len(encoded) < 2 else dict(zip(names, encoded[1], strict=True))


HUNYUAN_VIDEO = Family(
    abilities=Abilities(False, False, frozenset({"video"})),
    sites=sites,
    decode=decode,
    tokens=lambda _pipe, _arguments: None,
    default_features=middle_blocks,
    stride=(4, 16, 16),
    negative=negative,
    callback=None,
)
