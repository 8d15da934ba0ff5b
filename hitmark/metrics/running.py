"""Means of numbers that come one by one; nothing is kept but their sum and count."""

from __future__ import annotations


class RunningMean:
    """A mean in float64; NaN as long as there is no number."""

    def __init__(self) -> None:
        self.count = 0
        self._total = 0.0

    def add(self, value: float) -> None:
        """Count a number."""
        self.count += 1
        self._total += value

    @property
    def mean(self) -> float:
        """Of the numbers so far."""
        return self._total / self.count if self.count else float("nan")
