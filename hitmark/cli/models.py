"""`hitmark models`: which models there are, and which of them are already on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

COLUMNS = ("name", "hub id", "licence", "frames", "size", "steps", "embedded", "in cache")

EXAMPLES = """\b
Examples:
  hitmark models
  hitmark models --json
  hitmark generate scene.json --model svd-xt
  hitmark generate scene.json --model path/to/checkpoint
"""


def models(as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON list.")] = False) -> None:
    """List the models by name. Nothing is downloaded to find out.

    A model that is not on this machine is downloaded by its first use. A folder in the usual diffusers layout can be
    used by its path instead of a name. HF_HOME says where the cache is, HF_HUB_OFFLINE=1 forbids downloads.
    """
    rows = table()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    cells = [COLUMNS, *(tuple(shown(row[column]) for column in COLUMNS) for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(COLUMNS))]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def table() -> list[dict[str, Any]]:
    """One row for each model of the catalog."""
    from hitmark.backbones.catalog import MODELS

    return [
        {
            "name": card.name,
            "hub id": card.hub_id,
            "licence": card.licence,
            "frames": card.frames,
            "size": f"{card.width}x{card.height}",
            "steps": card.steps,
            "embedded": card.embedded,
            "in cache": None if card.embedded else in_cache(card.hub_id),
        }
        for card in MODELS.values()
    ]


def in_cache(hub_id: str | None) -> bool:
    """Whether the pipeline's index and some of its weights lie in the local hub cache; no network."""
    if not hub_id:
        return False
    from huggingface_hub import try_to_load_from_cache

    index = try_to_load_from_cache(hub_id, "model_index.json")
    return isinstance(index, str) and any(Path(index).parent.glob("*/*.safetensors"))


def shown(value: Any) -> str:
    """A table cell."""
    return {True: "yes", False: "no", None: "-", "": "-"}.get(value, str(value))
