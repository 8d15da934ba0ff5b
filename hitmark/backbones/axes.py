"""How pipelines hold their latents, and the canonical form (clips, frames, channels, height, width)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.backbones.base import Axes
from hitmark.control.layout import Grid

if TYPE_CHECKING:
    from torch import Tensor

CHANNEL_AXIS: dict[Axes, int] = {"bcfhw": 1, "bfchw": 2, "bfhwc": 4, "packed": 2}
FRAME_AXIS: dict[Axes, int] = {"bcfhw": 2, "bfchw": 1, "bfhwc": 1, "packed": 1}
"""Of packed latents it is that of the tokens."""


def to_canonical(latents: Tensor, axes: Axes, sizes: Grid) -> Tensor:
    """Latents as a pipeline holds them in the canonical form; `sizes`: their frames, rows and columns."""
    if axes == "packed":
        return latents.unflatten(1, sizes).permute(0, 1, 4, 2, 3)
    if axes == "bfhwc":
        return latents.permute(0, 1, 4, 2, 3)
    return latents if axes == "bfchw" else latents.transpose(1, 2)


def from_canonical(canonical: Tensor, axes: Axes) -> Tensor:
    """The inverse of `to_canonical`."""
    if axes == "packed":
        return canonical.permute(0, 1, 3, 4, 2).flatten(1, 3).contiguous()
    if axes == "bfhwc":
        return canonical.permute(0, 1, 3, 4, 2).contiguous()
    return canonical if axes == "bfchw" else canonical.transpose(1, 2).contiguous()
