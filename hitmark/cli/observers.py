"""`hitmark observers`: what can look at a finished clip."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

EXAMPLES = """\b
Examples:
  hitmark observers
  hitmark observers --json
  hitmark bench plan.yaml --observer auto --observer boxes:google/owlvit-large-patch14
"""


def observers(as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False) -> None:
    """List what can look at clips: the observers of `hitmark bench`, and the networks that they load.

    Networks come from a folder, a file or a hub name and are no part of hitmark: each has its license, and what of it
    was tried. Nothing is loaded or downloaded to find out.
    """
    from hitmark.bench.scorers import NETWORKS, SCORERS
    from hitmark.observers.catalog import describe_observers
    from hitmark.observers.catalog import observers as cards

    if as_json:
        told = {
            "plain": {name: _about(function) for name, function in SCORERS.items()},
            "networks": {f"{name}:SOURCE": _about(function) for name, function in NETWORKS.items()},
            "sources": [asdict(card) for card in cards()],
        }
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo("In a plan's `observers`, or after --observer; auto = what fits the scene:\n")
    for name, function in [*SCORERS.items(), *((f"{name}:SOURCE", each) for name, each in NETWORKS.items())]:
        typer.echo(f"  {name:<18}{_about(function)}")
    typer.echo(f"\nSOURCE is a folder, a file or a hub name of one of these networks:\n\n{describe_observers()}")


def _about(function: object) -> str:
    """The first line of what it says of itself."""
    return (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
