"""The kernel distance against a double loop, its lack of bias, and its blocks."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics import kernel
from hitmark.metrics.kernel import KernelBlocks, block_kernel_distance, kernel_distance


def _naive(first: np.ndarray, second: np.ndarray) -> float:
    """Gretton et al., Lemma 6, one pair at a time."""

    def value(x: np.ndarray, y: np.ndarray) -> float:
        return (sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / len(x) + 1.0) ** 3

    def within(values: np.ndarray) -> float:
        pairs = [value(x, y) for i, x in enumerate(values) for j, y in enumerate(values) if i != j]
        return sum(pairs) / len(pairs)

    across = [value(x, y) for x in first for y in second]
    return within(first) + within(second) - 2 * sum(across) / len(across)


def _normal(seed: int, count: int, width: int = 5, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width)) + shift


@given(st.integers(2, 9), st.integers(2, 9), st.integers(1, 4), st.integers(0, 10_000))
def test_equals_the_double_loop(first: int, second: int, width: int, seed: int) -> None:
    features, others = _normal(seed, first, width), _normal(seed + 1, second, width, 0.5)
    assert kernel_distance(features, others) == pytest.approx(_naive(features, others), rel=1e-9, abs=1e-9)


def test_by_hand() -> None:
    """One feature: k(x, y) = (x y + 1)^3. Within 0, 1: k = 1; within 1, 2: 27; across: 1, 1, 8, 27."""
    assert kernel_distance(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(1 + 27 - 2 * 37 / 4)


def test_tiles_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _normal(0, 23), _normal(1, 17)
    whole = kernel_distance(first, second)
    monkeypatch.setattr(kernel, "TILE", 5)
    assert kernel_distance(first, second) == pytest.approx(whole, rel=1e-12)


def test_unbiased_for_one_distribution_and_positive_for_two() -> None:
    same = np.array([kernel_distance(_normal(2 * seed, 8), _normal(2 * seed + 1, 8)) for seed in range(400)])
    assert abs(same.mean()) < 3 * same.std() / 20  # three standard errors
    assert (same < 0).any()
    assert kernel_distance(_normal(0, 200), _normal(1, 200, shift=1.0)) > 1


def test_blocks_are_the_mean_of_disjoint_distances() -> None:
    first, second = _normal(0, 47), _normal(1, 52, shift=0.3)
    each = [kernel_distance(first[start : start + 10], second[start : start + 10]) for start in range(0, 40, 10)]
    result = block_kernel_distance(first, second, block=10)
    assert result.distance == pytest.approx(np.mean(each))
    assert result.deviation == pytest.approx(np.std(each, ddof=1))
    assert result.error == pytest.approx(np.std(each, ddof=1) / 2)
    assert (result.blocks, result.count, result.features) == (4, 40, 5)


@given(st.lists(st.integers(1, 13), min_size=1, max_size=8))
def test_batches_do_not_matter(sizes: list[int]) -> None:
    count = sum(sizes)
    first, second = _normal(0, count + 8), _normal(1, count + 8)
    blocks, start = KernelBlocks(4), 0
    for size in [*sizes, 8]:
        blocks.add(first[start : start + size], second[start : start + size])
        start += size
    streamed, whole = blocks.result(), block_kernel_distance(first, second, block=4)
    assert streamed.distance == pytest.approx(whole.distance)
    assert streamed.deviation == pytest.approx(whole.deviation)
    assert streamed.blocks == whole.blocks == (count + 8) // 4


def test_memory_does_not_grow_with_the_number_of_clips() -> None:
    def peak(batches: int) -> int:
        generator = np.random.default_rng(0)
        tracemalloc.start()
        blocks = KernelBlocks(20)
        for _ in range(batches):
            blocks.add(generator.normal(size=(32, 64)), generator.normal(size=(32, 64)))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert blocks.result().blocks == 32 * batches // 20
        return size

    few, many = peak(5), peak(100)
    assert many < few * 1.2


def test_a_single_block_has_no_deviation() -> None:
    result = block_kernel_distance(_normal(0, 5), _normal(1, 5), block=5)
    assert result.blocks == 1
    assert np.isnan(result.deviation)
    assert np.isnan(result.error)


def test_wrong_features() -> None:
    with pytest.raises(HitmarkError, match="first: expected finite"):
        kernel_distance(np.zeros((1, 3)), np.zeros((2, 3)))
    with pytest.raises(HitmarkError, match="second: expected finite"):
        kernel_distance(np.zeros((2, 3)), np.array([[np.inf], [0]]))
    with pytest.raises(HitmarkError, match="3 and 4"):
        kernel_distance(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(HitmarkError, match="same number"):
        KernelBlocks().add(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(HitmarkError, match="width 3"):
        KernelBlocks().add(np.zeros((2, 3)), np.zeros((2, 3))).add(np.zeros((2, 4)), np.zeros((2, 4)))
    with pytest.raises(HitmarkError, match="smaller block"):
        block_kernel_distance(np.zeros((4, 3)), np.zeros((4, 3)), block=5)
    with pytest.raises(HitmarkError, match="block"):
        KernelBlocks(1)
