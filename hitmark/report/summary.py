"""What the tables say: for each row and figure the mean with its interval, and the difference to a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Clip, Row
from hitmark.report.figures import Figure, FigureCard, current_name, ordered
from hitmark.report.run_record import BenchRun
from hitmark.report.statistics import DRAWS, Difference, Draws, Entry, Estimate, Ratio, difference, estimate, ratio

Verdict = Literal["", "better", "worse", "differs"]
UNCONTROLLED = "none"


@dataclass(frozen=True)
class Cell:
    """One figure of one row; None where there is nothing to say."""

    estimate: Estimate | None
    difference: Difference | None = None
    ratio: Ratio | None = None

    def verdict(self, figure: Figure) -> Verdict:
        """Whether the difference is sure, and which way it goes; "differs" for a figure without a better side."""
        if self.difference is None or not self.difference.sure:
            return ""
        if figure.card.better is None:
            return "differs"
        return "better" if (self.difference.mean > 0) == (figure.card.better == "greater") else "worse"


@dataclass(frozen=True)
class Line:
    """One row of a table.

    Attributes:
        row, label: which.
        clips, scenes: how many it is over.
        baseline: what it is compared with; None for the baseline itself.
        unpaired: clips without a partner of the baseline of the same scene, noise and shape.
        cells: by figure.
    """

    row: Row
    label: str
    clips: int
    scenes: int
    baseline: Row | None
    unpaired: int
    cells: dict[Figure, Cell]


@dataclass(frozen=True)
class Table:
    """Some clips of a run, by row.

    Attributes:
        kind: of the scenes, "" for those without one; None = all clips.
        figures: in order, with their names for people.
        lines: one for each row that has a clip of this kind.
    """

    kind: str | None
    figures: dict[Figure, str]
    lines: list[Line]

    def comparisons(self) -> int:
        """Differences that could have got a mark; about one in twenty gets one by chance."""
        return sum(cell.difference is not None for line in self.lines for cell in line.cells.values())


def baselines(rows: Iterable[Row], asked: str | None = None) -> dict[Row, Row | None]:
    """What each row is compared with: the row of this method on the same model, else on the first model that has it.

    `asked`: a row's text as in the plan; None = the first "none", else the first row.
    Raises: HitmarkError for a row that the run does not have.
    """
    rows = list(rows)
    methods = list(dict.fromkeys(row.method for row in rows))
    if asked is None:
        plain = [method for method in methods if method.split()[0] == UNCONTROLLED]
        asked = (plain or methods)[0]
    if asked not in methods:
        raise HitmarkError(f"--baseline: there is no row {asked!r} with clips; the rows are {', '.join(methods)}.")
    chosen = {row.model: row for row in rows if row.method == asked}
    first = next(iter(chosen.values()))
    found = {row: chosen.get(row.model, first) for row in rows}
    return {row: None if other == row else other for row, other in found.items()}


def summarize(run: BenchRun, baseline: Mapping[Row, Row | None], draws: int = DRAWS, kind: str | None = None) -> Table:
    """The table of all clips, or of those of one kind of scene."""
    clips = [clip for clip in run.clips if kind is None or clip.kind == kind]
    drawn = Draws(sorted({clip.scene for clip in clips}), draws)
    names = run.figure_labels
    figures = {figure: names[figure] for figure in ordered(figure for clip in clips for figure in clip.figures)}
    by_row = {row: [clip for clip in clips if clip.row == row] for row in run.rows}
    lines = [
        _line(row, run.row_labels[row], by_row, baseline[row], list(figures), drawn) for row in run.rows if by_row[row]
    ]
    return Table(kind, figures, lines)


def by_kind(run: BenchRun, baseline: Mapping[Row, Row | None], draws: int = DRAWS) -> list[Table]:
    """One table for each kind of scene, in the order of their names; none where there is only one kind."""
    kinds = sorted({clip.kind for clip in run.clips})
    return [summarize(run, baseline, draws, kind) for kind in kinds] if len(kinds) > 1 else []


def _line(
    row: Row, label: str, by_row: dict[Row, list[Clip]], baseline: Row | None, figures: list[Figure], drawn: Draws
) -> Line:
    clips = by_row[row]
    others = {clip.place: clip for clip in by_row[baseline]} if baseline is not None else {}
    paired = [clip for clip in clips if clip.place in others and others[clip.place].shape == clip.shape]
    partners = [others[clip.place] for clip in paired]
    cells = {figure: _cell(figure, clips, paired, partners, drawn) for figure in figures}
    scenes = len({clip.scene for clip in clips})
    unpaired = 0 if baseline is None else len(clips) - len(paired)
    return Line(row, label, len(clips), scenes, baseline, unpaired, cells)


def _cell(figure: Figure, clips: list[Clip], paired: list[Clip], partners: list[Clip], drawn: Draws) -> Cell:
    """A figure of a row, and what it is beside the baseline: of `paired` clips against their `partners`."""
    card, mean = figure.card, estimate(entries(clips, figure), drawn, figure.card.average)
    if not paired:
        return Cell(mean)
    ours, theirs = entries(paired, figure), entries(partners, figure)
    if card.average != "mean":
        return Cell(mean, None, _of_averages(ours, theirs, drawn, card))
    return Cell(mean, difference(ours, theirs, drawn), ratio(ours, theirs, drawn) if card.from_zero else None)


def _of_averages(ours: dict[Entry, float], theirs: dict[Entry, float], drawn: Draws, card: FigureCard) -> Ratio | None:
    """The ratio of medians or greatest values, which has no interval."""
    first, second = (estimate(some, drawn, card.average) for some in (ours, theirs))
    return None if first is None or second is None or second.mean <= 0 else Ratio(first.mean / second.mean, None, None)


def entries(clips: Iterable[Clip], figure: Figure) -> dict[Entry, float]:
    """All values of a figure by scene, noise and number of the subject; NaN where there is none."""
    return {
        (clip.scene, clip.noise, number): value
        for clip in clips
        for number, value in enumerate(clip.figures.get(figure, ()))
    }


def clip_value(clip: Clip, figure: Figure) -> float:
    """A figure of one clip, the mean over its subjects; NaN where there is none."""
    values = [value for value in clip.figures.get(figure, ()) if not math.isnan(value)]
    return sum(values) / len(values) if values else math.nan


def headlines(table: Table, control: str | None = None, quality: str | None = None) -> tuple[Figure | None, ...]:
    """The figure of control and that of quality that charts show: those asked for by their names, else the first.

    Raises: HitmarkError for a name that the table does not have.
    """
    by_name = {name: figure for figure, name in table.figures.items()}
    chosen = []
    for flag, given, group in (("--control", control, "control"), ("--quality", quality, "kept")):
        asked = None if given is None else current_name(given)
        if asked is not None and asked not in by_name:
            raise HitmarkError(f"{flag}: there is no figure {asked!r}; the figures are {', '.join(by_name)}.")
        directed = (each for each in table.figures if each.card.group == group and each.card.better is not None)
        chosen.append(by_name[asked] if asked is not None else next(directed, None))
    return tuple(chosen)
