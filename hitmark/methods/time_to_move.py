"""Time-to-Move: dual-clock denoising from a crude reference video (arXiv:2511.08633).

A crude video shows what is wanted: things cut out of the first picture and dragged along. The loop does not begin with
pure noise but with that video, noised to a weak level (as SDEdit, arXiv:2108.01073, does). From there on the part that
is meant (the mask) is put back after every step, noised to the level reached, until a strong level; after that
everything is denoised freely. So what moves keeps to the reference for longer than what was merely filled in.

Windows are told by noise share, sigma / (alpha + sigma), which compares between model families and numbers of steps:
the published settings for 50 steps of Wan 2.2 are steps 3 and 7, shares 0.979 and 0.949. With few steps the loop begins
at the last step that is noisy enough, most often the first, and at least one more step is held.

Numbers and details follow the released code (Apache-2.0, commit ad9ecea); the code here is our own. Beyond it: any
number of steps, other latent frames than the first of a group, and schedulers that remember the latents of the last
step (UniPC) are made to forget them where these were replaced, without which they undo most of it.

Cost: one run of the encoder on the reference; the steps before the weak level are not run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from hitmark.control import POOLINGS, Control, Needs, Pooling, Reference, Step
from hitmark.control.knobs import knob
from hitmark.errors import HitmarkError

ROUNDING = 1e-6


@dataclass(frozen=True)
class TimeToMove(Control):
    """Begin with the noised reference, and put its meant part back until a stronger level."""

    method: ClassVar[str] = "time-to-move"
    needs: ClassVar[Needs] = Needs(image=True, reference=True)

    weak: float | None = knob(
        0.978,
        low=0,
        high=1,
        optional=True,
        grid=(0.95, 0.9, 0.85),
        help="Noise share at which the loop begins, with the whole reference; none: the first step, with own noise.",
        more="The last step at least as noisy is taken. Published, of 50 steps: 0.979 (Wan 2.2), 0.959 (CogVideoX), "
        "0.987 (SVD). Lower keeps the background nearer to the reference.",
    )
    strong: float = knob(
        0.948,
        low=0,
        high=1,
        grid=(0.8, 0.6, 0.4),
        help="Noise share of the last step before which the meant part is put back.",
        more="The nearest step is taken. Published: 0.949 (Wan 2.2), 0.895 (CogVideoX), 0.969 (SVD). Lower follows the "
        "path better and is more rigid.",
    )
    pooling: str = knob(
        "first",
        choices=POOLINGS,
        help="Which of the frames that a latent frame stands for its mask is of; any: of any of them.",
    )
    compat: str = knob(
        "guarded",
        choices=("guarded", "published"),
        help="guarded: solvers forget what the replaced latents contradict; published: they do not.",
    )

    def __post_init__(self) -> None:
        """Check every knob."""
        super().__post_init__()
        if self.weak is not None and self.strong > self.weak:
            raise HitmarkError(
                f"{self.method}: strong must not be above weak, but got weak={self.weak}, strong={self.strong}; noise "
                "shares fall from 1 to 0, and what is meant is held for longer."
            )

    @property
    def keeps_memory(self) -> bool:
        """Whether the scheduler goes on with what it remembers."""
        return self.compat == "published"

    def first_step(self, noise_shares: Sequence[float]) -> int:
        """That of the weak level."""
        if self.weak is None:
            return 0
        return max((index for index, share in enumerate(noise_shares) if share >= self.weak - ROUNDING), default=0)

    def step_arguments(self, arguments: Mapping[str, Any], index: int, timesteps: Tensor) -> Mapping[str, Any]:
        """The released code counts from the start of all steps for CogVideoX's DPM solver, where some are left out."""
        if self.compat == "published" and index > 0 and "timestep_back" in arguments:
            return {"timestep_back": timesteps[index - 1]}
        return {}

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """The noised reference at first; then its meant part in place of the latents'."""
        assert step.layout.reference is not None
        assert step.estimator is not None
        if step.index == 0:
            return latents if self.weak is None else noised(step.layout.reference, step)
        shares = [sigma / (alpha + sigma) for alpha, sigma in step.estimator.levels]
        if step.index > nearest_step(shares, self.strong):
            return latents
        mask = step.layout.reference.mask(cast("Pooling", self.pooling))
        return torch.where(mask, noised(step.layout.reference, step), latents) if mask.any() else latents


def noised(reference: Reference, step: Step) -> Tensor:
    """The reference at the noise level of a step: alpha x + sigma eps, always with the same eps."""
    return step.alpha * reference.latents + step.sigma * reference.noise


def nearest_step(noise_shares: Sequence[float], share: float) -> int:
    """The step whose noise share is nearest to one; the earlier of two that are as near."""
    return min(range(len(noise_shares)), key=lambda index: abs(noise_shares[index] - share))
