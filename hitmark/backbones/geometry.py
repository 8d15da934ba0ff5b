"""Grids of cells and tokens, and branches of guidance, from the shapes of what a network is given."""

from __future__ import annotations

import math
from typing import Any

from hitmark.control import COND, UNCOND, Branch, Grid
from hitmark.errors import HitmarkError


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
