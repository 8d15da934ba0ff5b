"""Scenes from and to files of other tools, all in a temporary folder: the names in an upload are never used."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.scene.schema import Scene
from hitmark.studio.archives import picture_beside, scenes_in, unpack
from hitmark.studio.folder import PICTURE_ID, PICTURE_PATH, Folder, picture_id
from hitmark.studio.needs import needed
from hitmark.studio.pictures import Picture, keep_picture, picture_of
from hitmark.studio.refusals import NeedsError, RefusedError

LARGEST_UPLOAD = 64 * 1024 * 1024  # bytes, as hitmark.scene.formats reads
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}", re.ASCII)
SHOWN_LOSSES = 20
PROJECT = "project"  # a scene with its picture, as a zip: what other studios take whole


@dataclass(frozen=True)
class Imported:
    """A scene read from an upload."""

    scene: Scene
    format: str
    picture: Picture | None = None
    notes: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As the API gives it."""
        picture = None if self.picture is None else self.picture.shown()
        return {"scene": self.scene.to_dict(), "picture": picture, "notes": self.notes, "format": self.format}


def read_upload(folder: Folder, data: bytes, name: str, options: dict[str, Any]) -> Imported:
    """Read a scene of any format, a run record, or one of those in a zip, with its picture.

    Args:
        folder: where pictures are kept.
        data: the file's bytes.
        name: what the user calls it; only its extension is used.
        options: what the file does not say itself: width, height, record, units, axes.

    Raises:
        NeedsError: it can be read once more is known.
        HitmarkError: nothing that can be read; names the file as the user does.
    """
    suffix = Path(name[-40:]).suffix.lower()
    suffix = suffix if SUFFIX.fullmatch(suffix) else ".txt"
    label = f"file{suffix}"
    with tempfile.TemporaryDirectory(prefix="hitmark-import-") as temporary:
        place = Path(temporary).resolve()
        path = place / label
        try:
            if data.startswith(b"PK\x03\x04") and suffix == ".zip":
                unpack(data, place / "folder")
                return _read_packed(folder, place / "folder", options)
            path.write_bytes(data)
            return _read(folder, path, None, options)
        except HitmarkError as error:
            raise _renamed(error, str(place) + "/") from None


def _renamed(error: HitmarkError, place: str) -> HitmarkError:
    """The same error without the temporary folder's name."""
    text = str(error).replace(place, "")
    if isinstance(error, NeedsError):
        return NeedsError(text, error.needs)
    return RefusedError(error.status, text) if isinstance(error, RefusedError) else HitmarkError(text)


def _read_packed(folder: Folder, place: Path, options: dict[str, Any]) -> Imported:
    """Read the scene of a zip; of several the one that `record` names, before a # where that is a list itself."""
    scenes = scenes_in(place)
    if not scenes:
        raise RefusedError(
            422, "zip: expected a scene in it, of a format that hitmark reads, got none; pack its folder"
        )
    if len(scenes) == 1:
        return _read(folder, *next(iter(scenes.values())), options, place)
    name, _, record = (options.get("record") or "").partition("#")
    if name not in scenes:
        records = [{"id": each, "label": ""} for each in scenes]
        raise NeedsError(f"zip: it holds {len(scenes)} scenes; choose one", {"records": records})
    try:
        return _read(folder, *scenes[name], options | {"record": record or None}, place)
    except NeedsError as error:
        inner = [each | {"id": f"{name}#{each['id']}"} for each in error.needs.get("records", [])]
        raise NeedsError(str(error), error.needs | ({"records": inner} if inner else {})) from None


def _read(
    folder: Folder, path: Path, format: str | None, options: dict[str, Any], place: Path | None = None
) -> Imported:
    """Read a file or folder; `place` is what it was unpacked into, where its picture may lie."""
    from hitmark.run.record import is_record
    from hitmark.scene.formats import FORMATS, read, remarks

    if place is None and is_record(path):
        return _read_record(folder, path)
    format = format or _recognized(path)
    left_out = ("width", "height") if FORMATS[format].own_canvas else ()  # those of the clip, which are another matter
    taken = {
        name: value for name, value in options.items() if name in FORMATS[format].read_options and name not in left_out
    }
    try:
        scene = read(path, format, **taken)
    except HitmarkError as error:
        needs = needed(path, format, taken)
        raise NeedsError(str(error), needs) if needs else error from None
    inside = path if path.is_dir() else path.parent
    scene, picture, notes = _with_picture(folder, scene, inside, place or inside)
    return Imported(scene, format, picture, [*(remarks(scene) if format != "hitmark" else []), *notes])


