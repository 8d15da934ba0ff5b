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
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from hitmark.control import Control, Layers, Layout, Needs, SelfAttention, Step, check_needs, knob, outside_error
from hitmark.errors import HitmarkError
from hitmark.maths.attention import attend
from hitmark.maths.frequency import merge_low_frequencies
from hitmark.maths.optimize import FIRST_LOSS_SCALE, descend
from hitmark.scene.grid import gaussian_weights

if TYPE_CHECKING:
    import numpy as np

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

    def __post_init__(self) -> None:
        """Check every knob, and that the steps end after they begin."""
        super().__post_init__()
        if self.start > self.stop:
            raise HitmarkError(f"sg-i2v: start must not be after stop, but got start={self.start}, stop={self.stop}.")

    def check(self, layout: Layout) -> None:
        """Every track needs a box inside the first picture: that is where its features come from."""
        check_needs(self.method, self.needs, layout.tracks, "", reads_words=False)
        for track in layout.tracks:
            if _clipped(layout.cells(track)[0], layout) is None:
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
        return step.self_attention(latents, self.layers, first_frame_keys=first_only, memory_budget=self.memory_budget)


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class BoxMatch:
    """A box of frame n >= 1 that is to look like the same track's box of frame 0; cells, `x0, y0, x1, y1`."""

    frame: int
    source: Box  # in frame 0, cut at the picture's edge
    box: Box  # in frame n, may reach outside
    inside: Box  # the part of `box` inside the picture


def box_matches(layout: Layout) -> list[BoxMatch]:
    """Every (frame, track) that enters the loss, frame by frame; hidden boxes and those wholly outside are left out."""
    boxes = [layout.cells(track) for track in layout.tracks]
    sources = [_clipped(cells[0], layout) for cells in boxes]
    matches = []
    for frame in range(1, layout.frames):
        for track, cells, source in zip(layout.tracks, boxes, sources, strict=True):
            inside = _clipped(cells[frame], layout)
            if track.visible[frame] and inside is not None and source is not None:
                matches.append(BoxMatch(frame, source, _box(cells[frame]), inside))
    return matches


def alignment_loss(maps: list[Tensor], matches: list[BoxMatch], layout: Layout, sigma: float | None) -> Tensor:
    """Gaussian-weighted mean squared difference between boxes and their first-frame features (Eq. 1).

    Feature maps are brought to the latent size and seen as one map of all channels. All boxes and frames share one
    normalizer, so a large box weighs more than a small one.

    Args:
        maps: each (frames, channels, h, w).
        matches: from `box_matches`; not empty.
        layout: the latent grid.
        sigma: see `SGI2V.gaussian_sigma`.
    """
    total = maps[0].new_zeros(())
    normalizer = maps[0].new_zeros(())
    first = stop_gradient(_at_latent_size(maps, 0, layout))
    frame, current = 0, first
    for match in matches:
        if match.frame != frame:
            frame, current = match.frame, _at_latent_size(maps, match.frame, layout)
        x0, y0, x1, y1 = match.box
        within = _offset(match.inside, x0, y0)
        target = _resized(_crop(first, match.source), y1 - y0, x1 - x0)
        difference = (_crop(current, match.inside) - _crop(target, within)).square().mean(dim=1)[0]
        weights = _crop(_weights(y1 - y0, x1 - x0, sigma).to(difference), within)
        total = total + (weights * difference).sum()
        normalizer = normalizer + weights.sum()
    return total / normalizer.clamp(min=1e-8)


def stop_gradient(tensor: Tensor) -> Tensor:
    """The "sg" of Eq. 1: what follows the trajectory adapts to the first frame, never the other way round."""
    return tensor.detach()


def _at_latent_size(maps: list[Tensor], frame: int, layout: Layout) -> Tensor:
    """The features of a latent frame; where one token stands for several frames, those of its token."""
    places = [frame * len(each) // layout.frames for each in maps]
    parts = [each[place : place + 1] for each, place in zip(maps, places, strict=True)]
    return torch.cat([_resized(part, layout.height, layout.width) for part in parts], dim=1)


def _resized(features: Tensor, height: int, width: int) -> Tensor:
    return functional.interpolate(features, size=(height, width), mode="bilinear", align_corners=False)


def _weights(height: int, width: int, sigma: float | None) -> Tensor:
    if sigma is None:
        return torch.ones(height, width)
    return torch.as_tensor(gaussian_weights(height, width, sigma), dtype=torch.float32)


def _crop(grid: Tensor, box: Box) -> Tensor:
    x0, y0, x1, y1 = box
    return grid[..., y0:y1, x0:x1]


def _offset(box: Box, x: int, y: int) -> Box:
    return box[0] - x, box[1] - y, box[2] - x, box[3] - y


def _box(cells: np.ndarray) -> Box:
    x0, y0, x1, y1 = (int(value) for value in cells)
    return x0, y0, x1, y1


def _clipped(cells: np.ndarray, layout: Layout) -> Box | None:
    """The part of a box inside the latent grid, or None."""
    x0, y0, x1, y1 = _box(cells)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, layout.width), min(y1, layout.height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
