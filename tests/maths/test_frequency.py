"""The filter against its formula, written as loops, and the merge against a direct Fourier sum."""

import cmath
import math

import pytest
import torch

from hitmark.maths.frequency import butterworth_low_pass, merge_low_frequencies


@pytest.mark.parametrize(("height", "width", "cutoff"), [(4, 6, 0.5), (5, 3, 0.25), (9, 16, 1.0)])
def test_filter_is_the_formula(height, width, cutoff):
    mask = butterworth_low_pass(height, width, cutoff)
    for u in range(height):
        for v in range(width):
            squared = (2 * u / height - 1) ** 2 + (2 * v / width - 1) ** 2
            assert mask[u, v].item() == pytest.approx(1 / (1 + (squared / cutoff**2) ** 4), rel=1e-6, abs=1e-12)


def test_half_passes_at_the_cutoff_and_nothing_at_cutoff_zero():
    assert butterworth_low_pass(8, 8, 0.5)[4, 6].item() == pytest.approx(0.5)
    assert butterworth_low_pass(8, 8, 0).abs().max() == 0


def direct(picture):
    """Discrete Fourier sum, zero frequency moved to the middle, one term at a time."""
    height, width = picture.shape
    spectrum = [[0j] * width for _ in range(height)]
    for u in range(height):
        for v in range(width):
            total = sum(
                picture[y, x].item()
                * cmath.exp(-2j * math.pi * ((u - height // 2) * y / height + (v - width // 2) * x / width))
                for y in range(height)
                for x in range(width)
            )
            spectrum[u][v] = total
    return spectrum


def test_merge_takes_low_from_one_and_high_from_the_other():
    low, high = (
        torch.randn(4, 6, generator=torch.Generator().manual_seed(0)),
        torch.randn(4, 6, generator=torch.Generator().manual_seed(1)),
    )
    merged = merge_low_frequencies(low[None], high[None], 0.5)[0]
    mask = butterworth_low_pass(4, 6, 0.5)
    a, b = direct(low), direct(high)
    for y in range(4):
        for x in range(6):
            total = sum(
                (mask[u, v].item() * a[u][v] + (1 - mask[u, v].item()) * b[u][v])
                * cmath.exp(2j * math.pi * ((u - 2) * y / 4 + (v - 3) * x / 6))
                for u in range(4)
                for v in range(6)
            )
            assert merged[y, x].item() == pytest.approx(total.real / 24, abs=1e-5)


def test_merging_a_tensor_with_itself_changes_nothing():
    latents = torch.randn(1, 3, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(merge_low_frequencies(latents, latents, 0.5), latents, atol=1e-5)
