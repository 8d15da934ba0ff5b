"""Means and variances of tokens by region, and matching one set of tokens to another in them."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST = 1e-12
"""Added to both variances of a ratio: where neither varies, nothing is scaled."""


def region_moments(tokens: Tensor, regions: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Mean and variance over the tokens of each region.

    Args:
        tokens: (branches, sets, length, channels), float32; each set by itself.
        regions: int64 (sets, length), 0 .. count - 1.
        count: number of regions.

    Returns:
        Both (branches, sets, count, channels); zero for a region without tokens. The variance divides by the number.
    """
    member = torch.nn.functional.one_hot(regions, count).to(tokens)
    share = member / member.sum(dim=1, keepdim=True).clamp(min=1)
    mean = torch.einsum("slr,bslc->bsrc", share, tokens)
    centered = tokens - _spread(mean, regions)
    return mean, torch.einsum("slr,bslc->bsrc", share, centered.square())


def match_moments(tokens: Tensor, reference: Tensor, regions: Tensor, *, mean: float, deviation: float) -> Tensor:
    """Tokens with the mean and the standard deviation, region by region, of a reference.

    Args:
        tokens: (branches, sets, length, channels), float32.
        reference: the same shape.
        regions: int64 (sets, length).
        mean: 0 keeps the tokens' own mean, 1 takes the reference's, between: in proportion.
        deviation: the same for the standard deviation of each channel (in proportion of its logarithm).

    Returns:
        As `tokens`; equal to them, to rounding, where they have the reference's moments already.
    """
    count = int(regions.max()) + 1
    own_mean, own = region_moments(tokens, regions, count)
    wanted_mean, wanted = region_moments(reference, regions, count)
    ratio = ((wanted + SMALLEST) / (own + SMALLEST)) ** (deviation / 2)
    shifted = own_mean + mean * (wanted_mean - own_mean)
    return _spread(shifted, regions) + _spread(ratio, regions) * (tokens - _spread(own_mean, regions))


def _spread(values: Tensor, regions: Tensor) -> Tensor:
    """(branches, sets, count, channels) to the tokens: (branches, sets, length, channels)."""
    index = regions[None, :, :, None].expand(values.shape[0], -1, -1, values.shape[-1])
    return values.gather(2, index)
