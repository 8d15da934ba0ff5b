"""Scenes from and to the files of other tools. `read` and `write` are all that most callers need.

Every format is one file here and one entry of `FORMATS`. A writer returns sentences about all that its format could
not hold; nothing is dropped in silence. What a reader had to decide is in `scene.notes[format]["remarks"]`.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hitmark.scene.formats import (
    ati,
    comfy_coordinates,
    comfy_tracks,
    freetraj,
    own,
    peekaboo,
    run_record,
    sg_i2v,
    tora,
    trailblazer,
    wan_move,
)
from hitmark.scene.formats.base import OPTION_NAMES, Encoded, Format, Options, commit
from hitmark.scene.formats.other_files import what_it_is
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.schema import Scene

__all__ = [
    "FORMATS",
    "OPTION_NAMES",
    "Encoded",
    "Format",
    "FormatError",
    "base_folder",
    "commit",
    "encode",
    "format_for_output",
    "read",
    "remarks",
    "sniff",
    "write",
]

FORMATS: dict[str, Format] = {
    "hitmark-run": run_record.FORMAT,
    "hitmark": own.FORMAT,
    "sg-i2v": sg_i2v.FORMAT,
    "peekaboo": peekaboo.FORMAT,
    "freetraj": freetraj.FORMAT,
    "tora": tora.FORMAT,
    "trailblazer": trailblazer.FORMAT,
    "wan-move": wan_move.FORMAT,
    "ati": ati.FORMAT,
    "comfy-tracks": comfy_tracks.FORMAT,
    "comfy-coordinates": comfy_coordinates.FORMAT,
}  # in the order in which they are tried


def read(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Scene:
    """Read a scene from a file or folder of any known format.

    Args:
        path: file or folder; `boxes.json#1100` chooses a record of a list.
        format: a name of `FORMATS`; None: found out from the content.
        options: what the file does not say itself (`Options`); a format takes its `read_options`. None: not given.

    Returns:
        The scene. `image` is relative to `base_folder(path)`; `remarks(scene)` says what the reader decided.

    Raises:
        SceneError: missing, unknown or damaged; names the file, the field, what was expected, what came, and the fix.
    """
    source = Source.open(path)
    chosen = _format(format) if format is not None else _sniffed(source)
    return chosen.reader(source, Options.of(options, chosen.read_options, chosen.name))


def sniff(path: str | os.PathLike[str]) -> str:
    """Return the name of the format of a file or folder. Raises `FormatError` listing what was tried."""
    return _sniffed(Source.open(path)).name


def encode(
    scene: Scene, path: str | os.PathLike[str], format: str | None = None, frames: int | None = None, **options: Any
) -> Encoded:
    """As `write`, without writing: the files' bytes and the losses."""
    target = Path(path)
    chosen = _format(format) if format is not None else FORMATS[format_for_output(target)]
    if chosen.writer is None:
        raise FormatError(f"{path}: the format {chosen.name} is only read; write one of {_written()}")
    given = Options.of({"frames": frames, **options}, chosen.write_options, chosen.name)
    return chosen.writer(scene, target, given)


def write(
    scene: Scene, path: str | os.PathLike[str], format: str | None = None, frames: int | None = None, **options: Any
) -> list[str]:
    """Write a scene in any known format, replacing what was there: whole or not at all.

    Args:
        scene: what to write.
        path: file, or folder for sg-i2v.
        format: a name of `FORMATS`; None: from the extension (.json is hitmark's own).
        frames: boxes for how many frames; None: the scene's number, else what is usual for the format.
        options: the format's `write_options`: width and height of a pixel canvas; base, the folder that `scene.image`
            is relative to (None: the output's folder).

    Returns:
        Sentences about what the format could not hold, or only in another form; empty when nothing was lost.

    Raises:
        SceneError: the scene cannot be expressed at all; HitmarkError: the files cannot be written.
    """
    encoded = encode(scene, path, format, frames, **options)
    commit(encoded)
    return encoded.losses


def format_for_output(path: str | os.PathLike[str]) -> str:
    """Choose a format by a path's extension. Raises `FormatError` where none or several have it."""
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        return "hitmark"
    if suffix == "" or Path(path).is_dir():
        return "sg-i2v"
    if suffix == ".txt":
        return "freetraj"
    found = [name for name, each in FORMATS.items() if suffix in each.extensions]
    if len(found) != 1:
        raise FormatError(f"{path}: no format is written to {suffix!r} files; name the format: {_written()}")
    return found[0]


def _written() -> str:
    return ", ".join(name for name, each in FORMATS.items() if each.writer is not None)


def base_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder that `image` of a scene read from `path` is relative to."""
    return Source.open(path).folder


def remarks(scene: Scene) -> list[str]:
    """Return what readers had to decide when they made this scene."""
    found: list[str] = []
    for name in FORMATS:
        notes = scene.notes.get(name)
        sentences = notes.get("remarks") if isinstance(notes, dict) else None
        found += [str(sentence) for sentence in sentences] if isinstance(sentences, list) else []
    return found


def _format(name: str) -> Format:
    if name not in FORMATS:
        near = get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise FormatError(f"format {name!r}: unknown; {hint}the formats are {', '.join(FORMATS)}")
    return FORMATS[name]


def _sniffed(source: Source) -> Format:
    found = next((each for each in FORMATS.values() if each.sniff(source)), None)
    if found is None:
        told = what_it_is(source)
        if told is not None:
            raise FormatError(told)
        if not source.is_folder and source.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            _ = source.json  # damaged JSON: say where
        kind = "a folder" if source.is_folder else f"a file of {len(source.data):,} bytes"
        tried = "\n".join(f"  {each.name}: {each.description}" for each in FORMATS.values())
        raise FormatError(
            f"{source.path}: expected one of the known formats, got {kind} that is none of them. Tried:\n{tried}\n"
            "name the format if you know it, or check the file"
        )
    return found
