"""What a run gives: a finished clip, and all that was decided for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from hitmark.run.record import Settings
    from hitmark.scene.schema import Scene
    from hitmark.scene.tracks import Track


@dataclass(frozen=True, eq=False)
class Result:
    """A finished clip.

    Attributes:
        frames: uint8 (frames, height, width, 3), RGB.
        latents: float32 (1, frames, channels, height / factor, width / factor): the final latents, before decoding.
        tracks: what was wanted, for these frames.
        scene: as given, with size, frames, model and method filled in.
        picture: the first picture as RGB, cut or padded to the clip's shape, before it was resized; None for a model
            that reads text.
        settings: steps, dtype, device, call arguments and knobs, all defaults filled in.
        seconds: wall-clock time from the first picture to the decoded frames, without loading the model.
        peak_memory: bytes, see `hitmark.run.peak_memory`.
        notes: sentences on what was decided, and what was given but not used.
    """

    frames: np.ndarray
    latents: torch.Tensor
    tracks: list[Track]
    scene: Scene
    picture: Image.Image | None
    settings: Settings
    seconds: float
    peak_memory: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """What it is, without its thousands of numbers."""
        frames, height, width, _ = self.frames.shape
        made = f"{self.scene.model}, {self.scene.method.name}, {self.settings.steps} steps, seed {self.scene.seed}"
        return f"<Result: {frames} frames of {width}x{height} by {made}, {self.seconds:.1f} s>"
