"""Live previews: the clean estimate of a step as a small moving picture, without touching the run.

Small clips are decoded as the model's pipeline decodes them. For large ones that would cost as much memory as the run:
there the latents are turned into colors by a linear map, fitted to what becomes of the first frame.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hitmark.backbones import backbone_for
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Control, Layout, Step
from hitmark.errors import HitmarkError
from hitmark.media.video import write_video

SHOWN = 10  # previews of a run, at most
DECODED = 400_000  # pixels of all frames up to which the autoencoder is used
FITTED = 400_000  # pixels of one frame that colors are fitted to, at most


@dataclass(frozen=True)
class Preview(Control):
    """Writes `preview-STEP.webp` every few steps. What it is given it hands on, so the clip stays bit-identical.

    Attributes:
        pipe: the pipeline, to decode with.
        folder: where the previews are written.
        fps: of the clip.
        told: called with the step (1-based) and the file's name.
        stop: called first in every step; may raise to end the run.
    """

    method: ClassVar[str] = "preview"
    watches: ClassVar[bool] = True

    pipe: Any
    folder: Path
    fps: float
    told: Callable[[int, str], None]
    stop: Callable[[], None]

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Only a place to stop."""
        self.stop()
        return latents

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Show the clean estimate; return the very same tensor."""
        self.stop()
        every = -(-step.count // SHOWN)
        if (step.index + 1) % every == 0 and step.index + 1 < step.count:
            self._show(clean, step)
        return clean

    def _show(self, clean: Tensor, step: Step) -> None:
        name = f"preview-{step.index + 1}.webp"
        try:
            write_video(self.frames(clean, step.layout), self.folder / name, self.fps)
        except (RuntimeError, OSError, HitmarkError):  # no room for a preview is no reason to end the run
            return
        self.told(step.index + 1, name)

    @torch.no_grad()
    def frames(self, clean: Tensor, layout: Layout) -> np.ndarray:
        """A clean estimate (1, frames, channels, height, width) as uint8 (frames of the video, rows, columns, 3)."""
        backbone = backbone_for(self.pipe)
        groups = layout.groups or backbone.geometry.groups(clean.shape[1])
        if groups[-1].stop * clean.shape[-2] * clean.shape[-1] * layout.factor**2 <= DECODED:
            rgb = backbone.decode(clean)
        else:
            shown = [place for place, group in enumerate(groups) for _ in group][sum(_fills(groups)) :]
            rgb = colored(clean[0], colors(backbone, clean, groups, layout.factor))[shown]
        return (rgb.clamp(0, 1) * 255).round().byte().cpu().numpy()


def _fills(groups: Sequence[range]) -> list[bool]:
    """Of each latent frame, whether it is only there to fill the last token in time and is not decoded."""
    return [group == following for group, following in itertools.pairwise(groups)]


def colored(latents: Tensor, fitted: Tensor) -> Tensor:
    """Latents (frames, channels, height, width) by a linear map (channels + 1, 3), one pixel for each cell:
    (frames, height, width, 3).
    """
    cells = latents.float().movedim(1, -1)
    return cells @ fitted[:-1].to(cells) + fitted[-1].to(cells)


@torch.no_grad()
def colors(backbone: PipelineBackbone, clean: Tensor, groups: Sequence[range], factor: int) -> Tensor:
    """Fit colors to latents by least squares: float32 (channels + 1, 3) on the CPU, the last row the constant.

    The middle of the first frame, as large as may be decoded, is decoded by the family's own function; each cell of its
    latents is one equation for the mean color of its pixels.
    """
    frames = max(1 + sum(_fills(groups)), backbone.geometry.patch[0])
    side = max(1, math.isqrt(FITTED) // factor)
    part = _middle(_middle(clean[:, :frames], -1, side), -2, side)
    decoded = backbone.decode(part)[:1].float().cpu().movedim(-1, 1)
    wanted = functional.avg_pool2d(decoded, factor)[0].flatten(1).T
    known = part[0, -1].float().cpu().flatten(1).T
    return torch.linalg.lstsq(torch.cat([known, torch.ones(len(known), 1)], dim=1), wanted).solution


def _middle(values: Tensor, axis: int, most: int) -> Tensor:
    length = min(values.shape[axis], most)
    return values.narrow(axis, (values.shape[axis] - length) // 2, length)
