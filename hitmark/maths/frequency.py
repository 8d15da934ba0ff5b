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


def low_frequencies(values: Tensor, cutoff: float, order: int = 4) -> Tensor:
    """The low picture frequencies of (..., height, width); a cutoff of 1 or more passes everything. float32."""
    if cutoff >= 1:
        return values.float()
    return merge_low_frequencies(values, torch.zeros_like(values), cutoff, order)


def mix_noise(low: Tensor, high: Tensor, cutoff: float, order: int = 4) -> Tensor:
    """Low picture frequencies of one white noise and the rest of another: white again, with the variance of both.

    The two are weighted by H and sqrt(1 - H^2), so that their powers add up to one at every frequency; with H and
    1 - H, as in FreeInit, up to half of the power around the cutoff is lost.

    Args:
        low: noise of unit variance (..., height, width), float32.
        high: the same, independent of it.
        cutoff: see `butterworth_low_pass`.
        order: see `butterworth_low_pass`.
    """
    rows, columns = (torch.fft.fftfreq(side, 0.5, dtype=torch.float64) for side in low.shape[-2:])
    squared_radius = rows[:, None] ** 2 + columns[None, :] ** 2
    passed = 1 / (1 + (squared_radius / cutoff**2) ** order) if cutoff else torch.zeros_like(squared_radius)
    rest = (1 - passed.square()).clamp(min=0).sqrt()
    spectrum = torch.fft.fftn(low, dim=SPATIAL) * passed.float().to(low.device)
    spectrum = spectrum + torch.fft.fftn(high, dim=SPATIAL) * rest.float().to(low.device)
    return torch.fft.ifftn(spectrum, dim=SPATIAL).real


def merge_video_frequencies(low: Tensor, high: Tensor, cutoff: float, temporal_cutoff: float, order: int = 4) -> Tensor:
    """Low frequencies over time and space of one video and the rest of another: H low + (1 - H) high.

    H = 1 / (1 + (D / cutoff^2)^order), D = ((cutoff / temporal_cutoff)(2t/frames - 1))^2 + (2u/height - 1)^2
    + (2v/width - 1)^2, for a shifted spectrum: FreeInit's filter (Wu et al., arXiv:2312.07537).

    Args:
        low: (..., frames, channels, height, width), float32.
        high: the same shape.
        cutoff: over the picture, above 0; 1 = Nyquist.
        temporal_cutoff: over time, above 0.
        order: steepness.
    """
    axes = (-4, -2, -1)
    sizes = [low.shape[axis] for axis in axes]
    t, u, v = (2 * torch.arange(size, dtype=torch.float64) / size - 1 for size in sizes)
    t = t * (cutoff / temporal_cutoff)
    distance = t[:, None, None] ** 2 + u[None, :, None] ** 2 + v[None, None, :] ** 2
    passed = (1 / (1 + (distance / cutoff**2) ** order)).float()[:, None].to(low.device)
    spectra = (torch.fft.fftshift(torch.fft.fftn(each.float(), dim=axes), dim=axes) for each in (low, high))
    first, second = spectra
    mixed = first * passed + second * (1 - passed)
    return torch.fft.ifftn(torch.fft.ifftshift(mixed, dim=axes), dim=axes).real
