"""Curves of results: what a method reaches against what it costs, over its strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hitmark.errors import HitmarkError
from hitmark.inspection.plots import save_figure
from hitmark.report.figures import Figure
from hitmark.report.statistics import Estimate
from hitmark.report.summary import Table


def draw_curves(table: Table, figures: Sequence[Figure], lines: Mapping[str, Sequence[str]], path: Path) -> None:
    """Write a PNG with a panel for each figure but the first, which all have across.

    Args:
        table: of the run.
        figures: what stands across, then what stands up in each panel.
        lines: names of curves and the rows of each, weakest first; a single row is a point.
        path: of the picture.

    Raises:
        HitmarkError: a row that the run does not have.
    """
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(5.2 * (len(figures) - 1), 4.6), layout="constrained")
    panels = drawing.subplots(1, len(figures) - 1, squeeze=False)[0]
    for figure, panel in zip(figures[1:], panels, strict=True):
        for name, rows in lines.items():
            points = [point for row in rows if (point := _point(table, row, figures[0], figure)) is not None]
            if points:
                across, up = zip(*points, strict=True)
                panel.errorbar(
                    [each.mean for each in across],
                    [each.mean for each in up],
                    xerr=_reach(across),
                    yerr=_reach(up),
                    marker="o" if len(points) > 1 else "D",
                    markersize=4,
                    elinewidth=0.4,
                    linewidth=1.2,
                    label=name,
                )
        panel.set_xlabel(_label(figures[0]))
        panel.set_ylabel(_label(figure))
        panel.grid(linewidth=0.3)
    panels[0].legend(fontsize=7)
    save_figure(drawing, path)


def _point(table: Table, row: str, across: Figure, up: Figure) -> tuple[Estimate, Estimate] | None:
    """Where a row stands; None where it has not both figures."""
    found = [line for line in table.lines if line.row.method == row]
    if not found:
        known = ", ".join(line.row.method for line in table.lines)
        raise HitmarkError(f"curves: the run has no row {row!r}; there are: {known}")
    first, second = (found[0].cells[figure].estimate for figure in (across, up))
    return None if first is None or second is None else (first, second)


def _reach(points: Sequence[Estimate]) -> list[list[float]]:
    """Below and above the means, to the ends of the intervals; 0 where there is none."""
    below = [0.0 if each.low is None else max(0.0, each.mean - each.low) for each in points]
    above = [0.0 if each.high is None else max(0.0, each.high - each.mean) for each in points]
    return [below, above]


def _label(figure: Figure) -> str:
    better = {"greater": "more is better", "smaller": "less is better", None: ""}[figure.card.better]
    return f"{figure.name} ({better})" if better else figure.name
