"""SG-I2V: self-guided trajectory control for image-to-video (Namekata et al., ICLR 2025, arXiv:2411.04989).

For some denoising steps the noisy latents are optimized until, in every frame, the box on the trajectory shows the
same features as the box in the first frame (Eq. 1). The features are spatial self-attention outputs computed with the
*first frame's* keys and values, which makes frames comparable (Sec. 3.2). Of the optimized latents only the low
frequencies are kept (Eq. 2). The network's own forward pass stays unmodified; no weight changes.

Details follow the released code (MIT, commit 52977a2) where paper and code differ. Beyond the paper: boxes that change
size, frames in which a subject is not shown, any resolution and number of frames, a step relative to the noise level.

Cost: `iterations / gradient_every` passes of the prompt's branch, rounded up, forward and back, in each active step,
ending at the last layer read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from torch import Tensor

from hitmark.control import (
    Control,
    Layers,
    Layout,
    Needs,
    Positions,
    SelfAttention,
    Step,
    check_needs,
    knob,
    outside_error,
)
from hitmark.errors import HitmarkError
from hitmark.maths.attention import attend
from hitmark.maths.frequency import merge_low_frequencies
from hitmark.maths.optimize import FIRST_LOSS_SCALE, descend
from hitmark.methods.box_features import alignment_loss, box_matches, clipped, stop_gradient

Features = Literal["first-frame", "self"]


@dataclass(frozen=True)
class SGI2V(Control):
    """Align every box's features with those of its first frame, by optimizing the latents."""

    method: ClassVar[str] = "sg-i2v"
    needs: ClassVar[Needs] = Needs(image=True, boxes=True)

    start: float = knob(
        0.1, low=0, high=1, help="First active step, as a fraction of all (50 steps: index 5, the paper's timestep 45)."
    )
    stop: float = knob(
        0.42,
        low=0,
        high=1,
        grid=(0.3, 0.4, 0.5, 0.7),
        help="First step no longer active (50 steps: index 21; the paper's last is timestep 30, index 20).",
    )
    iterations: int = knob(5, low=0, high=1000, help="Optimizer steps in each active step.")
    gradient_every: int = knob(
        1, low=1, high=1000, fast=5, help="How many optimizer steps share one gradient; 1 = the paper."
    )
    learning_rate: float = knob(
        0.21,
        low=0,
        high=1_000_000,
        help="AdamW's, absolute, in the sampler's units.",
        more="The paper's 0.21 belongs to SVD's own sigmas.",
    )
    step_size: float | None = knob(
        None,
        low=0,
        high=1000,
        optional=True,
        grid=(0.005, 0.01, 0.02, 0.04),
        help="AdamW's learning rate as a multiple of sigma_t; overrides `learning_rate` when given.",
    )
    weight_decay: float = knob(0.01, low=0, high=1000, help="AdamW's.")
    gaussian_sigma: float | None = knob(
        0.4,
        low=1e-3,
        high=1_000_000,
        optional=True,
        help="Width of the weights in a box, in half box sides; None = all cells weigh the same (ablation).",
    )
    merge_cutoff: float | None = knob(
        0.5,
        low=0,
        high=1000,
        optional=True,
        help="Frequency below which the optimized latents are kept; None = keep all of them (ablation).",
    )
    features: Features = knob(
        "first-frame",
        choices=get_args(Features),
        help='"first-frame" = keys and values of the first frame; "self" = each frame\'s own (ablation).',
    )
    layers: Layers = knob(
        None,
        optional=True,
        example="2.1,2.2",
        help='Self-attention layers to read, "BLOCK.LAYER,..." of the up blocks of a U-Net, "BLOCK,..." of a '
        "transformer; None = the published ones, or the family's.",
    )
    memory_budget: float | None = knob(
        4.0, low=0, high=1_000_000, optional=True, help="GiB of activations; above, parts run again. None = no limit."
    )
    positions: Positions = knob(
        "same-place",
        choices=get_args(Positions),
        help="Where tokens of a transformer stand while their features are read: all at one place, so that what they "
        'hold counts alone; each at its place in the first frame ("same-time"); "own". U-Nets have no positions there.',
    )

    def __post_init__(self) -> None:
        """Check every knob, and that the steps end after they begin."""
        super().__post_init__()
        if self.start > self.stop:
            raise HitmarkError(f"sg-i2v: start must not be after stop, but got start={self.start}, stop={self.stop}.")

    def check(self, layout: Layout) -> None:
        """Every track needs a box inside the first picture: that is where its features come from."""
        check_needs(self.method, self.needs, layout.tracks, "", reads_words=False)
        for track in layout.tracks:
            if clipped(layout.cells(track)[0], layout) is None:
                raise outside_error(self.method, track)

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Optimize z_t, then keep its low frequencies (Eq. 2)."""
        if not step.within(self.start, self.stop) or self.iterations == 0:
            return latents
        matches = box_matches(step.layout)
        if not matches:
            return latents

        def loss(candidate: Tensor) -> Tensor:
            maps = [self.feature_map(layer) for layer in self._read(candidate, step)]
            return alignment_loss(maps, matches, step.layout, self.gaussian_sigma)

        optimized = descend(
            latents,
            loss,
            iterations=self.iterations,
            learning_rate=self.learning_rate if self.step_size is None else self.step_size * step.sigma,
            weight_decay=self.weight_decay,
            loss_scale=FIRST_LOSS_SCALE if step.half_precision else 1.0,
            gradient_every=self.gradient_every,
        )
        if self.merge_cutoff is None:
            return optimized
        return merge_low_frequencies(optimized, latents, self.merge_cutoff)

    def feature_map(self, layer: SelfAttention) -> Tensor:
        """F_n = softmax(q_n k_1^T / sqrt d) v_1, gradient through the queries only (Sec. 3.2); (frames, C, h, w)."""
        keys, values = layer.keys, layer.values
        if self.features == "first-frame":
            keys, values = stop_gradient(keys[:1]), stop_gradient(values[:1])
        attended = attend(layer.queries, keys, values).float()
        return attended.transpose(1, 2).reshape(len(attended), -1, layer.height, layer.width)

    def _read(self, latents: Tensor, step: Step) -> list[SelfAttention]:
        first_only = self.features == "first-frame"
        return step.self_attention(
            latents,
            self.layers,
            first_frame_keys=first_only,
            memory_budget=self.memory_budget,
            positions=self.positions,
        )
