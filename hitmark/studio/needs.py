"""What a file that cannot be read lacks: found out by reading it with what a person could add."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.scene.storage import parse_json

USUAL_SIDE = 512  # px of a canvas, to find out whether a file lacks nothing else
MOST_RECORDS = 5000  # that a page can list
MOST_TRIED = 64  # entries of an array that are counted
ASKED = ("units", "axes")  # options that are a choice of few


def needed(path: Path, format: str, given: dict[str, Any]) -> dict[str, Any]:
    """Say what would make a file readable that was refused.

    Args:
        path: the file or folder.
        format: of it.
        given: option -> value, None where it was not given; only what the format takes.

    Returns:
        Any of `canvas` (True: width and height of the picture that its pixels refer to), `records` (one of {id, label}
        is to be chosen) and `choices` (option -> its values); empty where nothing that can be added helps.
    """
    for added, needs in _attempts(path, format, given):
        if _reads(path, format, given | added):
            return needs
    return {}


def _attempts(path: Path, format: str, given: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What can be added, the least first: options, and what they would be asked for as."""
    from hitmark.scene.formats.base import CHOICES

    canvases: list[dict[str, Any]] = [{}]
    if given.get("width", 0) is None:
        canvases.append({"width": USUAL_SIDE, "height": USUAL_SIDE})
    choices = [(name, list(CHOICES[name])) for name in ASKED if name in CHOICES and given.get(name, "") is None]
    options: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, {})]
    options += [({name: value}, {"choices": {name: values}}) for name, values in choices for value in values]
    if "record" in given and given["record"] is None:
        records = listed_records(path) or _counted(path, format, given)
        if len(records) > 1:
            options.append(({"record": records[0]["id"]}, {"records": records}))
    for added, asked in options:
        for canvas in canvases:
            yield added | canvas, asked | ({"canvas": True} if canvas else {})


def _reads(path: Path, format: str, options: dict[str, Any]) -> bool:
    from hitmark.scene.formats import read

    try:
        read(path, format, **options)
    except HitmarkError:
        return False
    return True


def listed_records(path: Path) -> list[dict[str, str]]:
    """The records of a list of scenes, as choices: `id`, its position where it has none, and a `label`."""
    try:
        entries = parse_json(path.read_text("utf-8-sig"), path.name)
    except (OSError, ValueError, HitmarkError):
        return []
    records = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [
        {"id": str(entry.get("id", index))[:100], "label": str(entry.get("caption", ""))[:200]}
        for index, entry in enumerate(records[:MOST_RECORDS])
    ]


def _counted(path: Path, format: str, given: dict[str, Any]) -> list[dict[str, str]]:
    """The entries of a file that lists nothing, such as an array of several clips, by their positions."""
    size = {"width": USUAL_SIDE, "height": USUAL_SIDE} if given.get("width", 0) is None else {}
    found: list[dict[str, str]] = []
    while len(found) < MOST_TRIED and _reads(path, format, given | size | {"record": str(len(found))}):
        found.append({"id": str(len(found)), "label": f"clip {len(found) + 1}"})
    return found
