"""ModelScope and ZeroScope: `UNet3DConditionModel` in diffusers' `TextToVideoSDPipeline`.

The pipeline class is deprecated upstream (frozen at 0.33.1, still shipped with 0.42.1); it is named in this file, the
table of adapters and the catalogue alone. The U-Net takes (batch, channels, frames, height, width); with
classifier-free guidance the batch is [negative prompt; prompt]. The scheduler's `step` sees (batch * frames, channels,
height, width).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitmark.backbones.call import DenoiserCall, Order
from hitmark.backbones.layers import AttentionLayer, attention_layers
from hitmark.backbones.unet import PIPELINE_UNIT, UNetPipeline
from hitmark.control import Layers
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt


class TextToVideo(UNetPipeline):
    """Adapter of one pipeline object."""

    shows_self_attention = False

    @property
    def size_unit(self) -> int:
        """Pixels that both sides must be multiples of; odd numbers of latent rows are no obstacle."""
        return math.lcm(PIPELINE_UNIT, self.factor)

    def run(self, order: Order) -> np.ndarray:
        """Call the pipeline; frames float32 (frames, height, width, 3) in 0..1."""

        def after_step(index: int, _timestep: Any, latents: Tensor) -> None:
            order.after_step(index, self.frames_first(latents))

        negative = order.negative_prompt or None
        return self.call(order, order.prompt, negative_prompt=negative, callback=after_step)

    def attention_layers(self) -> list[AttentionLayer]:
        """Every attention layer of the network."""
        return list(attention_layers(self.network))

    def prompts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Prompt] | None:
        """The prompts of a call of `encode_prompt`; None where it was given embeddings."""
        given = self.named("encode_prompt", args, kwargs).get("prompt")
        if given is None:
            return None
        tokenizer = self.pipe.tokenizer
        if hasattr(self.pipe, "maybe_convert_prompt"):
            given = self.pipe.maybe_convert_prompt(given, tokenizer)
        texts = [given] if isinstance(given, str) else list(given)
        length = tokenizer.model_max_length
        ids = tokenizer(texts, padding="max_length", max_length=length, truncation=True).input_ids
        return [Prompt(text, tuple(tokens), self._encode) for text, tokens in zip(texts, ids, strict=True)]

    def _encode(self, words: str) -> tuple[int, ...]:
        return tuple(self.pipe.tokenizer(words, add_special_tokens=False).input_ids)

    def frames_first(self, latents: Tensor) -> Tensor:
        """The pipeline's latents (batch, channels, frames, height, width) as (batch, frames, channels, ...)."""
        return latents.transpose(1, 2)

    def as_in_pipeline(self, latents: Tensor) -> Tensor:
        """The inverse of `frames_first`."""
        return latents.transpose(1, 2).contiguous()

    def frames_first_at_step(self, latents: Tensor, frames: int) -> Tensor:
        """What the scheduler's `step` is given, as (batch, frames, channels, height, width)."""
        return latents.unflatten(0, (-1, frames))

    def as_at_step(self, latents: Tensor) -> Tensor:
        """The inverse of `frames_first_at_step`."""
        return latents.flatten(0, 1)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any], clips: int) -> DenoiserCall:
        """Name the arguments of a call for `clips` clips and say what they mean."""
        arguments = self.network_call(args, kwargs)
        rows, channels, frames, height, width = arguments["sample"].shape
        return DenoiserCall(arguments, clips, rows == 2 * clips, frames, channels, height, width)

    def with_latents(self, call: DenoiserCall, scaled: Tensor) -> dict[str, Any]:
        """The arguments of the same call on other latents (batch, frames, channels, height, width), already scaled."""
        sample = self.as_in_pipeline(scaled).to(call.dtype)
        return call.arguments | {"sample": torch.cat([sample] * 2) if call.guided else sample}

    def check_layers(self, layers: Layers) -> None:
        """Raise HitmarkError for layers to read features of: this family has none."""
        if layers is not None:
            raise HitmarkError("layers: methods that read features are for image-to-video models.")
