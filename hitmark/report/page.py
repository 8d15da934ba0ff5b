"""The report as one HTML file that needs no network and no file beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from hitmark.report import page_readings
from hitmark.report.charts import Point, marks, scatter, spreads
from hitmark.report.curves import curves
from hitmark.report.distance_table import LEGEND, TITLE
from hitmark.report.figures import Figure
from hitmark.report.page_clips import clip_grid
from hitmark.report.page_style import SCRIPT, STYLE
from hitmark.report.page_tables import (
    definitions,
    distance_table,
    group_tables,
    how_to_read,
    key,
    settings_table,
)
from hitmark.report.run_record import BenchRun
from hitmark.report.statistics import LEAST_SCENES
from hitmark.report.summary import Table, clip_value
from hitmark.report.tables import heading
from hitmark.run.record import hitmark_version

if TYPE_CHECKING:
    from hitmark.report.contents import Report

OWN_TITLE = "<title>Benchmark "
"""By which a page of ours is known."""
MOST_LISTED = 200
"""Jobs that are listed one by one; further ones are counted only."""


def page(report: Report) -> str:
    """The whole page."""
    run, table = report.run, report.table
    name = escape(run.folder.resolve().name)
    sections = [
        f"<h1>Benchmark {name}</h1>\n{_introduction(run, table)}",
        _notes(report.notes),
        page_readings.lacks(report),
        how_to_read(table) + group_tables(table, run.rows),
        page_readings.readings(report),
        _charts(report),
        page_readings.times(report),
        _kinds(report),
        _distances(report),
        _clips(report),
        f"<h2>About the figures</h2>\n<details><summary>What each figure is</summary>{definitions(table)}</details>",
        f"<details><summary>How means and intervals are made</summary>{_statistics(report.draws)}</details>",
        f"<details><summary>Settings</summary>{settings_table(run)}</details>",
        _jobs(run),
        f'<p class="soft">hitmark {escape(hitmark_version())}</p>',
    ]
    script = f"<script>{SCRIPT}</script>\n" if report.shown and report.control is not None else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{OWN_TITLE}{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{chr(10).join(part for part in sections if part)}\n{script}</body>\n</html>\n"
    )


def _introduction(run: BenchRun, table: Table) -> str:
    scenes = len({clip.scene for clip in run.clips})
    models = ", ".join(dict.fromkeys(row.model for row in run.rows))
    lengths = sorted(
        {f"{frames} frames of {width}x{height} px" for frames, height, width in {c.shape for c in run.clips}}
    )
    count = f"{len(run.clips)} clips: {len(table.lines)} rows on {scenes} scenes"
    return f'<p class="soft">{escape(count)}, model {escape(models)}, {escape(", ".join(lengths))}.</p>'


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return f'<div class="notes"><ul>{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul></div>'


def _charts(report: Report) -> str:
    """Control against quality, and the spread of both; whatever of them the run has."""
    drawn = [_tradeoff(report, report.control, report.quality)]
    drawn += [_spread(report, figure) for figure in (report.control, report.quality)]
    drawn = [part for part in drawn if part]
    if not drawn:
        return ""
    return f'<h2>Charts</h2>\n{key(report.run)}\n<div class="charts">\n{chr(10).join(drawn)}\n</div>'


def _tradeoff(report: Report, control: Figure | None, quality: Figure | None) -> str:
    if control is None or quality is None:
        return ""
    letters = dict(zip(report.run.rows, marks(len(report.run.rows)), strict=True))
    points, rows = [], []
    for line in report.table.lines:
        x, y = line.cells[control].estimate, line.cells[quality].estimate
        if x is not None and y is not None:
            points.append(Point(letters[line.row], report.run.rows.index(line.row), line.label, x, y))
            rows.append(line.row)
    if not points:
        return ""
    found = curves(report.run, rows)
    names = report.table.figures
    chart = scatter(
        points,
        [[rows.index(row) for row in curve.rows] for curve in found],
        f"{names[control]} ({control.card.better} is better)",
        f"{names[quality]} ({quality.card.better} is better)",
    )
    joined = (
        f" Dashed: rows that differ in {', '.join(sorted({curve.knob for curve in found}))} alone." if found else ""
    )
    words = f"Control against quality, with 95 % intervals.{joined}"
    return f'<figure>{chart}<figcaption class="soft">{words}</figcaption></figure>'


def _spread(report: Report, figure: Figure | None) -> str:
    if figure is None:
        return ""
    rows = []
    for index, (row, mark) in enumerate(zip(report.run.rows, marks(len(report.run.rows)), strict=True)):
        values = [clip_value(clip, figure) for clip in report.run.clips if clip.row == row]
        values = [value for value in values if not math.isnan(value)]
        if values:
            rows.append((mark, index, report.run.row_labels[row], values))
    if not rows:
        return ""
    words = "Every clip as a dot; box: quartiles and median; diamond: mean."
    chart = spreads(rows, report.table.figures[figure])
    return f'<figure>{chart}<figcaption class="soft">{words}</figcaption></figure>'


def _kinds(report: Report) -> str:
    if not report.kinds:
        return ""
    parts = [
        f"<details><summary>{escape(heading(table))} ({sum(line.clips for line in table.lines)} clips)</summary>\n"
        f"{group_tables(table, report.run.rows, 'h3')}\n</details>"
        for table in report.kinds
    ]
    return "<h2>By kind of scene</h2>\n" + "\n".join(parts)


def _distances(report: Report) -> str:
    if not report.distances:
        return ""
    words = (
        "Between the Gaussians of two sets of feature vectors; smaller is more alike. It holds for one network, one "
        f"size and length of clips, and one number of clips. {LEGEND}"
    )
    return f'<h2>{TITLE}</h2>\n<p class="soft">{words}</p>\n{distance_table(report.distances)}'


def _clips(report: Report) -> str:
    grid = clip_grid(report.run, report.shown, report.control or next(iter(report.table.figures), None))
    if not grid:
        return ""
    places = len({clip.place for clip in report.run.clips})
    words = f"{len(report.shown)} of {places} (scene, noise), boxes are the wanted places."
    if any(each.worst for each in report.shown):
        words += " Half of them are the worst by control, the others an even choice of the rest."
    return f'<h2>Clips</h2>\n<p class="soft">{words}</p>\n{grid}'


def _statistics(draws: int) -> str:
    return (
        f"<p>Intervals are 95 % percentile intervals of {draws} bootstrap draws of scenes, each with all of its clips "
        "and subjects; every row is averaged over the same draws. A difference is the mean over pairs of the same "
        "scene, noise and subject; clips without a partner of the same shape are in no difference. A star needs an "
        f"interval that excludes 0 and at least {LEAST_SCENES} scenes; it is not corrected for the number of "
        "differences. Values that an observer did not give are in no mean; their number stands in the cell.</p>"
    )


def _jobs(run: BenchRun) -> str:
    lines = [
        f"<li><code>{escape(each.key)}</code> {escape(each.reason)}: {escape(each.detail)}</li>"
        for each in run.left_out
    ]
    lines += [f"<li><code>{escape(key)}</code> failed: {escape(error)}</li>" for key, error in run.failed.items()]
    if not lines:
        return ""
    more = f"<li>and {len(lines) - MOST_LISTED} more</li>" if len(lines) > MOST_LISTED else ""
    return (
        f"<details><summary>{len(lines)} jobs that do not count</summary><ul>{''.join(lines[:MOST_LISTED])}{more}</ul>"
        "</details>"
    )
