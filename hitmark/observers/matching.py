"""Matching a drawing against all places of all frames: the share of its pixels that have the right color.

Two pixels agree by k(d) = exp(-d^2 / (2 s^2)), d = root mean square difference over red, green and blue. That share is
not moved by what covers a part of the drawing, as a squared difference would be. To get it for all places at once
the drawing's colors are reduced to a small palette: k(image, palette color) is a picture per color, and the share
is a sum of correlations, one per color. A flat drawing also agrees with a flat wall of its color; so the same share
is taken on a ring just outside of the outline, where it speaks *against* the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F

from hitmark.sprites.atlas import load_atlas

WIDE, NARROW = 0.14, 0.06
"""The two s of the agreement, for colors in 0..1: one forgives a soft or tinted picture, one tells white from snow."""
TINT = 0.08
"""Largest difference of a color channel (0..1) that is taken for a tint of the picture."""
FLAT = 0.03
"""Deviation that is added to both sides of a correlation, so that flat places have none."""
PALETTE = 6
CELL = 96
PAD = 12
"""Room around the cell for the ring; a template is (CELL + 2 PAD) / CELL = 1.25 cells wide."""
LATTICE = 24
"""Points along each side of a template at which single places are compared."""
LEAST_IN_PICTURE = 0.3
"""Places with a smaller part of the drawing in the picture are not considered."""
SPREAD = (CELL + 2 * PAD) / CELL
GAP, REACH = 3, 11
"""The ring begins and ends at these distances from the outline, in CELL-ths of the cell."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A sprite prepared for matching; tensors are (channels, CELL + 2 PAD, CELL + 2 PAD) float32."""

    inside: torch.Tensor
    """(1, ., .) coverage in 0..1."""
    ring: torch.Tensor
    """(1, ., .) 1 on the ring just outside of the outline."""
    color: torch.Tensor
    """(3, ., .) color, continued outwards over the ring."""
    palette: torch.Tensor
    """(PALETTE, 3)."""
    member: torch.Tensor
    """(PALETTE, ., .) 1 where that palette color is nearest."""
    middle: tuple[float, float]
    """Middle of the drawing's box relative to the middle of the cell, x and y in cells."""


@lru_cache(maxsize=512)
def drawing(name: str, color: str | tuple[float, float, float] | None) -> Drawing:
    """The named sprite of the atlas in `color` (None: its own). HitmarkError for an unknown name or color."""
    picture = torch.from_numpy(load_atlas().image(name, color, CELL)).permute(2, 0, 1)
    picture = F.pad(picture, (PAD, PAD, PAD, PAD))
    inside = picture[3:]
    solid = (inside > 0.5).float()
    straight = _continued(picture[:3] / inside.clamp_min(1e-3) * solid, solid, REACH + 6)
    ring = _grown(solid, REACH) - _grown(solid, GAP)
    palette = _palette(straight[:, solid[0] > 0].T)
    nearest = torch.cdist(straight.flatten(1).T, palette).argmin(1).view(solid.shape[1:])
    member = F.one_hot(nearest, len(palette)).permute(2, 0, 1).float()
    rows, columns = solid[0].amax(1).nonzero(), solid[0].amax(0).nonzero()
    side = CELL + 2 * PAD
    middle_x = (float(columns.min() + columns.max()) + 1 - side) / 2 / CELL
    middle_y = (float(rows.min() + rows.max()) + 1 - side) / 2 / CELL
    return Drawing(inside, ring, straight, palette, member, (middle_x, middle_y))


def _grown(mask: torch.Tensor, steps: int) -> torch.Tensor:
    """The mask (1, H, W) widened by `steps` pixels, roughly round."""
    for step in range(steps):
        pooled = F.max_pool2d(mask[None], 3, 1, 1)[0]
        if step % 2:
            across = F.max_pool2d(mask[None], (1, 3), 1, (0, 1))[0]
            pooled = torch.maximum(across, F.max_pool2d(mask[None], (3, 1), 1, (1, 0))[0])
        mask = pooled
    return mask


def _continued(color: torch.Tensor, known: torch.Tensor, steps: int) -> torch.Tensor:
    """The colors (3, H, W) where known (1, H, W) is 1, each border pixel handed on outwards `steps` times."""
    for _ in range(steps + 1):
        weight = F.avg_pool2d(known[None], 3, 1, 1)[0]
        spread = F.avg_pool2d((color * known)[None], 3, 1, 1)[0] / weight.clamp_min(1e-6)
        color = torch.where(known > 0, color, spread * (weight > 0))
        known = (weight > 0).float()
    return color


