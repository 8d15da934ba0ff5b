"""The page's further sections: the published reading, distance over time, and what the rows lack."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hitmark.report import failures, published
from hitmark.report.charts import Path, marks, over_frames
from hitmark.report.failures import sentences
from hitmark.report.numbers import counted, number
from hitmark.report.over_time import READINGS, OverTime
from hitmark.report.page_tables import key, marked
from hitmark.report.published import PublishedRow

if TYPE_CHECKING:
    from hitmark.report.contents import Report


COLUMNS = {
    "mIoU": ("filtered", "overlap", "\u2191"),
    "coverage": ("filtered", "coverage", "\u2191"),
    "center distance": ("filtered", "center_distance", "\u2193"),
    "AP50": ("filtered", "precise", "\u2191"),
    "mIoU, unfiltered": ("unfiltered", "overlap", "\u2191"),
    "AP50, unfiltered": ("unfiltered", "precise", "\u2191"),
}
"""Head -> line of the script, its field (and that of the strict reading), and the better side."""


def readings(report: Report) -> str:
    """The table of the published reading with the strict one in each cell, and their definitions in a fold-out."""
    if not report.readings:
        return ""
    heads = "".join(f'<th class="number" scope="col">{name} {arrow}</th>' for name, (_, _, arrow) in COLUMNS.items())
    lines = "\n".join(_reading(report, each) for each in report.readings)
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in published.DEFINITIONS.items())
    words = f"{published.LEGEND} Large: as published. Small: strict."
    return (
        f'<h2>{escape(published.TITLE)}</h2>\n<p class="soft">{escape(words)}</p>\n'
        f'<div class="table"><table><thead><tr><th scope="col">row</th><th class="number" scope="col">clips</th>{heads}'
        f"</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>\n"
        f"<details><summary>What each reading is</summary><dl>{items}</dl></details>"
    )


def _reading(report: Report, each: PublishedRow) -> str:
    several = len({one.observer for one in report.readings}) > 1
    about = f"<small>by {escape(each.observer)}</small>" if several else ""
    left = [(each.without, "without boxes"), (each.filtered.dropped, "dropped")]
    lost = "".join(f"<small>{count} {why}</small>" for count, why in left if count)
    cells = ""
    for line, name, _ in COLUMNS.values():
        strict = f"<small>strict {number(getattr(each.strict, name))}</small>" if line == "filtered" else ""
        cells += f'<td class="number">{number(getattr(getattr(each, line), name))}{strict}</td>'
    name = marked(report.run.rows, each.row, each.label)
    clips = f'<td class="number">{each.filtered.clips}{lost}</td>'
    return f'<tr><th scope="row">{name}{about}</th>{clips}{cells}</tr>'


def times(report: Report) -> str:
    """One chart for each observer and reading."""
    found = report.times
    if not found.lines or found.length < 2:
        return ""
    observers = list(dict.fromkeys(line.observer for line in found.lines))
    charts = [
        _over_frames(report, [line for line in found.lines if (line.observer, line.reading) == (observer, reading)])
        for observer in observers
        for reading in READINGS
    ]
    words = f"Mean over clips and subjects with its 95 % interval over scenes, clips of {found.length} frames."
    if found.others:
        words += f" {counted(found.others, 'clip')} of another length not shown."
    drawn = "\n".join(chart for chart in charts if chart)
    return (
        f'<h2>Center distance over time</h2>\n<p class="soft">{escape(words)} The numbers are in over_time.csv.</p>\n'
        f"{key(report.run)}\n"
        f'<div class="charts">\n{drawn}\n</div>'
    )


def lacks(report: Report) -> str:
    """For each row its failed jobs with their errors, and how many others have no clip."""
    if not report.lacking:
        return ""
    rows = report.run.rows
    parts = []
    for each in report.lacking:
        name = marked(rows, each.row, each.label) if each.row in rows else f"<b>{escape(each.label)}</b>"
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(each))
        parts.append(f"<dt>{name}</dt><dd><ul>{items}</ul></dd>")
    count = sum(each.failed + (each.others or 0) for each in report.lacking)
    return (
        f"<h2>{escape(failures.TITLE)}</h2>\n<details{' open' * (len(parts) <= 4)}><summary>"
        f"{counted(count, 'job')} of {counted(len(parts), 'row')}</summary><dl>{''.join(parts)}</dl></details>"
    )


def _over_frames(report: Report, lines: list[OverTime]) -> str:
    if not lines:
        return ""
    run, letters = report.run, marks(len(report.run.rows))
    paths = []
    for line in lines:
        place = run.rows.index(line.row)
        values = [(at.frame, at.mean, at.low, at.high) for at in line.frames]
        paths.append(Path(letters[place], place, run.row_labels[line.row], values))
    chart = over_frames(paths, "center distance (diagonals)")
    words = f"Seen by {lines[0].observer}: {READINGS[lines[0].reading]}."
    return f'<figure>{chart}<figcaption class="soft">{escape(words)}</figcaption></figure>'
