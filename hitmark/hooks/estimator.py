"""Runs the denoiser for one clip at any step of the loop, from within a control: what methods that look ahead need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.call import DenoiserCall
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Layout, Step
from hitmark.hooks.layers import AttentionClock
from hitmark.hooks.levels import Level, Levels


class Estimator:
    """The denoiser as `CleanEstimator` describes it.

    Attributes:
        calls: what the pipeline asks its denoiser for in a step: one call, or one for each branch of guidance.
        clip: which of the batch.
        dtype: in which the pipeline holds its latents.
    """

    def __init__(
        self,
        backbone: PipelineBackbone,
        levels: Levels,
        clock: AttentionClock,
        calls: Sequence[DenoiserCall],
        clip: int,
        layout: Layout,
        dtype: torch.dtype,
    ) -> None:
        self.dtype = dtype
        self.backbone, self.clock, self.clip, self.layout = backbone, clock, clip, layout
        self.calls, self._table = calls, levels

    @property
    def levels(self) -> list[tuple[float, float]]:
        """Alpha and sigma of every step of the loop."""
        return [(level.alpha, level.sigma) for level in self._levels]

    @cached_property
    def _levels(self) -> list[Level]:
        return [self._table[index] for index in range(len(self._table))]

    def __call__(self, latents: Tensor, index: int, guidance: float) -> Tensor:
        """The clean estimate of latents (1, frames, channels, height, width) at a step; see `CleanEstimator`."""
        level, sizes = self._levels[index], (latents.shape[1], latents.shape[3], latents.shape[4])
        outputs: dict[str, Tensor] = {}
        for call in self.calls:
            output = self._run(call.of_clip(self.clip), latents, index)
            parts = self.backbone.output(output.float(), sizes).chunk(len(call.branches))
            outputs |= {branch.name: part for branch, part in zip(call.branches, parts, strict=True)}
        output = outputs["cond"]
        if "uncond" in outputs:
            output = outputs["uncond"] + guidance * (output - outputs["uncond"])
        clean = self._table.clean(output, latents, level)
        given = self.backbone.geometry.given
        return torch.cat([latents[:, :given], clean[:, given:]], dim=1) if given else clean

    def _run(self, call: DenoiserCall, latents: Tensor, index: int) -> Tensor:
        """The denoiser's output for one clip, with the controls of attention that act at this step."""
        level, timesteps = self._levels[index], self._table.scheduler.timesteps
        timestep, later = timesteps[index], timesteps[index + 1 :]
        following = later[0] if len(later) else torch.zeros_like(timestep)
        family = self.backbone.family
        fed = self.backbone.with_latents(call, latents.to(self.dtype), level.norm if family.scaled else 1.0)
        arguments = {**call.arguments, family.argument: fed, "return_dict": False}
        if family.times is not None:
            arguments |= family.times(self.backbone.pipe, arguments, index)
        else:
            arguments |= _times(arguments, timestep, following)
        half = fed.dtype == torch.float16
        step = Step(index, len(self._levels), level.alpha, level.sigma, self.layout, half)
        network = self.backbone.expert(timestep)
        with _acting(self.clock, step, call), torch.no_grad():
            output = network(**arguments)
            return output if isinstance(output, Tensor) else output[0]


def _times(arguments: Mapping[str, Any], timestep: Tensor, following: Tensor) -> dict[str, Any]:
    """The arguments that say when it is, at other times: of this step, and of the one that follows."""
    times = {"timestep": timestep, "audio_timestep": timestep, "sigma": timestep, "timestep_r": following}
    return {name: _at(arguments[name], time) for name, time in times.items() if arguments.get(name) is not None}


def _at(before: Any, timestep: Tensor) -> Any:
    """A call's timestep, of a clip or of each token, at another time; tokens of a given picture stay at theirs."""
    if not isinstance(before, Tensor) or before.ndim == 0:
        return timestep
    now = timestep.to(before)
    return torch.where(before == before.max(), now, torch.minimum(before, now))


@contextmanager
def _acting(clock: AttentionClock, step: Step, call: DenoiserCall) -> Any:
    """Controls of attention act as at that step; afterwards the clock stands where it stood."""
    before = clock.steps, clock.branches
    clock.set([step], call.branches)
    try:
        yield
    finally:
        clock.steps, clock.branches = before