def _palette(colors: torch.Tensor) -> torch.Tensor:
    """(PALETTE, 3) cluster centers of (N, 3) colors: farthest points, then eight rounds of k-means. Deterministic."""
    chosen = [colors.mean(0)]
    for _ in range(PALETTE - 1):
        distance = torch.cdist(colors, torch.stack(chosen)).amin(1)
        chosen.append(colors[distance.argmax()])
    centers = torch.stack(chosen)
    for _ in range(8):
        nearest = F.one_hot(torch.cdist(colors, centers).argmin(1), PALETTE).float()
        count = nearest.sum(0)[:, None]
        centers = torch.where(count > 0, nearest.T @ colors / count.clamp_min(1), centers)
    return centers


def _agreement(square: torch.Tensor) -> torch.Tensor:
    """How well two colors agree, 0..1, of their mean square difference over the channels."""
    return 0.6 * torch.exp(square / (-2 * WIDE**2)) + 0.4 * torch.exp(square / (-2 * NARROW**2))


def quality(shares: torch.Tensor) -> torch.Tensor:
    """(..., 5) shares to one figure, greater is better; about 0.9 for a sprite on another color.

    The shares, each 0..1: pixels of the drawing that agree with it, of the ring that do, of the drawing that agree
    with the mean color of the ring (so that a wall explains them as well), of the drawing that lie in the picture;
    and the correlation inside (-1..1), which a tint of the whole picture does not change.
    """
    inside, ring, flat, part, correlation = shares.unbind(-1)
    return inside - 0.25 * ring - 0.5 * flat - 0.3 * (1 - part) + 0.25 * correlation


def dense_quality(frames: torch.Tensor, sprite: Drawing, sides: list[int]) -> list[torch.Tensor]:
    """Both figures of all whole-pixel places for each cell side, float32 (2, frames, height + T - 1, width + T - 1).

    The first is `quality`; the second, the correlation alone, also leads to a sprite in a strongly tinted
    picture (0 where a part lies outside).

    `frames`: float32 (frames, 3, height, width) in 0..1. T = the template's side in pixels, differs between sides;
    index (i, j) is the template whose middle lies at pixel coordinates (j + 1 - T/2, i + 1 - T/2).
    """
    height, width = frames.shape[2:]
    templates = [round(side * SPREAD) for side in sides]
    size = (_even(height + max(templates)), _even(width + max(templates)))
    agree = _agreement((frames[:, None] - sprite.palette[None, :, :, None, None]).square().mean(2))
    square = frames.square().mean(1, keepdim=True)
    spectrum = torch.fft.rfft2(torch.cat([agree, frames, square, torch.ones_like(square)], 1), s=size)
    return [
        _quality_map(spectrum, sprite, template, size)[..., : height + template - 1, : width + template - 1]
        for template in templates
    ]


def _quality_map(spectrum: torch.Tensor, sprite: Drawing, template: int, size: tuple[int, int]) -> torch.Tensor:
    """One size of `dense_quality`, not yet cropped."""
    weights = torch.cat([sprite.member * sprite.inside, sprite.member * sprite.ring])
    weights = F.interpolate(weights[None], (template, template), mode="area")[0].unflatten(0, (2, PALETTE))
    weights = weights / weights.sum((1, 2, 3), keepdim=True)
    by_color = torch.fft.rfft2(weights.flip(2, 3), s=size)
    whole = torch.fft.rfft2(weights.sum(1).flip(1, 2), s=size)
    share = torch.einsum("fphw,kphw->fkhw", spectrum[:, :PALETTE], by_color)
    inside_mean = spectrum[:, PALETTE:] * whole[0]
    ring_mean = spectrum[:, [*range(PALETTE, PALETTE + 3), -1]] * whole[1]
    color = F.interpolate(sprite.color[None], (template, template), mode="area")[0]
    by_value = torch.fft.rfft2((color * weights[0].sum(0)).flip(1, 2), s=size)
    product = (spectrum[:, PALETTE : PALETTE + 3] * by_value).mean(1, keepdim=True)
    maps = torch.fft.irfft2(torch.cat([share, inside_mean, ring_mean, product], 1), s=size)
    part, ring_part = maps[:, 6].clamp(0.05, 1), maps[:, 10].clamp_min(0.05)
    inside, ring = maps[:, 0] / part, maps[:, 1] / ring_part
    ground = maps[:, 7:10] / ring_part[:, None]
    away = maps[:, 5] / part + (ground.square() - 2 * ground * maps[:, 2:5] / part[:, None]).mean(1)
    own_mean, own_power = (color.mean(0) * weights[0].sum(0)).sum(), (color.square().mean(0) * weights[0].sum(0)).sum()
    mean, power = maps[:, 2:5].mean(1) / part, maps[:, 5] / part
    deviation = (power - mean.square()).clamp_min(0) + FLAT**2
    correlation = (maps[:, 11] / part - mean * own_mean) / (deviation * (own_power - own_mean**2 + FLAT**2)).sqrt()
    correlation = correlation.clamp(-1, 1) * (part > 0.98)
    value = quality(torch.stack([inside, ring, _agreement(away.clamp_min(0)), part, correlation], -1))
    both = torch.stack([value, correlation])
    return torch.where(part >= LEAST_IN_PICTURE, both, -9.0)


