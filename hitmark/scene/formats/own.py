"""hitmark's own scene files (docs/scene-format.md): the one format that holds everything."""

from __future__ import annotations

from pathlib import Path

from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.coordinate_lists import WRAPPERS
from hitmark.scene.formats.pictures import relative
from hitmark.scene.formats.source import Source
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

NAME = "hitmark"
FOREIGN = {"track_path", "bboxes", *WRAPPERS}  # keys that other tools' files have, beside some of ours


def sniff(source: Source) -> bool:
    """A JSON object with the fields of a scene."""
    value = source.maybe_json
    return isinstance(value, dict) and FOREIGN.isdisjoint(value) and not Scene.model_fields.keys().isdisjoint(value)


def read(source: Source, options: Options) -> Scene:
    """Read a scene file of at most 8 MB; its picture stays relative to the file."""
    return Scene.load(source.path)


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Everything is kept. The picture's path is rewritten for the new file's folder; the picture is not copied."""
    if scene.image is not None and options.base is not None:
        scene = scene.replace(image=_moved(scene, scene.image, options.base, path.parent))
    if options.frames is not None and options.frames != scene.frames:
        if scene.subjects:
            evaluate(scene, options.frames)
        scene = scene.replace(frames=options.frames)
    return Encoded({path.name: scene.to_json().encode()}, path.parent)


def _moved(scene: Scene, image: str, base: Path | str, folder: Path) -> str:
    """The picture's path as seen from another folder; one in a home folder that is not here stays as it is."""
    found = scene.image_path(base) or Path(image)
    elsewhere = image.startswith("~") and not found.is_file()
    return image if elsewhere else relative(found, folder)


FORMAT = Format(NAME, "hitmark scene file (JSON)", (".json",), sniff, read, write, write_options=("frames", "base"))
