"""Frechet distance between two sets of feature vectors (Heusel et al., 2017), streaming and in float64.

With features of pictures it is FID, with features of clips FVD (Unterthiner et al., arXiv:1812.01717). A figure holds
for one extractor, one picture size, one clip length and one number of clips: compare nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError


class FeatureMoments:
    """Mean and covariance of feature vectors, gathered batch by batch in float64.

    It holds width * (width + 1) numbers, however many vectors were added.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = np.zeros(0)
        self._scatter = np.zeros((0, 0))

    @classmethod
    def restored(cls, count: int, mean: np.ndarray, scatter: np.ndarray) -> FeatureMoments:
        """The moments whose `count`, `mean` and `scatter` these are. Raises HitmarkError for numbers that cannot be."""
        mean, scatter = np.array(mean, dtype=np.float64), np.array(scatter, dtype=np.float64)
        if count < 1 or mean.ndim != 1 or not mean.size or scatter.shape != (mean.size, mean.size):
            raise HitmarkError(
                "moments: expected a count of at least 1, mean (width,) and scatter (width, width), "
                f"but got {count}, {mean.shape} and {scatter.shape}."
            )
        plausible = np.isfinite(mean).all() and np.isfinite(scatter).all() and (scatter.diagonal() >= 0).all()
        if not plausible or not np.allclose(scatter, scatter.T):
            raise HitmarkError("moments: expected finite numbers and a symmetric scatter; compute them again.")
        moments = cls()
        moments.count, moments._mean, moments._scatter = int(count), mean, scatter
        return moments

    def add(self, features: np.ndarray) -> FeatureMoments:
        """Add features (vectors, width). Raises HitmarkError for other shapes, other widths, numbers not finite."""
        values = np.asarray(features, dtype=np.float64)
        if values.ndim != 2 or not values.size or not np.isfinite(values).all():
            raise HitmarkError(f"features: expected finite vectors (count, width), but got shape {values.shape}.")
        mean = values.mean(axis=0)
        centered = values - mean
        return self._join(len(values), mean, centered.T @ centered)

    def merge(self, other: FeatureMoments) -> FeatureMoments:
        """Add all vectors that `other` was given, for work that was shared. Raises HitmarkError for another width."""
        return self._join(other.count, other.mean, other.scatter) if other.count else self

    def _join(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> FeatureMoments:
        """The pairwise update of Chan, Golub and LeVeque (1983): no difference of large sums."""
        if self.count and len(mean) != self.width:
            raise HitmarkError(f"features: expected width {self.width} as before, but got {len(mean)}.")
        if self.count:
            total = self.count + count
            gap = mean - self._mean
            scatter = self._scatter + scatter + np.outer(gap, gap) * (self.count * count / total)
            mean = self._mean + gap * (count / total)
        self.count += count
        self._mean, self._scatter = mean, scatter
        return self

    @property
    def width(self) -> int:
        """Numbers in a vector; 0 before the first was added."""
        return len(self._mean)

    @property
    def mean(self) -> np.ndarray:
        """(width,)."""
        return self._mean

    @property
    def scatter(self) -> np.ndarray:
        """(width, width): the sum over vectors of the outer product of their difference from the mean."""
        return self._scatter

    @property
    def covariance(self) -> np.ndarray:
        """(width, width), divided by count - 1. Raises HitmarkError for fewer than two vectors."""
        if self.count < 2:
            raise HitmarkError(f"features: a covariance needs at least two vectors, but there are {self.count}.")
        return self._scatter / (self.count - 1)


@dataclass(frozen=True)
class FrechetResult:
    """A Frechet distance with what is needed to judge it."""

    distance: float
    """At least 0; smaller is more alike."""
    first_count: int
    """Clips (or pictures) in the first set."""
    second_count: int
    """The same of the second set."""
    features: int
    """Numbers in a feature vector."""
    warning: str | None
    """Why the figure is not to be trusted; None when nothing is known against it."""


def measure_frechet(first: FeatureMoments, second: FeatureMoments) -> FrechetResult:
    """`frechet_distance` with its numbers of clips, and a warning when there are fewer clips than features."""
    fewest = min(first.count, second.count)
    warning = None
    if fewest < first.width:
        warning = (
            f"{fewest} clips for {first.width} features: the covariance is not of full rank and the distance is biased "
            "upwards; compare it only with others of the same numbers of clips, or use more clips"
        )
    return FrechetResult(frechet_distance(first, second), first.count, second.count, first.width, warning)


def frechet_distance(first: FeatureMoments, second: FeatureMoments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), at least 0; smaller is more alike.

    With C = A A^T the trace of the root is the sum of the singular values of A1^T A2. That is real for covariances that
    are not of full rank, and no root is taken of a number that is only rounding error.
    With fewer vectors than their width the distance is biased upwards: compare only equal counts.
    Raises: HitmarkError for fewer than two vectors and for different widths.
    """
    if first.width != second.width:
        raise HitmarkError(
            f"features: expected the same width twice, but got {first.width} and {second.width}; "
            "use one extractor for both sets."
        )
    shared = np.linalg.svd(_factor(first).T @ _factor(second), compute_uv=False).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance) - 2 * shared
    gap = first.mean - second.mean
    return float(max(0.0, gap @ gap + traces))


def _factor(moments: FeatureMoments) -> np.ndarray:
    """A (width, rank) with A A^T = covariance, without the directions that hold only rounding error."""
    values, vectors = np.linalg.eigh(moments.covariance)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    kept[: max(0, moments.width - moments.count + 1)] = False  # n vectors span at most n - 1 directions
    return vectors[:, kept] * np.sqrt(values[kept])
