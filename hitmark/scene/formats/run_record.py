"""hitmark's run records (`OUT.json` beside a clip) as scenes: what was made, with the settings that it was made with.

`hitmark generate` replays a record; everywhere else it stands for its scene.
"""

from __future__ import annotations

from typing import Any

from hitmark.scene.formats.base import Format, Options
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene

NAME = "hitmark-run"
KIND = "hitmark run"


def is_run(value: Any) -> bool:
    """Tell whether a JSON value says of itself that it is a run record."""
    return isinstance(value, dict) and value.get("kind") == KIND


def sniff(source: Source) -> bool:
    """A JSON object whose `kind` is "hitmark run", however it is written."""
    return is_run(source.maybe_json)


def read(source: Source, options: Options) -> Scene:
    """The record's scene, its method with all the knobs that it had; the picture lies beside the record."""
    value = source.json
    scene = value.get("scene") if is_run(value) else None
    if not isinstance(scene, dict):
        raise FormatError(
            f'{source.path}: expected a run record with "kind": "{KIND}" and a scene, got {shorten(value)}'
        )
    settings = value.get("settings")
    knobs = settings.get("knobs") if isinstance(settings, dict) else None
    read = Scene.from_dict(scene, source=f"{source.path}: scene")
    return read.replace(method={"name": read.method.name, "knobs": knobs}) if isinstance(knobs, dict) else read


FORMAT = Format(NAME, "hitmark run record (JSON beside a clip)", (), sniff, read, writer=None)
