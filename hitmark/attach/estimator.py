"""Runs the denoiser for one clip at any step of the loop, from within a control: what methods that look ahead need."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hitmark.attach.attention import AttentionClock
from hitmark.attach.levels import Level, Levels
from hitmark.backbones.call import DenoiserCall
from hitmark.control import Layout, Step


class Estimator:
    """The denoiser as `CleanEstimator` describes it."""

    def __init__(
        self, backbone: Any, scheduler: Any, clock: AttentionClock, call: DenoiserCall, clip: int, layout: Layout
    ) -> None:
        self.backbone, self.scheduler, self.clock = backbone, scheduler, clock
        self.call, self.clip, self.layout = call, clip, layout

    @property
    def levels(self) -> list[tuple[float, float]]:
        """Alpha and sigma of every step of the loop."""
        return [(level.alpha, level.sigma) for level in self._levels]

    @cached_property
    def _levels(self) -> list[Level]:
        levels = Levels(self.scheduler)
        return [levels[index] for index in range(len(levels))]

    def __call__(self, latents: Tensor, index: int, guidance: float) -> Tensor:
        """The clean estimate of latents (1, frames, channels, height, width) at a step; see `CleanEstimator`."""
        level = self._levels[index]
        call = self.call.of_clip(self.clip)
        scaled = latents / level.norm
        arguments = self.backbone.with_latents(call, scaled.to(call.dtype))
        arguments |= {"timestep": self.scheduler.timesteps[index], "return_dict": False}
        half = call.dtype == torch.float16
        step = Step(index, len(self._levels), level.alpha, level.sigma, self.layout, half)
        self.clock.steps, self.clock.conditional = [step], call.conditional
        try:
            with torch.no_grad():
                output = self.backbone.frames_first(self.backbone.network(**arguments)[0]).float()
        finally:
            self.clock.clear()
        if call.guided:
            without, with_prompt = output.chunk(2)
            output = without + guidance * (with_prompt - without)
        return Levels(self.scheduler).clean(output, latents, level)
