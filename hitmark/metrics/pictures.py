"""PSNR and SSIM of a clip against a clip that is wanted, frame by frame: pixels against pixels.

Both ask for the same picture at the same place: they are for clips that should be equal (a reconstruction, what an
edit left alone), not for two clips that only look equally good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

PEAK = 255.0
SIGMA = 1.5
RADIUS = 5  # int(3.5 * SIGMA + 0.5): 11 taps


@dataclass(frozen=True)
class FrameScores:
    """One figure for every frame, and their mean."""

    per_frame: np.ndarray
    """float64 (F,); NaN for a frame that does not count."""
    mean: float
    """Over the frames that count; NaN when none does."""


def mean_scores(per_frame: np.ndarray) -> FrameScores:
    """The scores (F,) with the mean of those that are not NaN."""
    counted = per_frame[~np.isnan(per_frame)]
    return FrameScores(per_frame, float(counted.mean()) if counted.size else float("nan"))


def clip_psnr(frames: np.ndarray, reference: np.ndarray) -> FrameScores:
    """PSNR in dB of every frame, over all pixels and channels: 10 log10(255^2 / mean square error). Greater is better.

    A frame that equals its reference has infinity, and so has the mean then: see `pooled_psnr`.
    `frames`, `reference`: uint8 (F, H, W, 3). Raises: HitmarkError for anything else.
    """
    return mean_scores(_decibel(_square_errors(frames, reference)))


def pooled_psnr(frames: np.ndarray, reference: np.ndarray) -> float:
    """PSNR in dB of the whole clip, from the mean square error over its frames: infinite only for equal clips."""
    return float(_decibel(_square_errors(frames, reference).mean()))


def clip_ssim(frames: np.ndarray, reference: np.ndarray, *, sample_covariance: bool = False) -> FrameScores:
    """Structural similarity of every frame, at most 1 (equal). Greater is better.

    Wang et al. (IEEE TIP 2004), Eq. 13 with K1 = 0.01, K2 = 0.03, levels 0..255 and a round Gaussian window of
    standard deviation 1.5 and 11x11 pixels; mean over the positions where the window lies inside of the picture, and
    over the color channels. It equals scikit-image's `structural_similarity` with `gaussian_weights=True`.

    `frames`, `reference`: uint8 (F, H, W, 3), at least 11x11 pixels.
    `sample_covariance`: multiply variances by 121 / 120; scikit-image does unless it is told otherwise, the paper not.
    Raises: HitmarkError for anything else.
    """
    check_clips(frames, reference)
    if min(frames.shape[1:3]) < 2 * RADIUS + 1:
        raise HitmarkError(f"frames: expected at least 11x11 pixels, the size of the window, but got {frames.shape}.")
    window = (2 * RADIUS + 1) ** 2
    scale = window / (window - 1) if sample_covariance else 1.0
    pairs = zip(frames, reference, strict=True)
    return mean_scores(np.array([_structure(one.astype(float), other.astype(float), scale) for one, other in pairs]))


def check_clips(frames: np.ndarray, reference: np.ndarray | None = None) -> None:
    """Raise HitmarkError unless `frames` is uint8 (F, H, W, 3) and `reference`, where given, has the same shape."""
    for name, clip in (("frames", frames), ("reference", reference)):
        if clip is None:
            continue
        if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[3] != 3 or not clip.size:
            raise HitmarkError(f"{name}: expected uint8 (frames, height, width, 3), but got {clip.dtype} {clip.shape}.")
    if reference is not None and frames.shape != reference.shape:
        raise HitmarkError(
            f"reference: expected the shape of the frames, {frames.shape}, but got {reference.shape}; resize it or "
            "choose the same frames first."
        )


def _square_errors(frames: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Mean square error of every frame in squared levels, (F,)."""
    check_clips(frames, reference)
    pairs = zip(frames, reference, strict=True)
    return np.array([((one.astype(np.float64) - other) ** 2).mean() for one, other in pairs])


def _decibel(error: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return 10 * np.log10(PEAK**2 / error)


def _structure(one: np.ndarray, other: np.ndarray, scale: float) -> float:
    """Mean similarity of two pictures float64 (H, W, 3)."""
    mean, mean_other, square, square_other, product = _smooth(
        np.stack([one, other, one * one, other * other, one * other])
    )
    variance, variance_other = scale * (square - mean**2), scale * (square_other - mean_other**2)
    covariance = scale * (product - mean * mean_other)
    light, contrast = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    above = (2 * mean * mean_other + light) * (2 * covariance + contrast)
    below = (mean**2 + mean_other**2 + light) * (variance + variance_other + contrast)
    return float((above / below).mean())


def _smooth(maps: np.ndarray) -> np.ndarray:
    """Gaussian means of maps (N, H, W, C) where the window lies inside: (N, H - 10, W - 10, C)."""
    taps = np.exp(-(np.arange(-RADIUS, RADIUS + 1) ** 2) / (2 * SIGMA**2))
    taps /= taps.sum()
    height, width = maps.shape[1] - 2 * RADIUS, maps.shape[2] - 2 * RADIUS
    maps = sum((tap * maps[:, place : place + height] for place, tap in enumerate(taps)), np.zeros(()))
    return sum((tap * maps[:, :, place : place + width] for place, tap in enumerate(taps)), np.zeros(()))
