"""A crude reference video as a method sees it: latents, a mask on their grid, and one fixed noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hitmark.control.pooling import Pooling

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Reference:
    """A crude reference video of one clip.

    Attributes:
        latents: clean, (1, frames, channels, height, width), float32, as the model's own autoencoder encodes it.
        noise: of variance one, of the same shape; drawn once, after the start noise and from its generator.
        meant: where the reference shows what is wanted, for each frame of the video, at the rows and columns of the
            latents: bool (video frames, height, width).
        groups: the frames of the video of each latent frame.
    """

    latents: Tensor
    noise: Tensor
    meant: np.ndarray
    groups: Sequence[range]

    def mask(self, pooling: Pooling) -> Tensor:
        """Where it is meant, bool (1, frames, 1, height, width); `pooling` as in `Layout`."""
        import torch

        if pooling == "any":
            grouped = [self.meant[group.start : group.stop].any(axis=0) for group in self.groups]
        else:
            place = {"first": lambda count: 0, "last": lambda count: count - 1}.get(pooling, lambda count: count // 2)
            grouped = [self.meant[group[place(len(group))]] for group in self.groups]
        return torch.from_numpy(np.stack(grouped)).to(self.latents.device)[None, :, None]
