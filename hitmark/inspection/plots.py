"""Figures of what the probes saw. matplotlib, without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from hitmark.control import KINDS
from hitmark.files import written_whole
from hitmark.inspection.features import KINDS as FEATURES
from hitmark.inspection.features import FeatureProbe, component_colors
from hitmark.inspection.gap import GapProbe
from hitmark.inspection.shift import REGIONS, ShiftRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hitmark.control import AttentionSite, Layout

COLORS = ("#d1495b", "#00798c", "#edae49", "#30638e", "#8f6fb0", "#5a8f3c")
MOST_FRAMES = 8
"""Frames shown in a row."""
MEASURES = (("deviation", "standard deviation, edited / unedited"), ("distance", "distance of the values, in std"))


def shift_figure(runs: Mapping[str, Sequence[ShiftRow]]) -> Figure:
    """Deviation and distance over the steps, one column for each kind of attention, one color for each run.

    Args:
        runs: label of a run -> what a `ShiftProbe` wrote down. Solid lines: cells of subjects; dotted: background.
    """
    kinds = [kind for kind in KINDS.values() if any(row.kind == kind for row in _all(runs))]
    figure, axes = _figure(len(MEASURES), max(1, len(kinds)), 4.2, 2.8)
    for column, kind in enumerate(kinds):
        for line, (measure, title) in enumerate(MEASURES):
            axis = axes[line][column]
            for (label, rows), color in zip(runs.items(), COLORS, strict=False):
                for region, style in zip(REGIONS, (":", "-"), strict=True):
                    chosen = [row for row in rows if row.kind == kind and row.region == region]
                    steps = sorted({row.step for row in chosen})
                    values = [np.mean([getattr(row, measure) for row in chosen if row.step == step]) for step in steps]
                    axis.plot(steps, values, style, color=color, marker="o", markersize=3, label=f"{label}, {region}")
            axis.axhline(1.0 if measure == "deviation" else 0.0, color="0.7", linewidth=0.8, zorder=0)
            axis.set_title(f"{kind} attention", fontsize=9)
            axis.set_xlabel("step")
            if column == 0:
                axis.set_ylabel(title, fontsize=8)
    if kinds:
        axes[0][0].legend(fontsize=6)
    return figure


def gap_figure(runs: Mapping[str, Sequence[GapProbe]]) -> Figure:
    """How far attention and clean estimates agree with the boxes, over the steps; mean over the probes of each run."""
    figure, axes = _figure(1, 2, 4.6, 3.2)
    titles = (
        ("inside", "attention to the subject's words:\n(inside - outside) / (inside + outside) of the boxes"),
        ("along", "clean estimate in the box:\ncorrelation over time, low frequencies"),
    )
    for axis, (name, title) in zip(axes[0], titles, strict=True):
        for (label, probes), color in zip(runs.items(), COLORS, strict=False):
            steps = sorted({step for probe in probes for step in getattr(probe, name)})
            values = [
                np.mean([value for probe in probes for value in getattr(probe, name).get(step, [])]) for step in steps
            ]
            axis.plot(steps, values, color=color, label=label)
        axis.set_title(title, fontsize=8)
        axis.set_xlabel("step")
        axis.axhline(0.0, color="0.7", linewidth=0.8, zorder=0)
    axes[0][0].legend(fontsize=7)
    return figure


def mask_figure(layout: Layout, sites: Sequence[AttentionSite]) -> Figure:
    """The regions that masks are made of, on the token grid of each level: dark background, a color per subject."""
    grids = sorted({site.grid for site in sites}, reverse=True)
    shown = _evenly(layout.frames)
    figure, axes = _figure(len(grids), len(shown), 1.1, 1.1 * layout.height / layout.width + 0.25)
    palette = np.array([[0.12, 0.12, 0.14], *(_rgb(color) for color in COLORS)])
    for line, grid in enumerate(grids):
        labels = layout.regions(grid)
        for axis, frame in zip(axes[line], shown, strict=True):
            axis.imshow(palette[np.minimum(labels[frame], len(COLORS))], interpolation="nearest")
            _bare(axis, f"frame {frame}, {grid[1]} x {grid[2]}")
    return figure


def attention_figure(layout: Layout, maps: Mapping[int, Mapping[tuple[int, int], Tensor]], rows: int = 5) -> Figure:
    """Where the subjects' words are looked at, at some steps: finest grid, brightest = most; wanted boxes on top."""
    from matplotlib.patches import Rectangle

    steps = [sorted(maps)[place] for place in _evenly(len(maps), rows)]
    shown = _evenly(layout.frames)
    figure, axes = _figure(max(1, len(steps)), len(shown), 1.1, 1.1 * layout.height / layout.width + 0.25)
    for line, step in zip(axes, steps, strict=False):
        grid = max(maps[step], key=lambda size: size[0] * size[1])
        values = maps[step][grid].numpy()
        for axis, frame in zip(line, shown, strict=True):
            axis.imshow(values[frame], vmin=0, vmax=float(values.max()), cmap="magma", extent=(0, 1, 1, 0))
            axis.set_aspect(layout.height / layout.width)
            _bare(axis, f"step {step}, frame {frame}")
            for number, track in enumerate(track for track in layout.tracks if track.kind == "subject"):
                if track.visible[frame]:
                    x0, y0, x1, y1 = track.boxes[frame]
                    color = COLORS[number % len(COLORS)]
                    axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color, linewidth=1.2))
    return figure


def feature_figure(probe: FeatureProbe) -> Figure:
    """Principal components of features as colors: one row a kind of feature, frames side by side; wanted boxes on top.

    Frames are those of the latents; where one token stands for several, the token's.
    """
    from matplotlib.patches import Rectangle

    layout = probe.layouts[-1]
    kinds = {kind: title for kind, title in FEATURES.items() if probe.maps.get(kind)}
    colors = {kind: component_colors(probe.maps[kind]).numpy() for kind in kinds}
    count = len(next(iter(colors.values())))
    shown = _evenly(count)
    figure, axes = _figure(len(kinds), len(shown), 1.3, 1.3 * layout.height / layout.width + 0.25)
    where = f"{', '.join(probe.names)}; step {probe.step}"
    for line, (kind, title) in zip(axes, kinds.items(), strict=True):
        for axis, frame in zip(line, shown, strict=True):
            axis.imshow(colors[kind][frame], interpolation="nearest", extent=(0, 1, 1, 0))
            axis.set_aspect(layout.height / layout.width)
            _bare(axis, f"frame {frame}")
            for number, track in enumerate(layout.tracks_on(count)):
                if track.visible[frame]:
                    x0, y0, x1, y1 = track.boxes[frame]
                    color = COLORS[number % len(COLORS)]
                    axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color, linewidth=1.2))
        line[0].set_ylabel(title, fontsize=5, wrap=True)
    figure.suptitle(f"principal components of features ({where})", fontsize=7)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a PNG, whole or not at all. Raises OutputError."""
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=130)


def _figure(rows: int, columns: int, width: float, height: float) -> tuple[Figure, Any]:
    """A figure without a display, and its axes by row and column; sizes of one of them in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _bare(axis: Any, title: str) -> None:
    axis.set_title(title, fontsize=5)
    axis.set_xticks([])
    axis.set_yticks([])


def _evenly(count: int, most: int = MOST_FRAMES) -> list[int]:
    return sorted({int(place) for place in np.linspace(0, count - 1, min(most, count)).round()}) if count else []


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _all(runs: Mapping[str, Sequence[ShiftRow]]) -> list[ShiftRow]:
    return [row for rows in runs.values() for row in rows]
