"""Means with bootstrap intervals over scenes, and paired differences. The same draws of scenes serve every row.

Clips of one scene are not independent of each other, so that scenes are drawn, each with all of its values (the
cluster bootstrap, Davison and Hinkley 1997, Sec. 3.8); the interval is that of the percentiles.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
"""Of scenes, for an interval."""
CONFIDENCE = 0.95
LEAST_SCENES = 6
"""Below that no difference is called sure: five scenes that agree by chance do so once in sixteen times."""

Entry = tuple[Hashable, ...]
"""What a value belongs to; its first member is the scene."""
Entries = Mapping[Entry, float]


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        mean: over all values.
        low, high: 95 % interval; None with fewer than two scenes, and where none is made.
        values, scenes: how many the mean is over.
        absent: values that the observer did not give (NaN); they are in no mean.
    """

    mean: float
    low: float | None
    high: float | None
    values: int
    scenes: int
    absent: int


@dataclass(frozen=True)
class Difference:
    """Mean of a row less a baseline, over pairs of values of the same scene, noise and subject.

    Attributes:
        mean, low, high: of the differences, with the 95 % interval; None with fewer than two scenes.
        pairs, scenes: how many the mean is over.
    """

    mean: float
    low: float | None
    high: float | None
    pairs: int
    scenes: int

    @property
    def sure(self) -> bool:
        """Whether the interval excludes 0, with at least `LEAST_SCENES` scenes."""
        if self.low is None or self.high is None or self.scenes < LEAST_SCENES:
            return False
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Ratio:
    """Mean of a row over that of a baseline, both over the values that both have.

    Attributes:
        value, low, high: the ratio with its 95 % interval, both means over the same draws of scenes; None with fewer
            than two scenes, and where none is made.
    """

    value: float
    low: float | None
    high: float | None


class Draws:
    """Draws of scenes with replacement, the same for all that is computed with them."""

    def __init__(self, scenes: Iterable[Hashable], draws: int = DRAWS, seed: int = 0) -> None:
        """`scenes`: in an order that does not change from run to run, as the draws depend on it."""
        self.index = {scene: place for place, scene in enumerate(dict.fromkeys(scenes))}
        count = len(self.index)
        picks = np.random.default_rng(seed).integers(count, size=(draws, count))
        self.weights = np.zeros((draws, count))
        """(draws, scenes): how often each scene is in each draw."""
        np.add.at(self.weights, (np.arange(draws)[:, None], picks), 1)

    def means(self, values: Mapping[Hashable, Sequence[float]]) -> np.ndarray:
        """Mean of all values in each draw, float64 (draws,); NaN for a draw without any. `values`: by scene."""
        sums, counts = np.zeros(len(self.index)), np.zeros(len(self.index))
        for scene, some in values.items():
            sums[self.index[scene]], counts[self.index[scene]] = np.sum(some), len(some)
        weight = self.weights @ counts
        total = self.weights @ sums
        return np.divide(total, weight, out=np.full(len(weight), np.nan), where=weight > 0)

    def interval(self, values: Mapping[Hashable, Sequence[float]]) -> tuple[float | None, float | None]:
        """95 % interval of the mean; (None, None) with fewer than two scenes."""
        return percentiles(self.means(values)) if len(values) > 1 else (None, None)


def estimate(entries: Entries, draws: Draws, average: str = "mean") -> Estimate | None:
    """The mean (or "median", "max", which have no interval) of the entries that are numbers; None if none is."""
    grouped = _by_scene(entries)
    values = np.array([value for some in grouped.values() for value in some])
    if not len(values):
        return None
    low, high = draws.interval(grouped) if average == "mean" else (None, None)
    made = {"mean": np.mean, "median": np.median, "max": np.max}[average](values)
    return Estimate(float(made), low, high, len(values), len(grouped), len(entries) - len(values))


def difference(entries: Entries, baseline: Entries, draws: Draws) -> Difference | None:
    """Mean of entry less baseline over the entries that both have as numbers; None where there is none."""
    grouped = _by_scene({entry: value - baseline[entry] for entry, value in entries.items() if entry in baseline})
    gaps = [value for some in grouped.values() for value in some]
    if not gaps:
        return None
    low, high = draws.interval(grouped)
    return Difference(float(np.mean(gaps)), low, high, len(gaps), len(grouped))


def ratio(entries: Entries, baseline: Entries, draws: Draws) -> Ratio | None:
    """Mean of entry over baseline, of the entries that both have as numbers; None where the baseline's is not above 0.

    The interval is that of the ratio in draws of scenes; draws in which the baseline is 0 do not count.
    """
    both = [entry for entry, value in entries.items() if not np.isnan(value + baseline.get(entry, np.nan))]
    of_row, of_baseline = (_by_scene({entry: some[entry] for entry in both}) for some in (entries, baseline))
    means = [
        np.mean([value for some in each.values() for value in some]) if each else 0 for each in (of_row, of_baseline)
    ]
    if not means[1] > 0:
        return None
    low, high = None, None
    if len(of_row) > 1:
        below = draws.means(of_baseline)
        low, high = percentiles(np.divide(draws.means(of_row), below, out=np.full(len(below), np.nan), where=below > 0))
    return Ratio(float(means[0] / means[1]), low, high)


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """Ends of the 95 % interval of a figure that was computed in draws (draws,); NaN counts in none."""
    rest = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(drawn, [rest, 1 - rest])
    return float(low), float(high)


def _by_scene(entries: Entries) -> dict[Hashable, list[float]]:
    """Numbers by scene, without NaN."""
    grouped: dict[Hashable, list[float]] = {}
    for entry, value in entries.items():
        if not np.isnan(value):
            grouped.setdefault(entry[0], []).append(value)
    return grouped
