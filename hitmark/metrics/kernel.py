"""Kernel distance between two sets of feature vectors: KVD with features of clips, KID with features of pictures.

The squared maximum mean discrepancy (Gretton et al., JMLR 2012, Lemma 6, unbiased) under the polynomial kernel
k(x, y) = (x . y / width + 1)^3 (Binkowski et al., arXiv:1801.01401, Sec. 4; Unterthiner et al., arXiv:1812.01717).
Unlike a Frechet distance it is unbiased: its expectation does not depend on the number of clips. All in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

DEGREE = 3
TILE = 1024
"""Rows of the kernel matrix that are in memory at once."""


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared discrepancy of features (n, width) and (m, width), n and m at least 2. Smaller is more alike.

    Around 0 for two samples of one distribution, and then as often below 0 as above it. Every vector is compared with
    every other, in tiles: the time grows with the square of the counts, the memory does not.
    Raises: HitmarkError for other shapes, different widths, numbers not finite.
    """
    first, second = _checked("first", first), _checked("second", second)
    if first.shape[1] != second.shape[1]:
        raise HitmarkError(
            f"features: expected the same width twice, but got {first.shape[1]} and {second.shape[1]}; "
            "use one extractor for both sets."
        )
    across = _kernel_sum(first, second) / (len(first) * len(second))
    return _mean_of_pairs(first) + _mean_of_pairs(second) - 2 * across


@dataclass(frozen=True)
class KernelResult:
    """A kernel distance by blocks with what is needed to judge it."""

    distance: float
    """Mean over the blocks; smaller is more alike, below 0 by chance."""
    deviation: float
    """Standard deviation over the blocks (divided by blocks - 1); NaN for a single block."""
    error: float
    """Standard error of `distance`: deviation / sqrt(blocks); NaN for a single block."""
    blocks: int
    """Number of blocks."""
    count: int
    """Clips of each set that the figure rests on: blocks * clips in a block."""
    features: int
    """Numbers in a feature vector."""


class KernelBlocks:
    """The block estimate of the kernel distance (Zaremba et al., NeurIPS 2013, arXiv:1307.1954), batch by batch.

    Both sets are cut into blocks of `block` vectors in the order in which they come, each pair of blocks gives an
    unbiased `kernel_distance`, and the blocks share no vector: their spread tells how sure the mean is. Shuffle sets
    that are sorted. It holds less than one block of vectors of each set, however many were added.
    """

    def __init__(self, block: int = 100) -> None:
        if block < 2:
            raise HitmarkError(f"block: expected at least 2 vectors, but got {block}.")
        self.block = block
        self._first = self._second = np.zeros((0, 0))
        self._blocks = 0
        self._mean = self._scatter = 0.0

    def add(self, first: np.ndarray, second: np.ndarray) -> KernelBlocks:
        """Add features (vectors, width) of both sets, equally many of each; which meets which means nothing.

        Raises: HitmarkError for other shapes, other widths than before, numbers not finite.
        """
        first, second = _checked("first", first, least=1), _checked("second", second, least=1)
        width = self._first.shape[1] or first.shape[1]
        if first.shape != second.shape or first.shape[1] != width:
            raise HitmarkError(
                f"features: expected two batches of the same number of vectors of width {width}, "
                f"but got {first.shape} and {second.shape}."
            )
        first = np.concatenate([self._first.reshape(-1, width), first])
        second = np.concatenate([self._second.reshape(-1, width), second])
        whole = len(first) - len(first) % self.block
        for start in range(0, whole, self.block):
            block = slice(start, start + self.block)
            self._gather(kernel_distance(first[block], second[block]))
        self._first, self._second = first[whole:].copy(), second[whole:].copy()
        return self

    def result(self) -> KernelResult:
        """The estimate from all whole blocks; vectors after the last whole block do not count.

        Raises: HitmarkError when there is no whole block.
        """
        if not self._blocks:
            raise HitmarkError(
                f"features: expected at least one block of {self.block} vectors of each set, but got "
                f"{len(self._first)}; use more clips or a smaller block."
            )
        deviation = float(np.sqrt(self._scatter / (self._blocks - 1))) if self._blocks > 1 else float("nan")
        return KernelResult(
            distance=self._mean,
            deviation=deviation,
            error=deviation / self._blocks**0.5,
            blocks=self._blocks,
            count=self._blocks * self.block,
            features=self._first.shape[1],
        )

    def _gather(self, distance: float) -> None:
        self._blocks += 1
        gap = distance - self._mean
        self._mean += gap / self._blocks
        self._scatter += gap * (distance - self._mean)


def block_kernel_distance(first: np.ndarray, second: np.ndarray, block: int = 100) -> KernelResult:
    """`KernelBlocks` of features (n, width) and (m, width) that are all at hand; what one set has more is left out."""
    shared = min(len(first), len(second))
    return KernelBlocks(block).add(first[:shared], second[:shared]).result()


def _checked(name: str, features: np.ndarray, least: int = 2) -> np.ndarray:
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or len(values) < least or not values.size or not np.isfinite(values).all():
        raise HitmarkError(
            f"{name}: expected finite features (count, width) with a count of at least {least}, "
            f"but got shape {values.shape}."
        )
    return values


def _mean_of_pairs(values: np.ndarray) -> float:
    """Mean kernel over all pairs of two different vectors."""
    same = ((np.einsum("nw,nw->n", values, values) / values.shape[1] + 1) ** DEGREE).sum()
    return (_kernel_sum(values, values) - float(same)) / (len(values) * (len(values) - 1))


def _kernel_sum(first: np.ndarray, second: np.ndarray) -> float:
    """Sum of the kernel over all pairs of a vector of `first` and one of `second`."""
    width = first.shape[1]
    total = 0.0
    for top in range(0, len(first), TILE):
        for left in range(0, len(second), TILE):
            products = first[top : top + TILE] @ second[left : left + TILE].T
            total += float(((products / width + 1) ** DEGREE).sum())
    return total
