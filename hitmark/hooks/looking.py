"""The steps of a loop as controls see them: with a reader of features, and an estimator of what will come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.call import DenoiserCall
from hitmark.control import Layers, Layout, SelfAttention, Step
from hitmark.hooks.clock import StepClock
from hitmark.hooks.estimator import Estimator
from hitmark.hooks.features import read_features
from hitmark.hooks.layers import AttentionClock


@dataclass
class Looking:
    """Makes the steps of one pipeline.

    Attributes:
        clock: where the loop stands.
        attention: what the layers know.
        encoded: what the calls of `encode_prompt` gave for this loop.
    """

    clock: StepClock
    attention: AttentionClock
    encoded: Sequence[Any] = ()

    def end(self) -> None:
        """No loop runs."""
        self.clock.end()
        self.attention.clear()

    def step(self, call: DenoiserCall, clip: int, layout: Layout) -> Step:
        """The current step of one clip."""
        clock, backbone = self.clock, self.clock.backbone
        norm = clock.level.norm if backbone.family.scaled else 1.0

        def read(latents: Tensor, layers: Layers = None, **options: Any) -> list[SelfAttention]:
            prompted = clock.calls.get("cond", call).of_prompt(clip)
            return read_features(backbone, prompted, latents, norm, layers, **options)

        index, level, dtype = clock.index, clock.level, call.arguments[backbone.family.argument].dtype
        calls = self._calls(call)
        estimator = Estimator(backbone, clock.levels, self.attention, calls, clip, layout, clock.latents.dtype)
        half = dtype == torch.float16
        return Step(index, len(clock.levels), level.alpha, level.sigma, layout, half, read, estimator)

    def _calls(self, call: DenoiserCall) -> list[DenoiserCall]:
        """What guidance is made of: this call, or the last ones of each branch, or the negative prompt's made up."""
        if len(call.branches) > 1:
            return [call]
        known = self.clock.calls
        prompted = known.get("cond", call)
        negative = known.get("uncond") or self.clock.backbone.negative(prompted, self.encoded)
        return [prompted] if negative is None else [prompted, negative]
