"""One call of a denoiser by its pipeline, with names for what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class DenoiserCall:
    """One call of the denoiser by the pipeline.

    Attributes:
        arguments: by name, as the network's `forward` takes them.
        batch: number of clips; guided: whether the batch also holds their unconditional halves, first.
        frames, channels, height, width: of the latents of a clip.
    """

    arguments: dict[str, Any]
    batch: int
    guided: bool
    frames: int
    channels: int
    height: int
    width: int

    @property
    def dtype(self) -> torch.dtype:
        """In which the network is fed."""
        return self.arguments["sample"].dtype

    @property
    def conditional(self) -> tuple[bool, ...]:
        """For each branch of the batch whether it is the prompt's."""
        return (False, True) if self.guided else (True,)
