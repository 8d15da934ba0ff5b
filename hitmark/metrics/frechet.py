"""Frechet distance between two sets of feature vectors (Heusel et al., 2017), streaming and in float64."""

from __future__ import annotations

import numpy as np

from hitmark.errors import HitmarkError


class FeatureMoments:
    """Mean and covariance of feature vectors, gathered batch by batch in float64."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = np.zeros(0)
        self._scatter = np.zeros((0, 0))

    def add(self, features: np.ndarray) -> FeatureMoments:
        """Add features (vectors, width). Raises HitmarkError for other shapes, other widths, numbers not finite."""
        values = np.asarray(features, dtype=np.float64)
        if values.ndim != 2 or not len(values) or not np.isfinite(values).all():
            raise HitmarkError(f"features: expected finite vectors (count, width), but got shape {values.shape}.")
        if self.count and values.shape[1] != len(self._mean):
            raise HitmarkError(f"features: expected width {len(self._mean)} as before, but got {values.shape[1]}.")
        mean = values.mean(axis=0)
        centred = values - mean
        scatter = centred.T @ centred
        if self.count:
            total = self.count + len(values)
            gap = mean - self._mean
            scatter += self._scatter + np.outer(gap, gap) * self.count * len(values) / total
            mean = self._mean + gap * len(values) / total
        self.count += len(values)
        self._mean, self._scatter = mean, scatter
        return self

    @property
    def mean(self) -> np.ndarray:
        """(width,)."""
        return self._mean

    @property
    def covariance(self) -> np.ndarray:
        """(width, width), divided by count - 1. Raises HitmarkError for fewer than two vectors."""
        if self.count < 2:
            raise HitmarkError(f"features: a covariance needs at least two vectors, but there are {self.count}.")
        return self._scatter / (self.count - 1)


def frechet_distance(first: FeatureMoments, second: FeatureMoments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), at least 0; smaller is more alike.

    The trace of the root comes from the symmetric C1^(1/2) C2 C1^(1/2), which keeps it real for covariances that are
    not of full rank. With fewer vectors than their width the distance is biased upwards: compare only equal counts.
    """
    root = _root(first.covariance)
    crossed = np.linalg.eigvalsh(root @ second.covariance @ root)
    traces = np.trace(first.covariance) + np.trace(second.covariance) - 2 * np.sqrt(crossed.clip(0)).sum()
    gap = first.mean - second.mean
    return float(max(0.0, gap @ gap + traces))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T
