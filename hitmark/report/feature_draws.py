"""How sure a Frechet distance is beside another row's: both in the same draws of scenes.

A draw has some clips twice, which raises the distance itself; so there is no interval of a distance, only of
differences and ratios, in which that cancels.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.frechet import FeatureMoments, frechet_distance
from hitmark.report.clip_record import Clip, Row
from hitmark.report.statistics import Difference, Draws, Ratio, percentiles

MOST_DRAWS, WIDEST = 1000, 256
"""Draws that are made at most, and numbers of a vector up to which they are made: a distance costs width^3."""


@dataclass
class RowVectors:
    """What a row's clips have of one set of features.

    Attributes:
        moments: of all vectors.
        absent: clips that have no such features, or not as finite vectors.
        by_place: the vectors (count, width) of each clip by scene and noise; empty for wide ones.
    """

    moments: FeatureMoments = field(default_factory=FeatureMoments)
    absent: int = 0
    by_place: dict[tuple[Hashable, int], np.ndarray] = field(default_factory=dict)

    def add(self, clip: Clip, vectors: np.ndarray | None) -> None:
        """Take a clip's vectors; None, or what is not finite vectors of the same width, counts as absent."""
        try:
            if vectors is None:
                raise HitmarkError("no features")
            self.moments.add(vectors)
        except HitmarkError:
            self.absent += 1
            return
        if self.moments.width <= WIDEST:
            self.by_place[clip.place] = vectors


class DrawnDistances:
    """Distances to one reference in draws of scenes; those of a row are computed once."""

    def __init__(self, rows: Mapping[Row, RowVectors], true: FeatureMoments, draws: Draws) -> None:
        self.rows, self.true, self.draws = rows, true, draws
        self._made: dict[Row, np.ndarray] = {}

    def compared(self, row: Row, baseline: Row) -> tuple[Difference, Ratio | None] | None:
        """Distance of a row less, and over, that of the baseline.

        None where the two have not the same clips, or fewer than two vectors, or wide ones.
        """
        one, other = self.rows[row], self.rows[baseline]
        if not one.by_place or one.by_place.keys() != other.by_place.keys():
            return None
        if min(one.moments.count, other.moments.count) < 2:
            return None
        values = [frechet_distance(each.moments, self.true) for each in (one, other)]
        ours, theirs = self._of(row), self._of(baseline)
        scenes = len({scene for scene, _ in one.by_place})
        low, high = percentiles(ours - theirs) if scenes > 1 else (None, None)
        gap = Difference(values[0] - values[1], low, high, len(one.by_place), scenes)
        if not values[1] > 0:
            return gap, None
        shares = np.divide(ours, theirs, out=np.full(len(ours), np.nan), where=theirs > 0)
        low, high = percentiles(shares) if scenes > 1 else (None, None)
        return gap, Ratio(values[0] / values[1], low, high)

    def _of(self, row: Row) -> np.ndarray:
        """float64 (draws,); NaN for a draw of fewer than two vectors."""
        if row not in self._made:
            places = self.rows[row].by_place
            self._made[row] = np.array([self._drawn(places, weights) for weights in self.draws.weights])
        return self._made[row]

    def _drawn(self, places: Mapping[tuple[Hashable, int], np.ndarray], weights: np.ndarray) -> float:
        index = self.draws.index
        taken = [some for (scene, _), some in places.items() for _ in range(int(weights[index[scene]]))]
        if sum(map(len, taken)) < 2:
            return float("nan")
        return frechet_distance(FeatureMoments().add(np.concatenate(taken)), self.true)
