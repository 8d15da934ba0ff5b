"""`hitmark datasets`: which kinds there are, and what one of them holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.datasets import Dataset

EXAMPLES = """\b
Examples:
  hitmark datasets
  hitmark datasets sprites-text:tune:0-8
  hitmark datasets davis:DAVIS --choice split=val --choice broken=drop
  hitmark datasets "davis:DAVIS split=val broken=drop"
"""
SHOWN = 20
"""Dropped entries that are named."""
HOLDS = {
    "sprites:SPLIT:A-B": "seeds of the sprite world: first picture and true motion; splits train, tune, test",
    "sprites-text:SPLIT:A-B": "words and boxes of the sprite world; kinds static, moving, fast, curved, two",
    "davis:FOLDER": "DAVIS 2016 and 2017: masks to boxes",
    "vipseg:FOLDER": "VIPSeg: panoptic masks to first frame, boxes and centers",
    "sg-i2v:FOLDER": "SG-I2V example folders, img.png and traj.npy",
    "peekaboo:FILE": "Peekaboo's lists of boxes (JSON): DAVIS, IMC, LaSOT, ssv2-ST",
    "move-bench:FOLDER": "MoveBench: point tracks of real clips, captions in en and zh; FOLDER may be a list in it",
    "mc-bench:FOLDER": "MC-Bench: pictures with clicked tracks and brushes",
    "scenes:FOLDER": "scene files, *.json as `hitmark generate` takes them",
}
"""How a dataset is named, and what it holds. The reader's name may be left out where the place tells which it is."""


def datasets(
    spec: Annotated[
        str | None, typer.Argument(metavar="SPEC", help="A dataset as in a plan: a name, a folder or a file.")
    ] = None,
    *,
    choices: Annotated[
        list[str] | None,
        typer.Option("--choice", metavar="NAME=VALUE", help="A choice of the dataset's reader; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Show what a dataset holds: notes, counts and its first item. Without SPEC: list the kinds there are.

    Every entry is read once, without its pictures; what is missing or damaged is said with its place.
    """
    if spec is None:
        _kinds(as_json)
        return
    from hitmark.cli.flags import parse_pairs
    from hitmark.datasets import open_dataset

    told = _told(open_dataset(spec, **parse_pairs(choices or [], "--choice")))
    typer.echo(json.dumps(told, indent=2) if as_json else _text(told))


def _kinds(as_json: bool) -> None:
    from hitmark.datasets import MASKED, MASKED_CHOICES, READERS

    rows = []
    for spec, holds in HOLDS.items():
        reader = spec.partition(":")[0]
        own = [*READERS[reader][2], *(MASKED_CHOICES if reader in MASKED else ())] if reader in READERS else []
        rows.append({"spec": spec, "holds": holds, "choices": own})
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['spec']}\n  {row['holds']}")
        if row["choices"]:
            typer.echo(f"  choices: {', '.join(row['choices'])}")


def _told(dataset: Dataset) -> dict[str, Any]:
    """All there is to say of it; raises DatasetError for damage."""
    counts = dataset.counts
    first = next(iter(dataset), None)
    if first is None:
        name, reason = next(iter(counts.dropped.items()), ("", "none is there"))
        raise HitmarkError(
            f"{dataset.name}: no entry is left: {len(counts.dropped)} dropped, such as {name} ({reason})"
        )
    return {
        "name": dataset.name,
        "license": dataset.license,
        "notes": list(dataset.notes),
        "kept": counts.kept,
        "dropped": counts.dropped,
        "first": {
            "id": first.id,
            "kind": first.kind,
            "picture": first.load_picture is not None,
            "real clip": first.load_frames is not None,
            "true places": first.truth is not None,
            "notes": list(first.notes),
            "scene": first.scene.model_dump(mode="json", exclude_defaults=True),
        },
    }


def _text(told: dict[str, Any]) -> str:
    first, dropped = told["first"], told["dropped"]
    lines = [told["name"], f"  license  {told['license']}", *(f"  note     {note}" for note in told["notes"])]
    lines.append(f"  entries  {told['kept']} kept, {len(dropped)} dropped")
    lines += [f"    {name}: {reason}" for name, reason in list(dropped.items())[:SHOWN]]
    if len(dropped) > SHOWN:
        lines.append(f"    ... and {len(dropped) - SHOWN} more")
    there = [name for name in ("picture", "real clip", "true places") if first[name]]
    lines += [f"  first    {first['id']}" + (f", kind {first['kind']}" if first["kind"] else "")]
    lines.append(f"    has    {', '.join(there) or 'only what is wanted'}")
    lines += [f"    note   {note}" for note in first["notes"]]
    scene = first["scene"]
    if scene.get("prompt"):
        lines.append(f"    prompt {scene['prompt']}")
    for subject in scene.get("subjects", []):
        stops = len(subject["keyframes"])
        lines.append(f"    wanted {subject['name']}: {stops} keyframe{'s' * (stops != 1)}")
    return "\n".join(lines)
