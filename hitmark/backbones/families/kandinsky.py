"""Kandinsky 5: `Kandinsky5Transformer3DModel` in diffusers' `Kandinsky5T2VPipeline` and `Kandinsky5I2VPipeline`.

Latents have their channels last, with room for a given picture behind them in what the pipeline holds; a given picture
is latent frame 0, which the scheduler is not given. Guidance takes two calls, the prompt's first. Words pass through
blocks of their own that know the noise level, so those of another text would change from step to step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, decode_scaled, encode_scaled, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt, read_prompts, within_template

if TYPE_CHECKING:
    from torch import Tensor

ALIGNED = 4
"""First latent frames that the image-to-video pipeline brings to the mean and spread of those behind them."""


def sites(network: Any) -> Iterator[Site]:
    """Full attention, and attention to the words."""
    return block_sites(network, "visual_transformer_blocks", "self_attention", "cross_attention")


def check_regular(config: Any) -> None:
    """Raise HitmarkError for a network that leaves out blocks of tokens, which it chooses itself."""
    kind = getattr(config, "attention_type", "regular")
    if kind != "regular":
        raise HitmarkError(
            f"attention_type: this network is {kind!r}, it attends to blocks of tokens that it chooses itself, which "
            "controls cannot edit; expected 'regular', as in checkpoints for clips of 5 seconds; use one of those"
        )


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's last lines."""
    if hasattr(pipe, "normalize_first_frame") and clean.shape[1] > ALIGNED:
        clean = pipe.normalize_first_frame(clean.movedim(2, -1)).movedim(-1, 2)
    return decode_scaled(pipe, clean)


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of Qwen behind the template that stands around each prompt, of which the first tokens are not kept."""
    from diffusers.pipelines.kandinsky5.pipeline_kandinsky import prompt_clean

    given = arguments.get("prompt")
    if given is None:
        return None
    texts = [prompt_clean(each) for each in (given if isinstance(given, list) else [given])]
    first, most = pipe.prompt_template_encode_start_idx, arguments["max_sequence_length"]
    whole = _shortened(pipe, [pipe.prompt_template.format(each) for each in texts], most)
    tokenizer = getattr(pipe.tokenizer, "tokenizer", pipe.tokenizer)
    read = read_prompts(tokenizer, whole, first + most, padding_is_text=False, padding="longest")
    written = pipe.prompt_template.format
    return [within_template(prompt, text, written, first) for prompt, text in zip(read, texts, strict=True)]


def _shortened(pipe: Any, whole: list[str], most: int) -> list[str]:
    """The texts as the pipeline cuts them where one has more tokens than it keeps: by as many characters."""
    first = pipe.prompt_template_encode_start_idx
    ids = pipe.tokenizer(text=whole, images=None, videos=None, return_tensors="pt", padding="longest")["input_ids"]
    if ids.shape[-1] <= first + most:
        return whole
    excess = [len(pipe.tokenizer.decode(each[first:-2][most - 2 :])) for each in ids]
    return [text[: len(text) - count] for text, count in zip(whole, excess, strict=True)]


def negative(encoded: Sequence[Any]) -> dict[str, Any]:
    """`encode_prompt` is called once for the prompt, and with guidance once more."""
    import torch

    if len(encoded) < 2:
        return {}
    words, whole, ends = encoded[1]
    places = torch.arange(int(ends.diff().max()))
    return {"encoder_hidden_states": words, "pooled_projections": whole, "text_rope_pos": places}


KANDINSKY = Family(
    abilities=Abilities(False, True, frozenset({"video", "words"}), words_change="words change from step to step"),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=middle_blocks,
    latents="bfhwc",
    shared=frozenset({"visual_rope_pos", "text_rope_pos", "scale_factor", "sparse_params"}),
    branches=("cond", "uncond"),
    patch=(1, 2, 2),
    negative=negative,
    encode=encode_scaled,
    network_check=check_regular,
)
KANDINSKY_IMAGE = replace(
    KANDINSKY,
    abilities=replace(KANDINSKY.abilities, takes_image=True),
    at_step="without given frames",
    given=1,
    least_frames=17,  # of fewer there are no frames behind those that are aligned, and the clip is not a number
)
