"""PSNR and SSIM against scikit-image's own, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.metrics.pictures import clip_psnr, clip_ssim, pooled_psnr


def _clips(seed: int = 0, shape: tuple[int, ...] = (3, 24, 31, 3)) -> tuple[np.ndarray, np.ndarray]:
    """A smooth clip and the same with growing noise."""
    generator = np.random.default_rng(seed)
    frame, row, column, channel = np.ogrid[: shape[0], : shape[1], : shape[2], : shape[3]]
    clip = 127 + 90 * np.sin(row / 5 + frame) * np.cos(column / 7 + channel)
    noisy = clip + (frame + 1) * 8 * generator.normal(size=shape)
    return clip.round().astype(np.uint8), noisy.round().clip(0, 255).astype(np.uint8)


def test_psnr_equals_scikit_images() -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image comes with the dev extra")
    clip, noisy = _clips()
    expected = [metrics.peak_signal_noise_ratio(one, other) for one, other in zip(clip, noisy, strict=True)]
    scores = clip_psnr(noisy, clip)
    assert scores.per_frame == pytest.approx(expected, rel=1e-12)
    assert scores.mean == pytest.approx(np.mean(expected), rel=1e-12)
    assert pooled_psnr(noisy, clip) == pytest.approx(metrics.peak_signal_noise_ratio(clip, noisy), rel=1e-12)


@pytest.mark.parametrize("sample", [False, True])
@pytest.mark.parametrize("shape", [(3, 24, 31, 3), (1, 11, 11, 3), (2, 11, 40, 3)])
def test_ssim_equals_scikit_images(sample: bool, shape: tuple[int, ...]) -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image comes with the dev extra")
    clip, noisy = _clips(shape=shape)
    expected = [
        metrics.structural_similarity(
            one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=sample, channel_axis=-1
        )
        for one, other in zip(clip, noisy, strict=True)
    ]
    scores = clip_ssim(noisy, clip, sample_covariance=sample)
    assert scores.per_frame == pytest.approx(expected, rel=1e-10)
    assert scores.mean == pytest.approx(np.mean(expected), rel=1e-10)


def test_ssim_of_noise_against_noise_equals_scikit_images() -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image comes with the dev extra")
    clips = np.random.default_rng(0).integers(0, 256, (2, 1, 20, 20, 3), dtype=np.uint8)
    expected = metrics.structural_similarity(
        clips[0][0], clips[1][0], gaussian_weights=True, use_sample_covariance=False, channel_axis=-1
    )
    assert clip_ssim(clips[0], clips[1]).mean == pytest.approx(expected, rel=1e-10)


def test_by_hand() -> None:
    """Half of the pixels off by 51 levels, a fifth of the range: mean square error 0.02 of the range."""
    black = np.zeros((2, 12, 12, 3), dtype=np.uint8)
    other = black.copy()
    other[1, :6] = 51
    assert clip_psnr(other, black).per_frame == pytest.approx([np.inf, -10 * np.log10(0.02)])
    assert clip_psnr(other, black).mean == np.inf
    assert pooled_psnr(other, black) == pytest.approx(-10 * np.log10(0.01))
    assert pooled_psnr(black, black) == np.inf
    assert clip_ssim(black, black).per_frame == pytest.approx([1, 1])
    gray = np.full_like(black, 100)  # no structure: only the comparison of light is left
    light = (0.01 * 255) ** 2
    assert clip_ssim(gray, black).mean == pytest.approx(light / (100**2 + light), rel=1e-6)


def test_symmetric_and_falling_with_noise() -> None:
    clip, noisy = _clips()
    scores = clip_ssim(noisy, clip)
    assert np.array_equal(scores.per_frame, clip_ssim(clip, noisy).per_frame)
    assert (np.diff(scores.per_frame) < 0).all()


def test_wrong_clips() -> None:
    clip, noisy = _clips()
    with pytest.raises(HitmarkError, match="frames: expected uint8"):
        clip_psnr(clip.astype(np.float32), noisy)
    with pytest.raises(HitmarkError, match="reference: expected uint8"):
        clip_ssim(clip, noisy[0])
    with pytest.raises(HitmarkError, match="same frames"):
        pooled_psnr(clip, noisy[:2])
    with pytest.raises(HitmarkError, match="11x11"):
        clip_ssim(clip[:, :10], noisy[:, :10])
