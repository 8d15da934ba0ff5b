"""Runs the denoiser for one clip at any step of the loop, from within a control: what methods that look ahead need."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hitmark.attach.attention import AttentionClock
from hitmark.attach.schedulers import clean_estimate, level_at
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
        return self._levels

    @cached_property
    def _levels(self) -> list[tuple[float, float]]:
        return [level_at(self.scheduler, index) for index in range(len(self.scheduler.timesteps))]

    def __call__(self, latents: Tensor, index: int, guidance: float) -> Tensor:
        """The clean estimate of latents (1, frames, channels, height, width) at a step; see `CleanEstimator`."""
        alpha, sigma = self.levels[index]
        call = self.call.of_clip(self.clip)
        scaled = latents / (alpha**2 + sigma**2) ** 0.5
        arguments = self.backbone.with_latents(call, scaled.to(call.dtype))
        arguments |= {"timestep": self.scheduler.timesteps[index], "return_dict": False}
        half = call.dtype == torch.float16
        step = Step(index, len(self.levels), alpha, sigma, self.layout, half)
        self.clock.steps, self.clock.conditional = [step], call.conditional
        try:
            with torch.no_grad():
                output = self.backbone.frames_first(self.backbone.network(**arguments)[0]).float()
        finally:
            self.clock.clear()
        if call.guided:
            without, with_prompt = output.chunk(2)
            output = without + guidance * (with_prompt - without)
        return clean_estimate(output, latents, alpha, sigma, self.scheduler.config.prediction_type)
