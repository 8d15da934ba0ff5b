"""The page's tables, and what their figures mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from hitmark.report.charts import COLORS, marks
from hitmark.report.clip_record import Row
from hitmark.report.distance_table import HEADS, cells
from hitmark.report.features import Distance
from hitmark.report.figures import Figure, averaged
from hitmark.report.numbers import interval, number, signed
from hitmark.report.run_record import BenchRun
from hitmark.report.statistics import LEAST_SCENES
from hitmark.report.summary import Cell, Line, Table
from hitmark.report.tables import ARROWS, MARKS, baseline_names, grouped


def marked(rows: Sequence[Row], row: Row, label: str) -> str:
    """The row's letter in its color, and its name."""
    index = rows.index(row)
    return f'<b class="mark c{index % COLORS}">{marks(len(rows))[index]}</b>{escape(label)}'


def key(run: BenchRun) -> str:
    """The letters of all rows."""
    names = " &nbsp; ".join(f"<span>{marked(run.rows, row, run.row_labels[row])}</span>" for row in run.rows)
    return f'<p class="soft">{names}</p>'


def group_tables(table: Table, rows: Sequence[Row], level: str = "h2") -> str:
    """One table for each group of figures."""
    return "\n".join(
        f"<{level}>{escape(title)}</{level}>\n{_table(table, rows, figures)}"
        for title, figures in grouped(table).items()
    )


def _table(table: Table, rows: Sequence[Row], figures: Sequence[Figure]) -> str:
    heads = "".join(
        f'<th class="number" scope="col">{escape(table.figures[figure])} {ARROWS[figure.card.better]}</th>'
        for figure in figures
    )
    body = "\n".join(_line(line, rows, figures) for line in table.lines)
    return (
        f'<div class="table"><table><thead><tr><th scope="col">row</th><th class="number" scope="col">clips</th>{heads}'
        f"</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _line(line: Line, rows: Sequence[Row], figures: Sequence[Figure]) -> str:
    cells = "".join(_cell(line.cells[figure], figure) for figure in figures)
    name = marked(rows, line.row, line.label)
    unpaired = f"<small>{line.unpaired} not paired</small>" if line.unpaired else ""
    return f'<tr><th scope="row">{name}</th><td class="number">{line.clips}{unpaired}</td>{cells}</tr>'


def _cell(cell: Cell, figure: Figure) -> str:
    if cell.estimate is None:
        return '<td class="number">-</td>'
    parts = [number(cell.estimate.mean)]
    between = interval(cell.estimate.low, cell.estimate.high)
    if between:
        parts.append(f"<small>{between}</small>")
    if cell.difference is not None:
        gap = signed(cell.difference.mean) + MARKS[cell.verdict(figure)]
        around = interval(cell.difference.low, cell.difference.high)
        parts.append(f'<small class="gap" title="{around}">{gap}</small>')
    if cell.estimate.absent:
        parts.append(f"<small>{cell.estimate.absent} not measured</small>")
    return f'<td class="number {cell.verdict(figure)}">{"".join(parts)}</td>'


def how_to_read(table: Table) -> str:
    """A paragraph under the first table."""
    compared = table.comparisons()
    words = (
        "Each cell: the mean, its 95 % interval over scenes"
        + (
            f", and the difference to <i>{escape(baseline_names(table))}</i> on the same scenes and noise"
            * bool(compared)
        )
        + ". "
    )
    if compared:
        words += (
            f"A star marks a difference whose 95 % interval excludes 0; green is better, red is worse. "
            f"Of {compared} differences, about {max(1, round(compared / 20))} would get a star by chance. "
        )
        if max(line.scenes for line in table.lines) < LEAST_SCENES:
            words += f"There are fewer than {LEAST_SCENES} scenes, too few for any star. "
    return f'<p class="soft">{words}{ARROWS["greater"]} greater is better, {ARROWS["smaller"]} smaller is better.</p>'


def distance_table(distances: Sequence[Distance]) -> str:
    """Frechet distances with their numbers of clips and whatever is to be said against them."""
    lines = []
    for label, features, *numbers, note in cells(distances):
        figures = "".join(f'<td class="number">{each}</td>' for each in numbers)
        lines.append(
            f'<tr><th scope="row">{escape(label)}</th><td>{escape(features)}</td>{figures}'
            f'<td class="note"><small>{escape(note)}</small></td></tr>'
        )
    heads, body = "".join(f"<th>{name}</th>" for name in HEADS), "\n".join(lines)
    return f'<div class="table"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def definitions(table: Table) -> str:
    """Of every figure in the tables: exactly what it is."""
    entries = []
    for figure, name in table.figures.items():
        card = figure.card
        better = f"{card.better} is better" if card.better else "no side is better"
        about = "; ".join(part for part in (f"by {figure.observer}", card.unit, better) if part)
        entries.append(
            f"<dt>{escape(name)}</dt><dd>{escape(card.definition)} {averaged(figure)} "
            f'<span class="soft">({escape(about)})</span></dd>'
        )
    return f"<dl>{''.join(entries)}</dl>"


def settings_table(run: BenchRun) -> str:
    """What each row's first clip was made with."""
    lines = []
    for row in run.rows:
        clip = next(clip for clip in run.clips if clip.row == row)
        text = ", ".join(f"{name} {json.dumps(value)}" for name, value in clip.settings.items())
        name = marked(run.rows, row, run.row_labels[row])
        lines.append(
            f'<tr><th scope="row">{name}</th><td>{escape(row.model)}</td><td><code>{escape(text)}</code></td></tr>'
        )
    heads = "<tr><th>row</th><th>model</th><th>settings of its first clip</th></tr>"
    return f'<div class="table"><table><thead>{heads}</thead>\n<tbody>\n{"".join(lines)}\n</tbody></table></div>'
