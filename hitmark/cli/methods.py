"""`hitmark methods`: which methods there are, and which of them can act on a model."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

EXAMPLES = """\b
Examples:
  hitmark methods
  hitmark methods --model svd
  hitmark methods --model path/to/checkpoint --json
"""


def methods(
    model: Annotated[
        str | None, typer.Option(help="Name (`hitmark models`) or folder: which can act on it, and why others cannot.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON list.")] = False,
) -> None:
    """List the methods; with --model whether each can act on it, at its default there. Nothing is loaded."""
    rows = table(model)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        acts = "" if model is None else "acts         " if row["acts"] else "cannot act   "
        best = " (the default here)" if row.get("default") else ""
        said = row["help"] if row.get("reason") is None else row["reason"]
        typer.echo(f"{row['name'].ljust(width)}  {acts}{said}{best}")


def table(model: str | None) -> list[dict[str, Any]]:
    """One row for each method: name, help, and for a model whether it acts, why not, and whether it is the default."""
    from hitmark.methods import METHODS, help_on

    rows: list[dict[str, Any]] = [{"name": name, "help": help_on(name)} for name in METHODS if name != "none"]
    if model is None:
        return rows
    from hitmark.backbones.catalog import model_card
    from hitmark.run.acting import acting_on

    card = model_card(model)
    for row, acting in zip(rows, acting_on(card), strict=True):
        row |= {"acts": acting.refusal is None, "reason": acting.refusal, "default": row["name"] == card.best_method}
    return rows
