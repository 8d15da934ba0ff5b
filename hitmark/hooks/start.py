"""How a loop begins: with which noise, and at which step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Control, Grid, Layout
from hitmark.hooks.levels import Levels


class LateStart:
    """Around a scheduler's `set_timesteps`: leaves out the steps before that at which controls let the loop begin.

    A pipeline that copies its scheduler alone, for another track of the clip (the sound of LTX-2), has them left out
    there too; a copy of the whole pipeline has all its steps, and so has another pipeline of the same scheduler.

    Attributes:
        first: what is done before new timesteps are set.
        due: whether a call of the pipeline has begun that did not set its timesteps yet.
    """

    def __init__(
        self, levels: Levels, controls: Sequence[Control], pipe: Any, first: Callable[[], None] = lambda: None
    ) -> None:
        self.levels, self.pipe, self.first, self.due = levels, pipe, first, False
        self.starting = [control for control in controls if control.implements("first_step")]
        self.arguing = [control for control in controls if control.implements("step_arguments")]
        self._timesteps: Any = None  # of the last call, with those left out

    def __call__(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call it and cut what it set."""
        self.first()
        result, due, self.due = original(*args, **kwargs), self.due, False
        if not due or not (self.starting or self.arguing):
            return result
        self._timesteps = self.levels.scheduler.timesteps
        shares = [self.levels[index].noise_share for index in range(len(self.levels))]
        self.levels.drop(max((control.first_step(shares) for control in self.starting), default=0))
        return result

    def in_copy(self, scheduler: Any, memo: Mapping[int, Any]) -> LateStart | None:
        """What is around that of a deep copy of the scheduler; `memo`: of what is being copied."""
        if not self.starting or not self.due or id(self.pipe) in memo:
            return None
        along = LateStart(Levels(scheduler), self.starting, self.pipe)
        along.due = True
        return along

    def step_arguments(self, named: Mapping[str, Any], index: int) -> dict[str, Any]:
        """Arguments of the scheduler's `step`, with those that controls put in their place."""
        result = dict(named)
        for control in self.arguing:
            result |= control.step_arguments(named, index, self._timesteps)
        return result


def with_initial_noise(
    latents: Tensor,
    controls: Sequence[Control],
    layouts: Sequence[Layout],
    generators: Sequence[torch.Generator | None],
    backbone: PipelineBackbone,
    sizes: Grid,
) -> Tensor:
    """The start latents, as the pipeline holds them, with their noise edited by controls; given frames stay."""
    noisy = [control for control in controls if control.implements("initial_noise")]
    if not noisy:
        return latents
    scale, given = float(getattr(backbone.pipe.scheduler, "init_noise_sigma", 1.0)), backbone.geometry.given
    clips = []
    for clip, layout, generator in zip(backbone.canonical(latents, sizes).split(1), layouts, generators, strict=True):
        noise = clip.float() / scale
        for control in noisy:
            noise = control.initial_noise(noise, layout, generator)
        clips.append(torch.cat([clip[:, :given].float(), noise[:, given:] * scale], dim=1))
    return backbone.held(torch.cat(clips), latents)
