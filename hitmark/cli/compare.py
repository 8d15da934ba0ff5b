"""`hitmark compare`: two benchmark runs, clip by clip."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hitmark.report.compare import ComparedFigure, Comparison

EXAMPLES = """\b
Examples:
  hitmark compare out/before out/after
  hitmark compare out/before out/after --json > differences.json
"""


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a benchmark run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another.")],
    *,
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Of the bootstrap.")] = 2000,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Compare two benchmark runs on the clips that both have: the same item, row and seed.

    Differences are the second run less the first, over pairs, with 95 % bootstrap intervals over scenes. What differs
    in model, steps, knobs or machine is listed.
    """
    from hitmark.report.compare import compare_runs

    found = compare_runs(first, second, draws)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2, allow_nan=False))
        return
    typer.echo(f"{found.pairs} pairs of clips, {found.identical} of them the same bit for bit\n")
    typer.echo(_table(found))
    typer.echo("different settings:" if found.settings else "no settings differ")
    for sentence in found.settings:
        typer.echo(f"  {sentence}")
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)


def _table(found: Comparison) -> str:
    from hitmark.report.numbers import NONE, interval, number, signed
    from hitmark.report.tables import LEGEND, MARKS

    def cells(each: ComparedFigure) -> list[str]:
        means = [NONE if side is None else number(side.mean) for side in (each.first, each.second)]
        gap = each.difference
        if gap is None:
            return [each.row, each.label, *means, NONE, "", ""]
        told = signed(gap.mean) + MARKS[each.verdict]
        return [each.row, each.label, *means, told, interval(gap.low, gap.high), each.verdict]

    heads = ["row", "figure", "A", "B", "B less A", "95 % interval", ""]
    rows = [heads, *(cells(each) for each in found.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", LEGEND])


def _as_json(found: Comparison) -> dict[str, Any]:
    figures = [
        {
            "row": each.row,
            "observer": each.figure.observer,
            "figure": each.figure.name,
            "better": each.figure.card.better,
            "first": each.first and asdict(each.first),
            "second": each.second and asdict(each.second),
            "difference": each.difference and asdict(each.difference),
            "verdict": each.verdict,
        }
        for each in found.figures
    ]
    return {
        "pairs": found.pairs,
        "identical": found.identical,
        "figures": figures,
        "settings": found.settings,
        "notes": found.notes,
    }
