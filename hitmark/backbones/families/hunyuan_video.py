"""The first HunyuanVideo: `HunyuanVideoTransformer3DModel` in diffusers' `HunyuanVideoPipeline`, and SkyReels-V1, which
was trained on from it to begin with a picture: `HunyuanSkyreelsImageToVideoPipeline`.

Video and text stand in one sequence, the text last, padding hidden by a mask: in blocks with weights for each of both,
then in blocks with weights for all. Guidance is a number that the network is told; with `true_cfg_scale` there is a
negative branch too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, decode_scaled, encode_scaled, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.prompt import Prompt, read_prompts, within_template


def sites(network: Any) -> Iterator[Site]:
    """Joint attention, in both kinds of blocks."""
    kinds = ("transformer_blocks", "single_transformer_blocks")
    every = [site for kind in kinds for site in block_sites(network, kind, "attn", None)]
    for number, site in enumerate(every):
        yield replace(site, depth=number / max(1, len(every) - 1), feature=str(number))


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of Llama, behind its template. What CLIP reads is told to the network as one vector."""
    given, template = arguments.get("prompt"), arguments["prompt_template"]
    if given is None or arguments.get("prompt_embeds") is not None:
        return None
    texts, written = [given] if isinstance(given, str) else given, template["template"].format
    crop = _crop(pipe, template)
    length = arguments["max_sequence_length"] + crop
    read = read_prompts(pipe.tokenizer, [written(text) for text in texts], length, padding_is_text=False)
    return [within_template(each, text, written, crop) for each, text in zip(read, texts, strict=True)]


def _crop(pipe: Any, template: Mapping[str, Any]) -> int:
    """How many of the first tokens the pipeline leaves out."""
    crop = template.get("crop_start")
    return len(pipe.tokenizer(template["template"], padding="max_length").input_ids) - 2 if crop is None else crop


def negative(encoded: Sequence[Any]) -> dict[str, Any]:
    """With true guidance `encode_prompt` is called once more."""
    names = ("encoder_hidden_states", "pooled_projections", "encoder_attention_mask")
    return {} if len(encoded) < 2 else dict(zip(names, encoded[1], strict=True))


HUNYUAN_VIDEO = Family(
    abilities=Abilities(False, True, frozenset({"video"})),
    sites=sites,
    decode=decode_scaled,
    tokens=tokens,
    default_features=middle_blocks,
    patch=(1, 2, 2),
    negative=negative,
    encode=encode_scaled,
)
SKYREELS_V1_IMAGE = replace(HUNYUAN_VIDEO, abilities=replace(HUNYUAN_VIDEO.abilities, takes_image=True))
