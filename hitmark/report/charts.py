"""Charts as inline SVG: control against quality, and how each row's clips are spread. Colors come from the page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from hitmark.report.numbers import MINUS, number
from hitmark.report.statistics import Estimate

COLORS = 8
"""The page defines .c0 ... .c7; further rows start again."""
WIDTH, HEIGHT = 560, 360
LEFT, RIGHT, TOP, BOTTOM = 58, 26, 14, 48
LANE = 38
"""Height of a row in a chart of spreads."""
LETTER = 12
"""Pixels between letters beside lines."""
DOTS = 400
"""Clips that are drawn as dots at most; quartiles are over all."""


@dataclass(frozen=True)
class Point:
    """One row of a chart: `mark` is the letter that stands for it, `color` its number among all rows."""

    mark: str
    color: int
    label: str
    x: Estimate
    y: Estimate


@dataclass(frozen=True)
class Scale:
    """Values to pixels: `low` is drawn at `start`, `high` at `stop`."""

    low: float
    high: float
    start: float
    stop: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, stop: float) -> Scale:
        """Holds all values with a margin."""
        low, high = min(values), max(values)
        margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
        return cls(low - margin, high + margin, start, stop)

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start), 1)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values in the scale, about as many as wanted."""
        raw = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= raw)
        first = math.ceil(self.low / step)
        return [index * step for index in range(first, math.floor(self.high / step) + 1)]


