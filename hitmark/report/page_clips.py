"""The page's clips: a card for each scene and noise, its rows side by side, sortable by any figure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape

from hitmark.report.charts import marks
from hitmark.report.clip_record import Row
from hitmark.report.figures import Figure
from hitmark.report.filmstrips import Filmstrip, Shown
from hitmark.report.numbers import number
from hitmark.report.page_tables import marked
from hitmark.report.run_record import BenchRun
from hitmark.report.summary import clip_value

SECONDS_A_FRAME = 0.14


def clip_grid(run: BenchRun, shown: Sequence[Shown], figure: Figure | None) -> str:
    """All cards, the choices above them, and the figures that the script sorts by."""
    if not shown or figure is None:
        return ""
    cards = "\n".join(_card(run, index, each, figure) for index, each in enumerate(shown))
    return f'{_tools(run, shown, figure)}\n<div id="list">\n{cards}\n</div>\n{_values(run, shown)}'


def _card(run: BenchRun, index: int, shown: Shown, figure: Figure) -> str:
    (dataset, item), noise = shown.place
    first = next(iter(shown.clips.values()))
    about = ", ".join(part for part in (first.kind, dataset, f"noise {noise}") if part)
    worst = ' <span class="label">among the worst</span>' if shown.worst else ""
    plan = "" if shown.planned else ' <span class="soft">the dataset is not at hand: no boxes drawn</span>'
    films = "\n".join(_film(run, shown, row, figure) for row in run.rows)
    return (
        f'<article data-card="{index}" data-kind="{escape(first.kind)}"><h3>{escape(item)} '
        f'<span class="soft">{escape(about)}</span>{worst}{plan}</h3>\n<div class="clips">\n{films}\n</div></article>'
    )


def _film(run: BenchRun, shown: Shown, row: Row, figure: Figure) -> str:
    label = run.row_labels[row]
    strip = shown.strips.get(row, Filmstrip(problem="no clip of this row can be used"))
    if strip.problem:
        return f'<figure><div class="none">{escape(strip.problem)}</div>{_caption(run, row, "")}</figure>'
    moving = ""
    if strip.frames > 1:
        moving = f"animation-timing-function:steps({strip.frames},jump-none);"
        moving += f"animation-duration:{strip.frames * SECONDS_A_FRAME:.2f}s;"
    style = f"aspect-ratio:{strip.width}/{strip.height};background-size:{strip.frames * 100}% 100%;{moving}"
    value = clip_value(shown.clips[row], figure)
    told = f"{run.figure_labels[figure]} {number(value)}"
    return (
        f'<figure><div class="film{" moving" * bool(moving)}" data-frames="{strip.frames}" role="img" '
        f'aria-label="{escape(label)}" style="{style}background-image:url({strip.uri})"></div>'
        f"{_caption(run, row, told)}</figure>"
    )


def _caption(run: BenchRun, row: Row, told: str) -> str:
    place = run.rows.index(row)
    text = f'<br><span class="soft" data-row="{place}">{escape(told)}</span>' if told else ""
    return f"<figcaption>{marked(run.rows, row, run.row_labels[row])}{text}</figcaption>"


def _tools(run: BenchRun, shown: Sequence[Shown], figure: Figure) -> str:
    names = run.figure_labels
    chosen = list(names).index(figure)
    figures = _options([(str(index), name) for index, name in enumerate(names.values())], str(chosen))
    letters = marks(len(run.rows))
    rows = [("", "mean of all rows")] + [
        (str(index), f"{letters[index]} {run.row_labels[row]}") for index, row in enumerate(run.rows)
    ]
    kinds = sorted({clip.kind for each in shown for clip in each.clips.values()} - {""})
    orders = _options([("worst", "worst first"), ("best", "best first")])
    return (
        f'<div class="tools" id="tools" hidden>'
        f'<label>Sort by <select id="figure">{figures}</select></label>'
        f'<label>of <select id="row">{_options(rows)}</select></label>'
        f'<label>order <select id="order">{orders}</select></label>'
        f'<label>kind <select id="kind">{_options([("", "all"), *((kind, kind) for kind in kinds)])}</select></label>'
        f'<label><input type="checkbox" id="play"> play</label>'
        f'<label>frame <input type="range" id="at" min="0" max="1" step="0.01" value="0"></label></div>'
    )


def _options(choices: Sequence[tuple[str, str]], chosen: str = "") -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" * (value == chosen)}>{escape(text)}</option>'
        for value, text in choices
    )


def _values(run: BenchRun, shown: Sequence[Shown]) -> str:
    """Every figure of every shown clip: cards[card][row][figure], null where there is none."""
    names = run.figure_labels

    def of(each: Shown, row: Row) -> list[float | None]:
        if row not in each.clips:
            return [None] * len(names)
        values = [clip_value(each.clips[row], figure) for figure in names]
        return [None if math.isnan(value) else value for value in values]

    data = {
        "figures": [{"name": name, "better": figure.card.better} for figure, name in names.items()],
        "cards": [[of(each, row) for row in run.rows] for each in shown],
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="values">{text}</script>'
