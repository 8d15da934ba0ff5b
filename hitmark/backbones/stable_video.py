"""Stable Video Diffusion: `UNetSpatioTemporalConditionModel` in diffusers' `StableVideoDiffusionPipeline`.

The U-Net takes (batch, frames, 2 * channels, height, width): the scaled noisy latents and, beside them on the channel
axis, the latents of the first picture. With classifier-free guidance the batch is [unconditional; conditional].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitmark.backbones.call import DenoiserCall, Order
from hitmark.backbones.capture import Site, read_self_attention
from hitmark.backbones.layers import AttentionLayer
from hitmark.backbones.memory import activation_gib, gradient_checkpointing
from hitmark.backbones.unet import PIPELINE_UNIT, UNetPipeline
from hitmark.control import Layers, SelfAttention
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt

PUBLISHED_LAYERS = ("2.1", "2.2")  # SG-I2V on the real U-Net (four up blocks, three attentions each)


class StableVideo(UNetPipeline):
    """Adapter of one pipeline object."""

    shows_self_attention = True

    @property
    def size_unit(self) -> int:
        """Pixels that both sides must be multiples of: a halved odd row of latents cannot be given back."""
        levels = len(getattr(self.network.config, "down_block_types", ("",)))
        return math.lcm(PIPELINE_UNIT, self.factor * 2 ** (levels - 1))

    def run(self, order: Order) -> np.ndarray:
        """Call the pipeline; frames float32 (frames, height, width, 3) in 0..1."""

        def after_step(_pipe: Any, index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            order.after_step(index, values["latents"])
            return {}

        if order.picture is None:
            raise HitmarkError("image: this model starts from a picture, but none was given; add one")
        picture = order.picture.resize((order.width, order.height))
        return self.call(order, picture, callback_on_step_end=after_step)

    def attention_layers(self) -> list[AttentionLayer]:
        """None yet: no published method edits the attention of this family."""
        return []

    def prompts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Prompt] | None:
        """None: this family takes a picture, no text."""
        return None

    def frames_first(self, latents: Tensor) -> Tensor:
        """The pipeline's latents as (batch, frames, channels, height, width): these are."""
        return latents

    def as_in_pipeline(self, latents: Tensor) -> Tensor:
        """The inverse of `frames_first`."""
        return latents

    def frames_first_at_step(self, latents: Tensor, frames: int) -> Tensor:
        """What the scheduler's `step` is given, as (batch, frames, channels, height, width): it is."""
        return latents

    def as_at_step(self, latents: Tensor) -> Tensor:
        """The inverse of `frames_first_at_step`."""
        return latents

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any], clips: int) -> DenoiserCall:
        """Name the arguments of a call for `clips` clips and say what they mean."""
        arguments = self.network_call(args, kwargs)
        sample = arguments["sample"]
        guided = bool(self.pipe.do_classifier_free_guidance)
        _rows, frames, both_channels, height, width = sample.shape
        return DenoiserCall(arguments, clips, guided, frames, both_channels // 2, height, width)

    def with_latents(self, call: DenoiserCall, scaled: Tensor) -> dict[str, Any]:
        """The arguments of the same call on other latents (batch, frames, channels, height, width), already scaled."""
        scaled = torch.cat([scaled] * 2) if call.guided else scaled
        image = call.arguments["sample"][:, :, call.channels :]
        return call.arguments | {"sample": torch.cat([scaled.to(image.dtype), image], dim=2)}

    def self_attention(
        self,
        call: DenoiserCall,
        clip: int,
        scaled: Tensor,
        layers: Layers,
        *,
        first_frame_keys: bool,
        memory_budget: float | None,
    ) -> list[SelfAttention]:
        """Spatial self-attention of the conditional branch of one clip on other latents, differentiable.

        Args:
            call: what the pipeline asked the network.
            clip: which of the batch.
            scaled: (1, frames, channels, height, width), scaled by the scheduler.
            layers: "BLOCK.LAYER" names in the up blocks, a list or one comma-separated string; None = default.
            first_frame_keys: keep keys and values of the first frame only.
            memory_budget: GiB of activations above which gradient checkpointing is used; None = never.
        """
        sites = self.sites(layers)
        arguments = self.with_latents(call.of_prompt(clip), scaled)
        checkpointing: AbstractContextManager[None] = nullcontext()
        if memory_budget is not None and activation_gib(self.network, call, sites) > memory_budget:
            # the pass ends inside the last layer read, and an exception must not cross a checkpointed region
            checkpointing = gradient_checkpointing(self.network, except_for=[site.picture for site in sites[-1:]])
        with checkpointing, torch.enable_grad():
            return read_self_attention(lambda: self.network(**arguments), sites, first_frame_keys=first_frame_keys)

    def check_layers(self, layers: Layers) -> None:
        """Raise HitmarkError for layers that the network does not have."""
        self.sites(layers)

    def sites(self, layers: Layers = None) -> list[Site]:
        """The layers by name, in the order in which the network runs them.

        Raises:
            HitmarkError: a name that the network does not have.
        """
        present = {
            f"{block}.{layer}": Site(f"{block}.{layer}", transformer.transformer_blocks[0].attn1, transformer)
            for block, up_block in enumerate(self.network.up_blocks)
            for layer, transformer in enumerate(getattr(up_block, "attentions", []))
        }
        wanted = self.default_layers(list(present)) if layers is None else _names(layers)
        unknown = [name for name in wanted if name not in present]
        if unknown or not wanted:
            raise HitmarkError(
                f"layers: this U-Net has no spatial self-attention {', '.join(map(repr, unknown)) or 'in that list'}. "
                f"Expected BLOCK.LAYER of its up blocks, some of: {', '.join(present) or '(none)'}."
            )
        return [site for name, site in present.items() if name in wanted]

    def default_layers(self, present: list[str]) -> Sequence[str]:
        """The published layers where the network has them, else the last two of the level at half latent size.

        A network without attention at that level uses the next finer level that has some, else the next coarser.
        """
        if set(PUBLISHED_LAYERS) <= set(present):
            return PUBLISHED_LAYERS
        blocks = len(self.network.up_blocks)
        half_size = max(blocks - 2, 0)
        for block in [*range(half_size, blocks), *range(half_size - 1, -1, -1)]:
            names = [name for name in present if name.startswith(f"{block}.")]
            if names:
                return names[-2:]
        return ()


def _names(layers: Layers) -> list[str]:
    names = layers.split(",") if isinstance(layers, str) else list(layers or [])
    return [str(name).strip() for name in names]