def _recognized(path: Path) -> str:
    """The format of a file. Raises `HitmarkError` with what can be done in a page, where no format can be named."""
    from hitmark.scene.formats import FORMATS, sniff

    try:
        return sniff(path)
    except HitmarkError as error:
        text, tried, _ = str(error).partition(" Tried:\n")
        raise HitmarkError(f"{text} Formats that are read: {', '.join(FORMATS)}." if tried else text) from None


def _read_record(folder: Folder, path: Path) -> Imported:
    """A run record: its picture is known by its content, if it was ever loaded here."""
    from hitmark.run.record import RunRecord

    record = RunRecord.load(path)
    scene = record.to_scene(path)
    scene = scene.replace(method={"name": scene.method.name, "knobs": record.settings.knobs})
    identity = record.image.sha256[:24] if record.image is not None else ""
    if PICTURE_ID.fullmatch(identity) and folder.picture(identity).is_file():
        return Imported(
            scene.replace(image=f"pictures/{identity}.png"), "hitmark run", picture_of(folder, identity), []
        )
    notes = [] if record.image is None else [_not_here(record.image.path)]
    return Imported(scene.replace(image=None), "hitmark run", None, notes)


def _with_picture(folder: Folder, scene: Scene, inside: Path, place: Path) -> tuple[Scene, Picture | None, list[str]]:
    """Keep the picture that the scene names where it came with the upload or is here already; never another file."""
    if scene.image is None:
        return scene, None, []
    known = PICTURE_PATH.fullmatch(scene.image)
    if known is not None and folder.picture(known[1]).is_file():
        return scene, picture_of(folder, known[1]), []
    path = picture_beside(place, inside, scene.image)
    if path is None:
        return scene.replace(image=None), None, [_not_here(scene.image)]
    picture = keep_picture(folder, path.read_bytes())
    return scene.replace(image=f"pictures/{picture.id}.png"), picture, []


def _not_here(name: str) -> str:
    return f"the picture {name[:100]} did not come with the file; load it too"


@dataclass(frozen=True)
class Exported:
    """A file to be downloaded."""

    name: str
    data: bytes
    losses: list[str]  # what the format could not hold

    def notes(self) -> list[str]:
        """The losses, few enough for a header."""
        shown = [sentence[:300] for sentence in self.losses[:SHOWN_LOSSES]]
        more = len(self.losses) - len(shown)
        return [*shown, f"... and {more} more"] if more else shown


def written(folder: Folder, scene: Scene, format: str, frames: int | None) -> Exported:
    """Write a scene in a format: the file, or a zip where the format is several files.

    Raises:
        HitmarkError: unknown format, or a scene that it cannot express.
    """
    from hitmark.scene.formats import FORMATS, encode

    if format not in (*FORMATS, PROJECT):
        raise RefusedError(422, f"format: expected one of {', '.join((*FORMATS, PROJECT))}, got {format!r:.60}")
    if format in ("hitmark", PROJECT):
        whole = scene if frames is None else scene.replace(frames=frames)
        text = whole.to_json().encode()
        if format == "hitmark":
            return Exported("scene.json", text, [])
        return Exported("project.zip", _packed({"scene.json": text} | _pictures(folder, whole)), [])
    suffix = FORMATS[format].extensions[0] if FORMATS[format].extensions else ""
    with tempfile.TemporaryDirectory(prefix="hitmark-export-") as temporary:
        options = {"base": str(folder.root)} if "base" in FORMATS[format].write_options else {}
        try:
            encoded = encode(scene, Path(temporary) / f"scene{suffix}", format, frames, **options)
        except HitmarkError as error:
            text = str(error).replace(temporary + "/", "").replace(str(folder.root) + "/", "")
            raise HitmarkError(text) from None
    if len(encoded.files) == 1 and not encoded.whole_folder:
        ((name, data),) = encoded.files.items()
        return Exported(name, data, encoded.losses)
    return Exported("scene.zip", _packed(encoded.files), encoded.losses)


def _pictures(folder: Folder, scene: Scene) -> dict[str, bytes]:
    identity = picture_id(scene.image)
    return {} if identity is None else {str(scene.image): folder.picture(identity).read_bytes()}


def _packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
