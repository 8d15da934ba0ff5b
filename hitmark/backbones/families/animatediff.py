"""AnimateDiff: `UNetMotionModel` in diffusers' `AnimateDiffPipeline`, from text.

The U-Net of Stable Diffusion 1.5 with a motion module behind each of its layers, whose two attentions both look at the
frames of a cell. The pipeline repeats the words for each frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hitmark.backbones.base import Site
from hitmark.backbones.families.text_to_video import TEXT_TO_VIDEO
from hitmark.backbones.families.unet import TAGS, unet_sites
from hitmark.errors import HitmarkError

FREE_NOISE = (
    "enable_free_noise: motion modules see a window of frames at a time, where boxes would be those of other frames; "
    "call pipe.disable_free_noise() before controls are attached, or load the pipeline again where that ends in an "
    "error, as it does with motion adapters that have nothing in the middle block"
)
FREE_INIT = (
    "enable_free_init: the loop runs several times, and controls would act in the first of them alone; call "
    "pipe.disable_free_init() before"
)
IN_PARTS = (
    "enable_free_noise_split_inference: layers run on a few of their frames or cells at a time, and controls could not "
    "tell which; load the pipeline again and leave it out"
)
REPLACED = {"FreeNoiseTransformerBlock": FREE_NOISE, "SplitInferenceModule": IN_PARTS}
"""Classes of modules that are put in the place of others, and why controls cannot act there."""


def sites(network: Any) -> Iterator[Site]:
    """Every attention layer; raises HitmarkError where layers are not run as wholes."""
    for module in network.modules():
        if type(module).__name__ in REPLACED:
            raise HitmarkError(REPLACED[type(module).__name__])
    return unet_sites(network, reads_words=True)


def still(config: Any) -> frozenset[str]:
    """The middle block, where the motion adapter has nothing for it."""
    return frozenset() if getattr(config, "use_motion_mid_block", True) else frozenset({"middle"})


def one_text_a_clip(arguments: Mapping[str, Any]) -> None:
    """Raise HitmarkError for a prompt that changes from frame to frame."""
    if isinstance(arguments["prompt"], dict):
        raise HitmarkError(
            "prompt: expected one text for each clip, in which controls look for the words of a subject, got a dict of "
            'texts by frame; give one text, such as prompt="a red car on a road"'
        )


def refused(reason: str) -> Callable[[Mapping[str, Any]], None]:
    """Raises HitmarkError for any call of a method that the pipeline calls in a mode of its own alone."""

    def refuse(_arguments: Mapping[str, Any]) -> None:
        raise HitmarkError(reason)

    return refuse


ANIMATEDIFF = replace(
    TEXT_TO_VIDEO,
    abilities=replace(TEXT_TO_VIDEO.abilities, tags=TAGS - {"in"}),
    sites=sites,
    still=still,
    at_step="same",
    by_frame=frozenset({"encoder_hidden_states"}),
    callback="callback_on_step_end",
    positions="motion_max_seq_length",
    checks={
        "check_inputs": one_text_a_clip,
        "_encode_prompt_free_noise": refused(FREE_NOISE),
        "_apply_free_init": refused(FREE_INIT),
    },
)