def marks(count: int) -> list[str]:
    """A, B, ..., Z, A2, B2, ..."""
    return [chr(65 + index % 26) + (str(index // 26 + 1) if index >= 26 else "") for index in range(count)]


def scatter(points: Sequence[Point], curves: Sequence[Sequence[int]], x_title: str, y_title: str) -> str:
    """Rows as points with their intervals; `curves` are lists of positions in `points` that a line joins."""
    across = Scale.around([v for point in points for v in _reach(point.x)], LEFT, WIDTH - RIGHT)
    up = Scale.around([v for point in points for v in _reach(point.y)], HEIGHT - BOTTOM, TOP)
    parts = [_axes(across, up, x_title, y_title)]
    for curve in curves:
        line = " ".join(f"{across(points[index].x.mean)},{up(points[index].y.mean)}" for index in curve)
        parts.append(f'<polyline class="curve" points="{line}"/>')
    parts += [_point(point, across, up) for point in points]
    return _svg(HEIGHT, f"{y_title} against {x_title}", parts)


def spreads(rows: Sequence[tuple[str, int, str, Sequence[float]]], title: str) -> str:
    """For each row (mark, color, label, one value a clip): clips as dots, quartiles and median as a box, the mean."""
    across = Scale.around([value for *_, values in rows for value in values], LEFT, WIDTH - RIGHT)
    bottom = TOP + LANE * len(rows)
    parts = [_across_axis(across, TOP, bottom, title)]
    for index, (mark, color, label, values) in enumerate(rows):
        parts.append(_lane(mark, color, label, np.array(values), across, TOP + LANE * (index + 0.5)))
    return _svg(bottom + BOTTOM, f"{title}, clip by clip", parts)


@dataclass(frozen=True)
class Path:
    """One row of a chart over frames: mean, lower and upper edge of the band at each frame (None without a band)."""

    mark: str
    color: int
    label: str
    values: Sequence[tuple[int, float, float | None, float | None]]


def over_frames(paths: Sequence[Path], title: str) -> str:
    """Rows as lines over the frames of the clip, with their bands; the letter stands at the end of the line."""
    frames = [frame for path in paths for frame, *_ in path.values]
    numbers = [each for path in paths for _, *values in path.values for each in values if each is not None]
    across = Scale(min(frames) - 0.2, max(frames) + 0.6, LEFT, WIDTH - RIGHT)
    up = Scale.around(numbers, HEIGHT - BOTTOM, TOP)
    parts = [_axes(across, up, "frame of the clip", title)]
    parts += [_band(path, across, up) for path in paths]
    heights = _apart([up(path.values[-1][1]) for path in paths])
    parts += [_path(path, across, up, height) for path, height in zip(paths, heights, strict=True)]
    return _svg(HEIGHT, f"{title}, frame by frame", parts)


def _apart(heights: Sequence[float]) -> list[float]:
    """Where letters stand that belong at these heights: at least LETTER pixels from each other."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    made = list(heights)
    for before, place in itertools.pairwise(order):
        made[place] = max(made[place], made[before] + LETTER)
    return made


def _band(path: Path, across: Scale, up: Scale) -> str:
    edges = [(frame, low, high) for frame, _, low, high in path.values if low is not None and high is not None]
    if len(edges) < 2:
        return ""
    above = [f"{across(frame)},{up(high)}" for frame, _, high in edges]
    below = [f"{across(frame)},{up(low)}" for frame, low, _ in reversed(edges)]
    return f'<polygon class="band c{path.color % COLORS}" points="{" ".join(above + below)}"/>'


def _path(path: Path, across: Scale, up: Scale, height: float) -> str:
    places = [(across(frame), up(mean)) for frame, mean, *_ in path.values]
    dots = "".join(
        f'<circle class="point" cx="{x}" cy="{y}" r="2.5"><title>{escape(path.label)}, frame {frame}: {number(mean)}'
        "</title></circle>"
        for (x, y), (frame, mean, *_) in zip(places, path.values, strict=True)
    )
    line = " ".join(f"{x},{y}" for x, y in places)
    return (
        f'<g class="c{path.color % COLORS}"><polyline class="line" points="{line}"/>{dots}'
        f'<text class="mark" x="{places[-1][0] + 7}" y="{height + 4:g}">{escape(path.mark)}</text></g>'
    )


def _lane(mark: str, color: int, label: str, values: np.ndarray, across: Scale, middle: float) -> str:
    low, median, high = (across(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    shown = values if len(values) <= DOTS else np.sort(values)[np.linspace(0, len(values) - 1, DOTS).astype(int)]
    dots = "".join(
        f'<circle cx="{across(value)}" cy="{middle + (place * 0.618 % 1 - 0.5) * 18:.1f}" r="2"/>'
        for place, value in enumerate(shown)
    )
    spoken = f"{label}: mean {number(values.mean())}, median {number(float(np.median(values)))}, {len(values)} clips"
    return (
        f'<g class="c{color % COLORS}"><title>{escape(spoken)}</title><g class="dots">{dots}</g>'
        f'<rect class="box" x="{low}" y="{middle - 11}" width="{max(1.0, high - low):.1f}" height="22"/>'
        f'<path class="median" d="M{median} {middle - 11}v22"/>'
        f'<path class="mean" d="M{across(values.mean()) - 4} {middle}l4 -4l4 4l-4 4z"/>'
        f'<text class="mark" x="{LEFT - 14}" y="{middle + 4}" text-anchor="end">{escape(mark)}</text></g>'
    )


def _point(point: Point, across: Scale, up: Scale) -> str:
    x, y = across(point.x.mean), up(point.y.mean)
    whiskers = ""
    if point.x.low is not None and point.x.high is not None:
        whiskers += f"M{across(point.x.low)} {y}H{across(point.x.high)}"
    if point.y.low is not None and point.y.high is not None:
        whiskers += f"M{x} {up(point.y.low)}V{up(point.y.high)}"
    spoken = f"{point.label}: {number(point.x.mean)}, {number(point.y.mean)}"
    return (
        f'<g class="c{point.color % COLORS}"><title>{escape(spoken)}</title><path class="whisker" d="{whiskers}"/>'
        f'<circle class="point" cx="{x}" cy="{y}" r="5"/>'
        f'<text class="mark" x="{x + 8}" y="{y - 7}">{escape(point.mark)}</text></g>'
    )


def _reach(value: Estimate) -> list[float]:
    return [each for each in (value.mean, value.low, value.high) if each is not None]


def _axes(across: Scale, up: Scale, x_title: str, y_title: str) -> str:
    grid = "".join(f'<path class="grid" d="M{LEFT} {up(tick)}H{WIDTH - RIGHT}"/>' for tick in up.ticks())
    texts = "".join(
        f'<text x="{LEFT - 8}" y="{up(tick) + 4}" text-anchor="end">{_tick(tick)}</text>' for tick in up.ticks()
    )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    name = (
        f'<text x="14" y="{middle}" transform="rotate(-90 14 {middle})" text-anchor="middle">{escape(y_title)}</text>'
    )
    return _across_axis(across, TOP, HEIGHT - BOTTOM, x_title) + grid + texts + name


def _across_axis(across: Scale, top: float, bottom: float, title: str) -> str:
    lines = "".join(f'<path class="grid" d="M{across(tick)} {top}V{bottom}"/>' for tick in across.ticks())
    texts = "".join(
        f'<text x="{across(tick)}" y="{bottom + 17}" text-anchor="middle">{_tick(tick)}</text>'
        for tick in across.ticks()
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return lines + texts + f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{escape(title)}</text>'


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", MINUS)


def _svg(height: float, spoken: str, parts: Sequence[str]) -> str:
    return (
        f'<div class="chart"><svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(spoken)}">'
        f"{''.join(parts)}</svg></div>"
    )
