"""AnimateDiff: `UNetMotionModel` in diffusers' `AnimateDiffPipeline`, from text.

The U-Net of Stable Diffusion 1.5 with a motion module behind each of its layers, whose two attentions both look at the
frames of a cell. The pipeline repeats the words for each frame.
"""

from __future__ import annotations

from dataclasses import replace

from hitmark.backbones.families.text_to_video import TEXT_TO_VIDEO
from hitmark.backbones.families.unet import TAGS

ANIMATEDIFF = replace(
    TEXT_TO_VIDEO,
    abilities=replace(TEXT_TO_VIDEO.abilities, tags=TAGS - {"in"}),
    at_step="same",
    by_frame=frozenset({"encoder_hidden_states"}),
    callback="callback_on_step_end",
    positions="motion_max_seq_length",
)
