"""A random-weight pipeline of AnimateDiff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded
from hitmark.backbones.tiny.unets import tiny_text_to_video


def tiny_animatediff(seed: int = 0, *, channels: Sequence[int] = (32, 64), middle: bool = True) -> Any:
    """An `AnimateDiffPipeline` with the real classes and scheduler settings and random weights, float32, CPU.

    Args:
        seed: of the weights; the global generator is left alone.
        channels: of the U-Net's levels, multiples of 32. As in Stable Diffusion, the coarsest level has motion alone.
        middle: whether the middle block has a motion module, as that of the adapter v1-5-2, and not v1-5 and v1-5-3.
    """
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter, UNet2DConditionModel

    levels, parts = len(channels) - 1, tiny_text_to_video(seed, channels=(32,), cross_width=32).components
    blocks: dict[str, Any] = {
        "down_block_types": ("CrossAttnDownBlock2D",) * levels + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * levels,
        "block_out_channels": tuple(channels),
        "layers_per_block": 1,
    }
    with seeded(seed):
        parts["unet"] = UNet2DConditionModel(**blocks, sample_size=8, cross_attention_dim=32, attention_head_dim=2)
        motion: dict[str, Any] = {"motion_layers_per_block": 1, "motion_num_attention_heads": 2}
        adapter = MotionAdapter(tuple(channels), **motion, use_motion_mid_block=middle)
    betas: Any = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}
    parts["scheduler"] = DDIMScheduler(**betas, clip_sample=False, steps_offset=1, timestep_spacing="linspace")
    return finished(AnimateDiffPipeline(**parts, motion_adapter=adapter))
