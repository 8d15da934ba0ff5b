"""Temporal intrinsic denoising: start noise and clean estimates that agree with the boxes.

The idea is of "Interactive Video Generation via Domain Adaptation" (Rawal and Kumar), of which only the abstract was
known to us: random start noise does not agree with the wanted motion (the initialization gap), and a temporal intrinsic
prior makes every denoising step consistent in space and time. **The formulation here is ours**, chosen by ablation on a
small trained model. See docs/methods/temporal-intrinsic.md. Its three parts can be used apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hitmark.control import CleanEstimator, Control, Layout, Step, knob
from hitmark.maths.frequency import low_frequencies, mix_noise
from hitmark.maths.moving_frame import read_boxes, write_boxes
from hitmark.methods.regions import subjects
from hitmark.methods.riding_noise import riding_noise
from hitmark.scene.tracks import Track

NONE = 1e-4
"""Of a clean estimate beside the noise, up to which there is nothing of it; Stable Video Diffusion has 0.0014."""
SHOWN = 0.05
"""Of a clean estimate beside the noise, from which on a start anew is worth a preview."""


@dataclass(frozen=True)
class TemporalIntrinsic(Control):
    """The same noise rides along in each box, and each box's content is kept alike over time."""

    method: ClassVar[str] = "temporal-intrinsic"
    edits_every_step: ClassVar[bool] = False

    noise_cutoff: float = knob(
        0.25,
        low=0,
        high=1,
        help="Low frequencies of the start noise up to this (1 = Nyquist) are replaced by noise that rides along with "
        "the boxes; 0 leaves the noise as it was drawn.",
        more="The noise of each frame stays white, of variance one.",
    )
    strength: float = knob(
        1.0,
        low=0,
        high=1,
        grid=(0.25, 0.5, 0.75, 1.0),
        help="How far the clean estimate in a box is moved to its mean over time, at the first step; 0 = not at all.",
    )
    stop: float = knob(1.0, low=0, high=1, help="Share of the steps over which the strength falls to zero, linearly.")
    cutoff: float = knob(
        0.5,
        low=0,
        high=1,
        help="Only frequencies of a box's content up to this (1 = Nyquist of the latents) are moved.",
    )
    preview_steps: int = knob(
        4,
        low=0,
        high=10_000,
        grid=(0, 2, 4, 8),
        help="Steps of a preview that is run before the first step, with the masks of the other methods.",
        more="Its clean estimate is noised again to the start and the loop begins there; 0 = no preview.",
    )
    preview_guidance: float = knob(
        3.0,
        low=0,
        high=100,
        help="Classifier-free guidance of the preview.",
        more="Guidance acts twice on what is started anew.",
    )
    preview_cutoff: float = knob(
        1.0,
        low=0,
        high=1,
        help="Only low frequencies of the preview up to this (1 = Nyquist of the latents) are kept.",
    )

    @property
    def without_noise(self) -> str | None:
        """It has a knob for that."""
        return "noise_cutoff=0" if self.noise_cutoff else None

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """Low frequencies of noise that rides along with the boxes, high ones of the noise given."""
        if self.noise_cutoff == 0:
            return noise
        device = noise.device if generator is None else generator.device
        fresh = torch.randn(noise.shape, generator=generator, device=device).to(noise.device)
        for track in subjects(layout):
            fresh = riding_noise(fresh, layout, track, generator)
        return mix_noise(fresh, noise, self.noise_cutoff)

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Start anew from the preview's clean estimate, with the same noise."""
        if self.preview_steps == 0 or step.estimator is None or step.index != first_shown(step.estimator.levels):
            return latents
        first, clean = preview(latents, step.estimator, self.preview_steps, self.preview_guidance, step.index)
        if self.preview_cutoff < 1:
            clean = low_frequencies(clean[0], self.preview_cutoff)[None]
        if step.index == 0:  # where the latents are noise alone
            noise = latents / (step.alpha**2 + step.sigma**2) ** 0.5
        else:
            noise = (latents - step.alpha * first) / step.sigma
        return step.alpha * clean + step.sigma * noise

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Move what lies in each box towards its mean over time, in low frequencies."""
        weight = self.strength * max(0.0, 1 - step.fraction / self.stop) if self.stop else 0.0
        if weight == 0:
            return clean
        frames = clean[0]
        for track in subjects(step.layout):
            frames = frames + weight * _towards_mean(frames, step.layout, track, self.cutoff)
        return frames[None]


def first_shown(levels: Sequence[tuple[float, float]]) -> int:
    """The step at which a clean estimate can be started anew from: 0, but for models that start from noise alone.

    Args:
        levels: alpha and sigma of every step. At the first of a flow model alpha is 0 or a millionth, so nothing of an
            estimate would be seen; there it is the first step with SHOWN of it, or 0 if there is none.
    """
    alpha, sigma = levels[0]
    if alpha > NONE * sigma:
        return 0
    return next((index for index, (alpha, sigma) in enumerate(levels) if alpha >= SHOWN * sigma), 0)


def preview(
    latents: Tensor, estimator: CleanEstimator, steps: int, guidance: float, start: int = 0
) -> tuple[Tensor, Tensor]:
    """Clean estimates before and after some steps (deterministic; DDIM, Song et al., arXiv:2010.02502, Eq. 12).

    Args:
        latents: (1, frames, channels, height, width), of step `start` of the loop.
        estimator: the denoiser.
        steps: at least 1; at most as many as the loop still has.
        guidance: of each step.
        start: step of the loop.
    """
    cleans: list[Tensor] = []
    for index in range(start, min(start + steps, len(estimator.levels))):
        if cleans:
            (alpha, sigma), (next_alpha, next_sigma) = estimator.levels[index - 1], estimator.levels[index]
            latents = next_alpha * cleans[-1] + next_sigma * (latents - alpha * cleans[-1]) / sigma
        cleans.append(estimator(latents, index, guidance))
    return cleans[0], cleans[-1]


def _towards_mean(frames: Tensor, layout: Layout, track: Track, cutoff: float) -> Tensor:
    """What to add to frames (frames, channels, height, width) for the low frequencies of a box to be its mean's."""
    shown = torch.from_numpy(track.visible).to(frames.device)
    boxes = torch.from_numpy(track.boxes).float().to(frames.device)
    if shown.sum() < 2:
        return torch.zeros_like(frames)
    sides = (boxes[shown, 2:] - boxes[shown, :2]).amax(dim=0)
    height = max(1, round(float(sides[1]) * layout.height))
    width = max(1, round(float(sides[0]) * layout.width))
    content = read_boxes(frames[shown], boxes[shown], height, width)
    change = low_frequencies(content.mean(dim=0, keepdim=True) - content, cutoff)
    result = torch.zeros_like(frames)
    result[shown] = write_boxes(change, boxes[shown], layout.height, layout.width)
    return result
