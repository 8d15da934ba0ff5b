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
        acts = "" if model is None else ("acts" if row["acts"] else "cannot act").ljust(13)
        best = f" (the default {row['where']})" if row.get("default") else ""
        said = row["help"] if row.get("reason") is None else row["reason"]
        typer.echo(f"{row['name'].ljust(width)}  {acts}{said}{best}")


def table(model: str | None) -> list[dict[str, Any]]:
    """One row for each method: name, help, and for a model whether it acts, why not, whether it is the default, where.

    Weights that make clips from words and from an image have a method that acts one way alone; then "reason" says why
    not the other way.
    """
    from hitmark.methods import METHODS, help_on

    rows: list[dict[str, Any]] = [{"name": name, "help": help_on(name)} for name in METHODS if name != "none"]
    if model is None:
        return rows
    from hitmark.backbones.catalog import model_card
    from hitmark.run.acting import acting_on

    card = model_card(model)
    ways = {"here": card}
    if card.pictured is not None:
        ways = {"from words": card, "from an image": card.starting(picture=True)}
    for row, *ones in zip(rows, *(acting_on(each) for each in ways.values()), strict=True):
        refused = {way: acting.refusal for way, acting in zip(ways, ones, strict=True) if acting.refusal is not None}
        reasons = [reason if len(refused) == len(ways) else f"not {way}: {reason}" for way, reason in refused.items()]
        row["acts"] = len(refused) < len(ways)
        row["reason"] = " ".join(dict.fromkeys(reasons)) or None
        best = [way for way, each in ways.items() if each.best_method == row["name"]]
        row |= {"default": bool(best), "where": ", ".join(best) or None}
    return rows
