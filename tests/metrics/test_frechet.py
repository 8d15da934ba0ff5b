from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.metrics.frechet import FeatureMoments, frechet_distance


def _features(seed: int, count: int = 400, width: int = 6) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, width)) @ generator.normal(size=(width, width)) + generator.normal(size=width)


def _moments(features: np.ndarray, parts: int = 1) -> FeatureMoments:
    moments = FeatureMoments()
    for part in np.array_split(features, parts):
        moments.add(part)
    return moments


def test_against_the_complex_matrix_root() -> None:
    """The textbook form, with the root of C1 C2 by its (complex) eigenvalues."""
    first, second = _features(0), _features(1)
    covariances = [np.cov(each, rowvar=False) for each in (first, second)]
    root = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex)).sum().real
    gap = first.mean(0) - second.mean(0)
    expected = gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root
    assert frechet_distance(_moments(first), _moments(second)) == pytest.approx(expected, rel=1e-9)


def test_normal_distributions_of_one_dimension() -> None:
    """(m1 - m2)^2 + (s1 - s2)^2."""
    first, second = np.array([[0.0], [2.0]]), np.array([[10.0], [16.0]])
    expected = (1 - 13) ** 2 + (np.sqrt(2) - np.sqrt(18)) ** 2
    assert frechet_distance(_moments(first), _moments(second)) == pytest.approx(expected)


@pytest.mark.parametrize("parts", [2, 7, 400])
def test_batches_do_not_matter(parts: int) -> None:
    features = _features(0) + 1e4
    whole, streamed = _moments(features), _moments(features, parts)
    assert np.allclose(whole.mean, streamed.mean, rtol=1e-12)
    assert np.allclose(whole.covariance, np.cov(features, rowvar=False))
    assert np.allclose(whole.covariance, streamed.covariance)


def test_zero_with_itself_and_growing_with_the_difference() -> None:
    same = _moments(_features(0))
    assert frechet_distance(same, same) == pytest.approx(0, abs=1e-8)
    few = _moments(_features(0, count=4))  # not of full rank
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    near, far = _moments(_features(0) + 0.1), _moments(_features(0) + 1)
    assert 0 < frechet_distance(same, near) < frechet_distance(same, far)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((0, 3)), np.array([[np.nan, 1]])])
def test_wrong_features(wrong: np.ndarray) -> None:
    with pytest.raises(HitmarkError, match="features"):
        FeatureMoments().add(wrong)
    with pytest.raises(HitmarkError, match="width 3"):
        _moments(np.zeros((2, 3))).add(np.zeros((2, 4)))
    with pytest.raises(HitmarkError, match="two vectors"):
        _ = _moments(np.zeros((1, 3))).covariance
