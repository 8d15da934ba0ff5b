"""`hitmark models`: which models there are, and which of them are already on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hitmark.backbones import FAMILIES
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

COLUMNS = ("name", "starts from", "frames", "size", "steps", "embedded", "in cache", "hub id", "license")

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

    return [row(name) for name in MODELS]


def row(name: str) -> dict[str, Any]:
    """What is known of one model; an embedded model without its files says so."""
    from hitmark.backbones.catalog import MODELS, model_card
    from hitmark.run.model_choice import configured_frames

    embedded: bool | str = MODELS[name].embedded
    try:
        card = model_card(name)
        frames = card.frames or configured_frames(card, None)
    except HitmarkError:
        card, frames, embedded = MODELS[name], None, "missing"
    return {
        "name": card.name,
        "hub id": card.hub_id,
        "license": card.license,
        "starts from": starts_from(card),
        "frames": frames,
        "size": f"{card.width}x{card.height}",
        "steps": card.steps,
        "embedded": embedded,
        "in cache": None if card.embedded else in_cache(card),
    }


def in_cache(card: ModelCard) -> bool:
    """Whether the pipeline's index and weights of its denoiser lie in the local hub cache."""
    from hitmark.run.model_choice import model_folder

    folder = model_folder(card)
    denoiser = FAMILIES[card.pipeline].denoisers[0]
    return folder is not None and any(folder.glob(f"{denoiser}/*.safetensors"))


def starts_from(card: ModelCard) -> str:
    """What a clip is made from."""
    if card.pictured is not None:
        return "words or image"
    return "image" if card.takes_picture else "words"


def shown(value: Any) -> str:
    """A table cell."""
    return {True: "yes", False: "no", None: "-", "": "-"}.get(value, str(value))
