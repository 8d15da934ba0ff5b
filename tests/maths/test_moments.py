from __future__ import annotations

import pytest
import torch

from hitmark.maths.moments import match_moments, region_moments


def _tokens(seed: int, scale: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(2, 3, 20, 8, generator=generator) + torch.randn(8, generator=generator)


REGIONS = torch.arange(60).reshape(3, 20) * 7 % 3


def test_moments_of_each_region_by_hand() -> None:
    tokens = _tokens(0)
    mean, variance = region_moments(tokens, REGIONS, 4)
    for branch in range(2):
        for row in range(3):
            for region in range(3):
                own = tokens[branch, row, REGIONS[row] == region].double()
                assert torch.allclose(mean[branch, row, region].double(), own.mean(0), atol=1e-6)
                assert torch.allclose(variance[branch, row, region].double(), own.var(0, correction=0), atol=1e-5)
    assert (mean[:, :, 3] == 0).all()
    assert (variance[:, :, 3] == 0).all()


def test_matched_tokens_have_the_reference_s_moments() -> None:
    tokens, reference = _tokens(0, 3.0), _tokens(1)
    matched = match_moments(tokens, reference, REGIONS, mean=1, deviation=1)
    for got, wanted in zip(region_moments(matched, REGIONS, 3), region_moments(reference, REGIONS, 3), strict=True):
        assert torch.allclose(got, wanted, atol=1e-4)


def test_the_deviation_alone_leaves_the_mean() -> None:
    tokens, reference = _tokens(0, 3.0), _tokens(1)
    matched = match_moments(tokens, reference, REGIONS, mean=0, deviation=1)
    assert torch.allclose(region_moments(matched, REGIONS, 3)[0], region_moments(tokens, REGIONS, 3)[0], atol=1e-5)
    assert torch.allclose(region_moments(matched, REGIONS, 3)[1], region_moments(reference, REGIONS, 3)[1], atol=1e-4)


def test_half_of_the_deviation_is_the_geometric_middle() -> None:
    tokens, reference = _tokens(0, 3.0), _tokens(1)
    matched = match_moments(tokens, reference, REGIONS, mean=0.5, deviation=0.5)
    mean, variance = region_moments(matched, REGIONS, 3)
    (own_mean, own), (other_mean, other) = (region_moments(each, REGIONS, 3) for each in (tokens, reference))
    assert torch.allclose(variance, (own * other).sqrt(), rtol=1e-3)
    assert torch.allclose(mean, (own_mean + other_mean) / 2, atol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_what_matches_already_stays(mean: float) -> None:
    tokens = _tokens(0)
    assert torch.allclose(match_moments(tokens, tokens, REGIONS, mean=mean, deviation=1), tokens, atol=1e-5)


def test_tokens_that_do_not_vary_stay_finite() -> None:
    flat = torch.ones(1, 1, 4, 2)
    assert torch.allclose(match_moments(flat, flat, torch.zeros(1, 4).long(), mean=0, deviation=1), flat)
