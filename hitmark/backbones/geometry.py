"""Grids of cells and tokens, and branches of guidance, from the shapes of what a network is given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hitmark.control import COND, UNCOND, Branch, Grid
from hitmark.control.pooling import frame_groups
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.base import Family


@dataclass(frozen=True)
class Geometry:
    """Pixels, latent cells and tokens of one pipeline object, each (time, rows, columns); see `Family`."""

    stride: Grid
    patch: Grid
    causal: bool
    given: int
    chunk: int = 0

    def padded(self, latent_frames: int) -> int:
        """Latent frames in front that are there only to fill the last token in time."""
        return -latent_frames % self.patch[0]

    def groups(self, latent_frames: int, padded: int = 0) -> tuple[range, ...]:
        """The frames of the video that each latent frame stands for; see `frame_groups`."""
        return frame_groups(latent_frames, self.stride[0], causal=self.causal, padded=padded, chunk=self.chunk)


def geometry_of(pipe: Any, family: Family, config: Any) -> Geometry:
    """That of a pipeline: what it says itself, else what its family says; `config`: of its network."""
    sides = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
    cell = first_of(pipe, sides, family.stride[1])
    times = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio") if family.causal else ()
    stride = (first_of(pipe, times, family.stride[0]), cell, cell)
    given = family.given
    if family.given_if is not None and not pipe.config.get(family.given_if):
        given = 0
    return Geometry(stride, patch_of(config, family.patch), family.causal, given, family.chunk)


def branches_of(copies: int, context: str | None) -> tuple[Branch, ...]:
    """The branches of a denoiser's call with so many copies of each clip, in a `cache_context` of some name."""
    if copies == 2:
        return UNCOND, COND
    name = (context or "cond").removeprefix("pred_")
    return (UNCOND if name == "uncond" else COND if name in ("cond", "cond_uncond") else Branch(name, True),)


def token_grid(sizes: Grid, patch: Grid) -> Grid:
    """Tokens of a network that joins `patch` latent cells to one."""
    return -(-sizes[0] // patch[0]), sizes[1] // patch[1], sizes[2] // patch[2]


def grid_of(cells: int, height: int, width: int, name: str = "attention") -> tuple[int, int]:
    """Rows and columns of the level that has so many cells: latents halved, rounded up, as strided convolutions do."""
    rows, columns = height, width
    while rows * columns > cells and (rows, columns) != (1, 1):
        rows, columns = math.ceil(rows / 2), math.ceil(columns / 2)
    if rows * columns != cells:
        raise HitmarkError(
            f"{name} has {cells} cells, which is no level of a latent grid of {height} x {width} halved repeatedly."
        )
    return rows, columns


def size_unit(unit: int, cell: int, patch: int, levels: int) -> int:
    """Pixels that both sides must be multiples of.

    Args:
        unit: what the pipeline asks for.
        cell: pixels of a latent cell.
        patch: cells of a token.
        levels: of a network that halves the cells and cannot give back a halved odd row; 1: none.
    """
    return math.lcm(unit, cell * patch * 2 ** (levels - 1))


def patch_of(config: Any, default: Grid) -> Grid:
    """Latent cells of a token, from a denoiser's configuration."""
    patch = getattr(config, "patch_size", None)
    if patch is None:
        return default
    if isinstance(patch, tuple | list):
        return patch[0], patch[1], patch[2]
    return getattr(config, "patch_size_t", None) or 1, patch, patch


def first_of(pipe: Any, names: tuple[str, ...], default: int) -> int:
    """The first of some attributes of a pipeline that is there and not 0."""
    return next((int(value) for value in (getattr(pipe, name, None) for name in names) if value), default)


def check_positions(config: Any, positions: str, frames: int) -> None:
    """Raise HitmarkError for more frames than a network has positions for; see `Family.positions`."""
    most = getattr(config, positions, None) if positions else None
    if most is not None and frames > most:
        raise HitmarkError(
            f"frames: expected at most {most}, for which this network has positions ({positions}), got {frames}; make "
            f"{most} or fewer"
        )
