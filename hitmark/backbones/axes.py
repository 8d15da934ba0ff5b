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


def to_canonical(latents: Tensor, axes: Axes, sizes: Grid, patch: Grid = (1, 1, 1)) -> Tensor:
    """Latents as a pipeline holds them in the canonical form.

    Args:
        latents: as above.
        axes: of them.
        sizes: their frames, rows and columns.
        patch: cells of a token, where they are packed.
    """
    if axes == "packed" and patch != (1, 1, 1):
        grid = tuple(side // cells for side, cells in zip(sizes, patch, strict=True))
        tokens = latents.unflatten(1, grid).unflatten(4, (-1, *patch)).permute(0, 1, 5, 4, 2, 6, 3, 7)
        return tokens.flatten(6, 7).flatten(4, 5).flatten(1, 2)
    if axes == "packed":
        return latents.unflatten(1, sizes).permute(0, 1, 4, 2, 3)
    if axes == "bfhwc":
        return latents.permute(0, 1, 4, 2, 3)
    return latents if axes == "bfchw" else latents.transpose(1, 2)


def from_canonical(canonical: Tensor, axes: Axes, patch: Grid = (1, 1, 1)) -> Tensor:
    """The inverse of `to_canonical`."""
    if axes == "packed" and patch != (1, 1, 1):
        time, rows, columns = patch
        cells = canonical.unflatten(4, (-1, columns)).unflatten(3, (-1, rows)).unflatten(1, (-1, time))
        return cells.permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4).flatten(1, 3).contiguous()
    if axes == "packed":
        return canonical.permute(0, 1, 3, 4, 2).flatten(1, 3).contiguous()
    if axes == "bfhwc":
        return canonical.permute(0, 1, 3, 4, 2).contiguous()
    return canonical if axes == "bfchw" else canonical.transpose(1, 2).contiguous()