def sampled_shares(frames: torch.Tensor, sprite: Drawing, state: torch.Tensor) -> torch.Tensor:
    """The five shares of `quality` at single places, (frames, k, 5).

    The drawing is given the tint that fits best, up to TINT in each channel.

    `state`: (frames, k, 3) of x, y of the cell's middle and its side, in pixels of `frames` (frames, 3, height, width).
    """
    height, width = frames.shape[2:]
    side = state[..., 2] * SPREAD
    line = (torch.arange(LATTICE) + 0.5) / LATTICE - 0.5
    x = state[..., 0, None] + side[..., None] * line
    y = state[..., 1, None] + side[..., None] * line
    across, down = (2 * x / width - 1)[..., None, :], (2 * y / height - 1)[..., None]
    grid = torch.stack(torch.broadcast_tensors(across, down), -1)
    shown = F.grid_sample(frames, grid.flatten(1, 2), padding_mode="border", align_corners=False)
    shown = shown.unflatten(2, (-1, LATTICE)).transpose(1, 2)
    present = (((x > 0) & (x < width))[..., None, :] & ((y > 0) & (y < height))[..., None]).float()
    layer = _layers(sprite, state[..., 2])
    full = layer[:, :, 0].sum((2, 3))
    cover, border, color = layer[:, :, 0] * present, layer[:, :, 1] * present, layer[:, :, 2:]
    cover_mass, border_mass = cover.sum((2, 3)).clamp_min(1e-3), border.sum((2, 3)).clamp_min(1e-3)
    ground = ((shown * border[:, :, None]).sum((3, 4)) / border_mass[..., None])[..., None, None]
    mixed = ground + (color - ground) * layer[:, :, :1]
    tint = _tint(shown - mixed, cover)
    inside = (_agreement((shown - mixed - tint).square().mean(2)) * cover).sum((2, 3)) / cover_mass
    ring = (_agreement((shown - color).square().mean(2)) * border).sum((2, 3)) / border_mass
    flat = (_agreement((shown - ground).square().mean(2)) * cover).sum((2, 3)) / cover_mass
    correlation = _correlation(shown, mixed, cover / cover_mass[..., None, None])
    return torch.stack([inside, ring, flat, cover_mass / full, correlation], -1)


def _tint(rest: torch.Tensor, cover: torch.Tensor) -> torch.Tensor:
    """Mean difference (..., 3, 1, 1) of the covered pixels, those that differ much counting little; at most TINT."""
    weight = (cover * torch.exp(rest.square().mean(2) / (-2 * WIDE**2)))[:, :, None]
    mean = (rest * weight).sum((3, 4), keepdim=True) / weight.sum((3, 4), keepdim=True).clamp_min(1e-3)
    return mean.clamp(-TINT, TINT)


def _correlation(shown: torch.Tensor, drawn: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Correlation over pixels and channels of (frames, k, 3, n, n) under weights (frames, k, n, n) of sum 1."""
    weight = weight[:, :, None] / 3
    shown = shown - (shown * weight).sum((2, 3, 4), keepdim=True)
    drawn = drawn - (drawn * weight).sum((2, 3, 4), keepdim=True)
    first, second = (shown.square() * weight).sum((2, 3, 4)), (drawn.square() * weight).sum((2, 3, 4))
    return (shown * drawn * weight).sum((2, 3, 4)) / ((first + FLAT**2) * (second + FLAT**2)).sqrt()


def _layers(sprite: Drawing, sides: torch.Tensor) -> torch.Tensor:
    """Coverage, ring and color on the lattice, (..., 5, LATTICE, LATTICE), as soft as at cells of `sides` pixels."""
    pixels = (sides * SPREAD).round().clamp(6, 4 * LATTICE).long()
    texture = torch.cat([sprite.inside, sprite.ring, sprite.color])[None]
    known, index = pixels.unique(return_inverse=True)
    table = []
    for size in known.tolist():
        small = F.interpolate(texture, (size, size), mode="area") if size < texture.shape[2] else texture
        table.append(F.interpolate(small, (LATTICE, LATTICE), mode="bilinear", align_corners=False)[0])
    return torch.stack(table)[index]


def _even(length: int) -> int:
    """The next length that a Fourier transform likes: a multiple of eight."""
    return -(-length // 8) * 8
