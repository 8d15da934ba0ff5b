"""The tables as text: Markdown for people, LaTeX for papers, CSV for programs. Every number is that of the page."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence

from hitmark.report import distance_table, failures, published
from hitmark.report.clip_record import Clip
from hitmark.report.failures import Gaps, sentences
from hitmark.report.features import Distance
from hitmark.report.figures import GROUPS, Figure
from hitmark.report.numbers import NONE, number, ranged, signed
from hitmark.report.published import PublishedRow
from hitmark.report.run_record import BenchRun
from hitmark.report.summary import Cell, Line, Table

MARKS = {"": "", "better": "*", "worse": "*", "differs": "*"}
LEGEND = "* the 95 % interval of the paired difference excludes 0, and there are at least 6 scenes"
ARROWS = {"greater": "\u2191", "smaller": "\u2193", None: ""}
COLUMNS = (
    *("kind", "method", "model", "clips", "scenes", "observer", "figure", "better", "average"),
    *("value", "low", "high", "values", "absent"),
    *("baseline", "difference", "difference_low", "difference_high", "pairs", "verdict"),
    *("ratio", "ratio_low", "ratio_high"),
)

Write = Callable[[list[str], list[list[str]]], str]


def markdown(
    tables: Sequence[Table],
    distances: Sequence[Distance] = (),
    notes: Sequence[str] = (),
    readings: Sequence[PublishedRow] = (),
    lacking: Sequence[Gaps] = (),
) -> str:
    """All tables: for each group of figures the means, then the differences to the baseline and the ratios.

    `notes` and what the rows lack come first, Peekaboo's published reading after the table of all clips.
    """
    parts = ["".join(f"- {note}\n" for note in notes)] if notes else []
    if lacking:
        listed = [f"- {each.label}: {sentence}" for each in lacking for sentence in sentences(each)]
        parts.append("\n".join([f"## {failures.TITLE}\n", *listed, ""]))
    for place, table in enumerate(tables):
        parts.append(f"## {heading(table)}\n")
        parts += _sections(table, "### {}\n", _markdown_table)
        if readings and place == 0:
            parts += [f"### {published.TITLE}\n", f"{published.LEGEND}\n", _markdown_table(*_reading_cells(readings))]
            parts.append("".join(f"- {name}: {what}\n" for name, what in published.DEFINITIONS.items()))
    if distances:
        parts += [f"## {distance_table.TITLE}\n", f"{distance_table.LEGEND}\n"]
        parts.append(_markdown_table(list(distance_table.HEADS), distance_table.cells(distances)))
    return "\n".join(parts) + f"\n{LEGEND}\n"


def latex(
    tables: Sequence[Table],
    distances: Sequence[Distance] = (),
    notes: Sequence[str] = (),
    readings: Sequence[PublishedRow] = (),
) -> str:
    """As `markdown`, as plain `tabular` environments that need no package; notes are comments."""
    parts = [f"% {note}" for note in notes]
    for place, table in enumerate(tables):
        parts.append(f"% {heading(table)}")
        parts += _sections(table, "% {}", _latex_table)
        if readings and place == 0:
            parts += [f"% {published.TITLE}. {published.LEGEND}", _latex_table(*_reading_cells(readings))]
    if distances:
        parts.append(f"% {distance_table.TITLE}. {distance_table.LEGEND}")
        parts.append(_latex_table(list(distance_table.HEADS), distance_table.cells(distances)))
    return "\n".join(parts) + f"\n% {LEGEND}\n"


def comma_separated(tables: Sequence[Table]) -> str:
    """One line for each table, row and figure, with full precision; empty cells where there is no number."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for line in table.lines:
            for figure, cell in line.cells.items():
                writer.writerow(_record(table, line, figure, cell))
    return out.getvalue()


def readings_as_csv(readings: Sequence[PublishedRow]) -> str:
    """Peekaboo's published reading beside the strict one, with full precision; only the heads where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "model", *published.HEADS[1:], "clips without boxes"])
    for each in readings:
        cells = ["" if isinstance(value, float) and math.isnan(value) else value for value in published.values(each)]
        writer.writerow([each.row.method, each.row.model, *cells[1:], each.without])
    return out.getvalue()


def clips_as_csv(run: BenchRun) -> str:
    """One line for each clip, figure and subject, as it was measured; an empty value where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", "method", "model", "dataset", "item", "kind", "noise", "observer", "figure", "n", "value"])
    for clip in run.clips:
        about = [clip.folder.name, clip.row.method, clip.row.model, *clip.scene, clip.kind, clip.noise]
        writer.writerows([*about, *row] for row in _values(clip))
    return out.getvalue()


def heading(table: Table) -> str:
    """What the table is of."""
    if table.kind is None:
        return "All clips"
    return f"Scenes of the kind {table.kind}" if table.kind else "Scenes without a kind"


