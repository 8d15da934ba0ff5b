"""Against SciPy's matrix root and closed forms, streamed and merged, and how much memory streaming takes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.frechet import FeatureMoments, frechet_distance, measure_frechet


def _features(seed: int, count: int = 400, width: int = 6) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, width)) @ generator.normal(size=(width, width)) + generator.normal(size=width)


def _moments(features: np.ndarray, parts: int = 1) -> FeatureMoments:
    moments = FeatureMoments()
    for part in np.array_split(features, parts):
        moments.add(part)
    return moments


def _falling(seed: int, count: int, width: int) -> np.ndarray:
    """Correlated vectors whose spectrum falls by a factor of 1e4, away from the origin."""
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(count, width)) * np.geomspace(1, 1e-2, width)
    turned, _ = np.linalg.qr(generator.normal(size=(width, width)))
    return mixed @ turned + 0.03 * generator.normal(size=width)


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


@pytest.mark.parametrize("width", [64, 512])
def test_equals_scipys_formula(width: int) -> None:
    """2,048 against 2,048 vectors; the root of the product itself, which SciPy takes by a complex Schur form."""
    scipy_linalg = pytest.importorskip("scipy.linalg", reason="SciPy comes with the dev extra")
    first, second = _falling(0, 2048, width), _falling(1, 2048, width)
    covariances = [np.cov(each, rowvar=False) for each in (first, second)]
    root = scipy_linalg.sqrtm(covariances[0] @ covariances[1])
    gap = first.mean(0) - second.mean(0)
    expected = gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root).real
    result = measure_frechet(_moments(first), _moments(second))
    assert result.distance == pytest.approx(expected, rel=1e-6)
    assert (result.first_count, result.second_count, result.features) == (2048, 2048, width)
    assert result.warning is None


def test_2048_vectors_in_a_part_of_the_space_equal_scipys_formula_there() -> None:
    """Rank 48 of 400: turned into a wider space, nothing changes, and SciPy's root is that of the part itself."""
    scipy_linalg = pytest.importorskip("scipy.linalg", reason="SciPy comes with the dev extra")
    first, second = _falling(0, 2048, 48), _falling(1, 2048, 48)
    covariances = [np.cov(each, rowvar=False) for each in (first, second)]
    root = scipy_linalg.sqrtm(covariances[0] @ covariances[1])
    gap = first.mean(0) - second.mean(0)
    expected = gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root).real
    turned, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(400, 48)))
    wide = [each @ turned.T for each in (first, second)]
    assert measure_frechet(_moments(wide[0]), _moments(wide[1])).distance == pytest.approx(expected, rel=1e-6)


def test_fewer_vectors_than_features_equal_the_formula_on_the_vectors() -> None:
    """tr (C1 C2)^(1/2) is the sum of the singular values of X1 X2^T for centered vectors; no covariance is made."""
    first, second = _falling(0, 120, 400), _falling(1, 90, 400)
    centered = [(each - each.mean(0)) / np.sqrt(len(each) - 1) for each in (first, second)]
    shared = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    gap = first.mean(0) - second.mean(0)
    expected = gap @ gap + sum((each**2).sum() for each in centered) - 2 * shared
    assert frechet_distance(_moments(first), _moments(second)) == pytest.approx(expected, rel=1e-6)


def test_fewer_vectors_than_features_are_exact_too() -> None:
    """Two clouds that span orthogonal directions share nothing: the distance is the sum of both traces and the gap."""
    generator = np.random.default_rng(0)
    first, second = np.zeros((5, 40)), np.zeros((7, 40))
    first[:, :20] = generator.normal(size=(5, 20))
    second[:, 20:] = generator.normal(size=(7, 20))
    gap = first.mean(0) - second.mean(0)
    expected = gap @ gap + first.var(0, ddof=1).sum() + second.var(0, ddof=1).sum()
    result = measure_frechet(_moments(first), _moments(second))
    assert result.distance == pytest.approx(expected, rel=1e-12)
    assert result.warning is not None
    assert "5 clips for 40 features" in result.warning
    few = _moments(first)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-12)


def test_scaled_clouds_in_closed_form() -> None:
    """C2 = s^2 C1 gives (1 - s)^2 tr(C1), at any rank and size of the numbers."""
    for count, size in ((6, 1e-6), (200, 1e6)):
        first = _falling(0, count, 30) * size
        first -= first.mean(0)
        expected = (1 - 3) ** 2 * first.var(0, ddof=1).sum()
        assert frechet_distance(_moments(first), _moments(3 * first)) == pytest.approx(expected, rel=1e-9)


def test_points_without_spread() -> None:
    first, second = np.zeros((3, 4)), np.ones((3, 4))
    assert frechet_distance(_moments(first), _moments(second)) == 4


@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 1000), st.data())
def test_merging_parts_equals_the_whole(count: int, width: int, seed: int, data: st.DataObject) -> None:
    features = np.random.default_rng(seed).normal(size=(count, width)) * 100 + 50
    cut = data.draw(st.integers(0, count))
    parts = [FeatureMoments().add(part) if len(part) else FeatureMoments() for part in np.split(features, [cut])]
    merged = FeatureMoments().merge(parts[0]).merge(parts[1])
    assert merged.count == count
    assert np.allclose(merged.mean, features.mean(0), rtol=1e-10)
    assert np.allclose(merged.covariance, np.cov(features, rowvar=False), rtol=1e-8, atol=1e-8)
    again = FeatureMoments.restored(merged.count, merged.mean, merged.scatter)
    assert np.array_equal(again.covariance, merged.covariance)


def test_memory_does_not_grow_with_the_number_of_clips() -> None:
    def peak(batches: int) -> int:
        generator = np.random.default_rng(0)
        tracemalloc.start()
        moments = FeatureMoments()
        for _ in range(batches):
            moments.add(generator.normal(size=(32, 64)))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert moments.count == 32 * batches
        return size

    few, many = peak(5), peak(200)
    assert many < few * 1.1
    assert many < 200 * 32 * 64 * 8 / 10  # a tenth of the vectors themselves


def test_what_cannot_be() -> None:
    moments = _moments(np.eye(3))
    with pytest.raises(HitmarkError, match="3 and 2; use one extractor"):
        measure_frechet(moments, _moments(np.eye(2)))
    with pytest.raises(HitmarkError, match="width 3"):
        moments.merge(_moments(np.eye(2)))
    with pytest.raises(HitmarkError, match=r"scatter \(width, width\)"):
        FeatureMoments.restored(2, np.zeros(3), np.zeros((2, 2)))
    with pytest.raises(HitmarkError, match="symmetric"):
        FeatureMoments.restored(2, np.zeros(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
