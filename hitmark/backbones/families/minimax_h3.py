"""MiniMax-H3: `MiniMaxH3Transformer3DModel` in diffusers' modular `MiniMaxH3ModularPipeline`, video with sound.

One sequence has the text, the sound and the video, in this order, and every token sees every other one. The weights are
distilled, so that a step is one call of the network. Sound is left to the pipeline. Clips from pictures and references
have rows of these in the sequence, and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.transformer import block_sites, middle_blocks
from hitmark.control.abilities import Abilities
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt, read_prompts

if TYPE_CHECKING:
    from torch import Tensor

STRUCTURE = ("timestep", "timestep_indices", "token_tags", "position_ids")
INDICES = ("text_indices", "audio_indices", "video_indices")
"""Which rows of the sequence are what."""
SIZES = ("num_latent_frames", "latent_height", "latent_width")


def sites(network: Any) -> Iterator[Site]:
    """Joint attention; the words alone, before it, are left alone."""
    return block_sites(network, "transformer_blocks", "attn", None)


def decode(pipe: Any, clean: Tensor) -> Tensor:
    """As the pipeline's block that decodes."""
    config, latents = pipe.vae.config, clean.transpose(1, 2)
    latents = latents * _of_channels(config.latents_std, latents) + _of_channels(config.latents_mean, latents)
    frames = pipe.vae.decode(latents, return_dict=False)[0].float()
    frames = (frames * _of_channels(pipe.pixel_std, frames) + _of_channels(pipe.pixel_mean, frames)).clamp(0, 1)
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def _of_channels(values: Any, like: Tensor) -> Tensor:
    return like.new_tensor(values).view(1, -1, 1, 1, 1)


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt]:
    """The prompt as it is written, without special tokens and padding."""
    bare: dict[str, Any] = {"padding": False, "truncation": False, "add_special_tokens": False}
    return read_prompts(pipe.tokenizer, arguments["prompt"], 1, padding_is_text=False, **bare)  # of any length


def times(pipe: Any, arguments: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The noise levels of video and sound at a step of the loop, and which of them each row has."""
    import torch

    rows = torch.full((len(arguments["position_ids"]),), float(pipe.scheduler.timesteps[index]))
    rows[arguments["audio_indices"].cpu()] = float(pipe.audio_scheduler.timesteps[index])
    levels = torch.unique(rows, sorted=True, return_inverse=True)
    named = zip(("timestep", "timestep_indices"), levels, strict=True)
    return {name: each.to(arguments[name].device) for name, each in named}


def check_rows(arguments: Mapping[str, Any]) -> None:
    """Raise HitmarkError for a sequence that has more in it than text, sound and video, in another order or number."""
    import torch

    if arguments["num_condition_video_rows"] or arguments["num_condition_audio_rows"]:
        raise HitmarkError(
            "MiniMaxH3ModularPipeline: expected a clip from words alone, got one from image, last_image or references, "
            "whose rows stand among those of the video. Leave them out, or call the pipeline without the controls."
        )
    rows = torch.cat([arguments[name] for name in INDICES])
    if not torch.equal(rows, torch.arange(len(rows), device=rows.device)):
        raise HitmarkError(
            "MiniMaxH3ModularPipeline: expected a sequence of text, sound and video in this order, got another one. "
            "Use diffusers' own MiniMaxH3PrepareLayoutStep, or call the pipeline without the controls."
        )
    wanted, got = len(arguments["video_indices"]), len(arguments["latents"])
    if got != wanted:
        sizes = ", ".join(str(arguments[name]) for name in SIZES)
        raise HitmarkError(
            f"latents: expected those of one clip, of shape (1, channels, {sizes}), which are {wanted} rows, got {got} "
            "rows. Give latents of the size that the call makes, or leave them out."
        )


MINIMAX_H3 = Family(
    abilities=Abilities(False, True, frozenset({"video"})),
    sites=sites,
    decode=decode,
    tokens=tokens,
    default_features=middle_blocks,
    latents="packed",
    at_step="without clips",
    shared=frozenset({*STRUCTURE, *INDICES}),
    branches=("cond",),
    stride=(4, 16, 16),
    patch=(1, 2, 2),
    chunk=5,
    text_first=True,
    unit=32,
    times=times,
    callback=None,
    least_frames=124,
    checks={"prepare_latents": check_rows},
)
