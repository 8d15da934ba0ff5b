"""Live previews: the clean estimate of a step as a small moving picture, without touching the run.

Small clips are decoded by the model's own autoencoder. For large ones that would cost as much memory as the run: there
the latents are turned into colours by a linear map, fitted once on what the autoencoder makes of coloured noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hitmark.control import Control, Step
from hitmark.errors import HitmarkError
from hitmark.media.video import write_video

SHOWN = 10  # previews of a run, at most
DECODED = 400_000  # pixels of all frames up to which the autoencoder is used
FITTED_SIDE = 16  # cells a side of the coloured noise


@dataclass(frozen=True)
class Preview(Control):
    """Writes `preview-STEP.webp` every few steps. What it is given it hands on, so the clip stays bit-identical.

    Attributes:
        pipe: the pipeline, for its autoencoder.
        folder: where the previews are written.
        fps: of the clip.
        told: called with the step (1-based) and the file's name.
        stop: called first in every step; may raise to end the run.
        fitted: the linear map, once it is needed.
    """

    method: ClassVar[str] = "preview"
    watches: ClassVar[bool] = True

    pipe: Any
    folder: Path
    fps: float
    told: Callable[[int, str], None]
    stop: Callable[[], None]
    fitted: list[Tensor] = field(default_factory=list)

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
            write_video(self.frames(clean, step.layout.factor), self.folder / name, self.fps)
        except (RuntimeError, OSError, HitmarkError):  # no room for a preview is no reason to end the run
            return
        self.told(step.index + 1, name)

    @torch.no_grad()
    def frames(self, clean: Tensor, factor: int) -> np.ndarray:
        """A clean estimate (1, frames, channels, height, width) as uint8 (frames, rows, columns, 3)."""
        _one, frames, _channels, height, width = clean.shape
        if frames * height * width * factor**2 <= DECODED:
            rgb = decoded(self.pipe.vae, clean[0])
        else:
            if not self.fitted:
                self.fitted.append(colours(self.pipe.vae, factor))
            rgb = coloured(clean[0], self.fitted[0])
        return (rgb.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def decoded(vae: Any, latents: Tensor) -> Tensor:
    """Latents (frames, channels, height, width) as RGB in 0..1 (frames, 3, rows, columns), by the autoencoder."""
    scaled = (latents / vae.config.scaling_factor).to(vae.dtype)
    temporal = {"num_frames": len(latents)} if "Temporal" in type(vae).__name__ else {}
    return vae.decode(scaled, **temporal).sample.float() / 2 + 0.5


def coloured(latents: Tensor, fitted: Tensor) -> Tensor:
    """The same by a linear map (channels + 1, 3), one pixel for each cell."""
    cells = latents.float().movedim(1, -1)
    return (cells @ fitted[:-1].to(cells) + fitted[-1].to(cells)).movedim(-1, 1)


@torch.no_grad()
def colours(vae: Any, factor: int) -> Tensor:
    """Fit colours to latents by least squares: float32 (channels + 1, 3), the last row the constant.

    The autoencoder, copied as float32 to the CPU (some overflow in half precision), encodes one picture of smooth
    coloured noise; each cell of its latents is one equation for the mean colour of its pixels.
    """
    import copy

    generator = torch.Generator().manual_seed(0)
    cells = torch.rand(1, 3, FITTED_SIDE, FITTED_SIDE, generator=generator)
    picture = functional.interpolate(cells, scale_factor=factor, mode="bicubic").clamp(0, 1)
    whole = copy.deepcopy(vae).float().cpu()
    latents = whole.encode(picture * 2 - 1).latent_dist.mode() * vae.config.scaling_factor
    known = latents[0].flatten(1).T
    known = torch.cat([known, torch.ones(len(known), 1)], dim=1)
    wanted = functional.avg_pool2d(picture, factor)[0].flatten(1).T
    return torch.linalg.lstsq(known, wanted).solution