def grouped(table: Table) -> dict[str, list[Figure]]:
    """The table's figures under the headings of their groups, without empty ones."""
    found = {
        title: [figure for figure in table.figures if figure.card.group == group] for group, title in GROUPS.items()
    }
    return {title: figures for title, figures in found.items() if figures}


def _sections(table: Table, title: str, write: Write) -> list[str]:
    parts = []
    for name, figures in grouped(table).items():
        heads = [f"{table.figures[figure]} {ARROWS[figure.card.better]}".strip() for figure in figures]
        means = [[line.label, str(line.clips), *(_mean(line.cells[f]) for f in figures)] for line in table.lines]
        parts += [title.format(name), write(["row", "clips", *heads], means)]
        compared = [line for line in table.lines if any(line.cells[figure].difference for figure in figures)]
        if compared:
            gaps = [[line.label, *(_gap(line.cells[figure], figure) for figure in figures)] for line in compared]
            label = f"{name} Difference to {baseline_names(table)}"
            parts += [title.format(label), write(["row", *heads], gaps)]
        parts += _ratios(table, figures, title.format(f"{name} Ratio to {baseline_names(table)}"), write)
    return parts


def _ratios(table: Table, figures: list[Figure], title: str, write: Write) -> list[str]:
    """What the rows are of the baseline, for the figures that have a ratio in any row."""
    shown = [figure for figure in figures if any(line.cells[figure].ratio for line in table.lines)]
    if not shown:
        return []
    heads = [f"{table.figures[figure]} {ARROWS[figure.card.better]}".strip() for figure in shown]
    lines = [line for line in table.lines if any(line.cells[figure].ratio for figure in shown)]
    return [title, write(["row", *heads], [[line.label, *(_ratio(line.cells[f]) for f in shown)] for line in lines])]


def baseline_names(table: Table) -> str:
    """The row that the others are compared with; "the baseline" where that differs from model to model."""
    names = {line.baseline.method for line in table.lines if line.baseline is not None}
    return names.pop() if len(names) == 1 else "the baseline"


def _mean(cell: Cell) -> str:
    each = cell.estimate
    return NONE if each is None else ranged(number(each.mean), each.low, each.high)


def _gap(cell: Cell, figure: Figure) -> str:
    each = cell.difference
    return NONE if each is None else ranged(signed(each.mean), each.low, each.high) + MARKS[cell.verdict(figure)]


def _ratio(cell: Cell) -> str:
    return NONE if cell.ratio is None else ranged(number(cell.ratio.value), cell.ratio.low, cell.ratio.high)


def _markdown_table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in (heads, *rows)]
    lines.insert(1, " | ".join(["---", *["---:"] * (len(heads) - 1)]))
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _latex_table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in (heads, *rows)]
    lines.insert(1, r"\hline")
    columns = "l" + "r" * (len(heads) - 1)
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", *lines, r"\end{tabular}", ""])


def _escaped(text: str) -> str:
    special = {mark: "\\" + mark for mark in "&%$#_{}"} | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\u2212": "$-$",
        "\u2191": r"$\uparrow$",
        "\u2193": r"$\downarrow$",
    }
    return "".join(special.get(letter, letter) for letter in text)


def _reading_cells(readings: Sequence[PublishedRow]) -> tuple[list[str], list[list[str]]]:
    return list(published.HEADS), [
        [number(value) if isinstance(value, float) else str(value) for value in published.values(each)]
        for each in readings
    ]


def _record(table: Table, line: Line, figure: Figure, cell: Cell) -> dict[str, object]:
    card, mean, gap = figure.card, cell.estimate, cell.difference
    made: dict[str, object] = {
        "kind": "all" if table.kind is None else table.kind,
        "method": line.row.method,
        "model": line.row.model,
        "clips": line.clips,
        "scenes": line.scenes,
        "observer": figure.observer,
        "figure": figure.name,
        "better": card.better or "",
        "average": card.average,
    }
    if mean is not None:
        made |= {"value": mean.mean, "low": mean.low, "high": mean.high, "values": mean.values, "absent": mean.absent}
    if gap is not None and line.baseline is not None:
        made |= {"baseline": line.baseline.method, "difference": gap.mean, "pairs": gap.pairs}
        made |= {"difference_low": gap.low, "difference_high": gap.high, "verdict": cell.verdict(figure)}
    if cell.ratio is not None:
        made |= {"ratio": cell.ratio.value, "ratio_low": cell.ratio.low, "ratio_high": cell.ratio.high}
    return made


def _values(clip: Clip) -> list[list[object]]:
    return [
        [figure.observer, figure.name, number, "" if math.isnan(value) else value]
        for figure, values in clip.figures.items()
        for number, value in enumerate(values)
    ]
