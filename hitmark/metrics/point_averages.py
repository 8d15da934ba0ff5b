"""Point errors and accuracies over many clips: gathered clip by clip, nothing kept but their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hitmark.errors import HitmarkError
from hitmark.metrics.points import PointAccuracy, PointErrors
from hitmark.metrics.running import RunningMean


@dataclass(frozen=True)
class PointErrorSummary:
    """Over many clips; every clip with a figure counts the same."""

    pixels: float
    """Mean of `PointErrors.pixels`, in pixels of `width`."""
    fraction: float
    """In diagonals."""
    by_entry: float
    """Mean over all entries of all clips, in pixels of `width`."""
    clips: int
    """Clips that the means are over."""
    without_figure: int
    """Clips left out since none of their points is visible in a frame that counts."""
    points: int
    entries: int
    width: float


class PointErrorAverages:
    """Point errors gathered clip by clip; only their sums are kept."""

    def __init__(self) -> None:
        self._width: float | None = None
        self._pixels, self._fraction = RunningMean(), RunningMean()
        self._without_figure = self._points = self._entries = 0
        self._total = 0.0

    def add(self, errors: PointErrors) -> PointErrorAverages:
        """Add one clip. Raises HitmarkError when it is stated for another width than those before."""
        if self._width not in (None, errors.width):
            raise HitmarkError(
                f"point errors must be stated for one width, got {errors.width} after {self._width}; pass the same "
                "width= to end_point_errors"
            )
        self._width = errors.width
        if not errors.points:
            self._without_figure += 1
            return self
        self._pixels.add(errors.pixels)
        self._fraction.add(errors.fraction)
        self._total += errors.pooled * errors.entries
        self._points += errors.points
        self._entries += errors.entries
        return self

    def summary(self) -> PointErrorSummary:
        """Means over the clips so far. Raises HitmarkError when there are none."""
        if self._width is None:
            raise HitmarkError("point errors: there is no clip to average; add at least one")
        return PointErrorSummary(
            pixels=self._pixels.mean,
            fraction=self._fraction.mean,
            by_entry=self._total / self._entries if self._entries else float("nan"),
            clips=self._pixels.count,
            without_figure=self._without_figure,
            points=self._points,
            entries=self._entries,
            width=self._width,
        )


def summarize_point_errors(errors: Iterable[PointErrors]) -> PointErrorSummary:
    """Means over clips. Raises HitmarkError when there are none or they are stated for different widths."""
    averages = PointErrorAverages()
    for each in errors:
        averages.add(each)
    return averages.summary()


@dataclass(frozen=True)
class AccuracySummary:
    """Over many clips; every clip with a figure counts the same, as in TAP-Vid."""

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    mean: float
    clips: int
    """Clips that the means are over."""
    without_figure: int
    entries: int


class AccuracyAverages:
    """Accuracies gathered clip by clip; only their sums are kept."""

    def __init__(self) -> None:
        self._thresholds: tuple[float, ...] | None = None
        self._shares: tuple[RunningMean, ...] = ()
        self._mean = RunningMean()
        self._without_figure = self._entries = 0

    def add(self, accuracy: PointAccuracy) -> AccuracyAverages:
        """Add one clip. Raises HitmarkError when its thresholds are others than those before."""
        if self._thresholds is None:
            self._thresholds = accuracy.thresholds
            self._shares = tuple(RunningMean() for _ in accuracy.thresholds)
        if accuracy.thresholds != self._thresholds:
            raise HitmarkError(
                f"accuracies must be of the same thresholds, got {accuracy.thresholds} after {self._thresholds}"
            )
        if not accuracy.entries:
            self._without_figure += 1
            return self
        for running, share in zip(self._shares, accuracy.shares, strict=True):
            running.add(share)
        self._mean.add(accuracy.mean)
        self._entries += accuracy.entries
        return self

    def summary(self) -> AccuracySummary:
        """Means over the clips so far. Raises HitmarkError when there are none."""
        if self._thresholds is None:
            raise HitmarkError("accuracies: there is no clip to average; add at least one")
        return AccuracySummary(
            thresholds=self._thresholds,
            shares=tuple(running.mean for running in self._shares),
            mean=self._mean.mean,
            clips=self._mean.count,
            without_figure=self._without_figure,
            entries=self._entries,
        )


def summarize_accuracies(accuracies: Iterable[PointAccuracy]) -> AccuracySummary:
    """Means over clips. Raises HitmarkError when there are none or their thresholds differ."""
    averages = AccuracyAverages()
    for each in accuracies:
        averages.add(each)
    return averages.summary()
