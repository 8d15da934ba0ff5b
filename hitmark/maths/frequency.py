"""Low-pass filters over picture frequencies, and the merge of two latents by frequency."""

from __future__ import annotations

import torch
from torch import Tensor

SPATIAL = (-2, -1)


def butterworth_low_pass(height: int, width: int, cutoff: float, order: int = 4) -> Tensor:
    """Radial Butterworth filter for a shifted spectrum (zero frequency in the middle).

    H(u, v) = 1 / (1 + (r^2 / cutoff^2)^order) with r^2 = (2u/height - 1)^2 + (2v/width - 1)^2.

    Args:
        height: rows of the spectrum.
        width: columns of the spectrum.
        cutoff: radius at which half is passed; 1 is the Nyquist frequency of a side. 0 passes nothing.
        order: steepness.

    Returns:
        (height, width) float32 in 0..1. Computed in float64, rounded once.
    """
    if cutoff == 0:
        return torch.zeros(height, width)
    rows = 2 * torch.arange(height, dtype=torch.float64) / height - 1
    columns = 2 * torch.arange(width, dtype=torch.float64) / width - 1
    squared_radius = rows[:, None] ** 2 + columns[None, :] ** 2
    return (1 / (1 + (squared_radius / cutoff**2) ** order)).float()


def merge_low_frequencies(low: Tensor, high: Tensor, cutoff: float, order: int = 4) -> Tensor:
    """Take the low picture frequencies of `low` and the rest of `high`, each frame and channel by itself.

    Args:
        low: (..., height, width), any floating type; computed in float32.
        high: the same shape.
        cutoff: see `butterworth_low_pass`.
        order: see `butterworth_low_pass`.

    Returns:
        (..., height, width) float32.
    """
    low, high = low.float(), high.float()
    passed = butterworth_low_pass(low.shape[-2], low.shape[-1], cutoff, order).to(low.device)
    low_spectrum = torch.fft.fftshift(torch.fft.fftn(low, dim=SPATIAL), dim=SPATIAL)
    high_spectrum = torch.fft.fftshift(torch.fft.fftn(high, dim=SPATIAL), dim=SPATIAL)
    mixed = low_spectrum * passed + high_spectrum * (1 - passed)
    return torch.fft.ifftn(torch.fft.ifftshift(mixed, dim=SPATIAL), dim=SPATIAL).real
