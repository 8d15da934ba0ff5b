"""Zips that come in: unpacked with their folders into a new one, and what scenes lie in them."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from pathlib import Path

from hitmark.errors import HitmarkError
from hitmark.studio.folder import is_plain_name
from hitmark.studio.refusals import RefusedError

LARGEST_UNPACKED = 64 * 1024 * 1024  # bytes, as hitmark.scene.formats reads
MOST_MEMBERS = 1000  # files in a zip
DEEPEST = 8  # folders
RECORD = "hitmark-run"  # the format of a run record, which says more than the scene beside it
BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError, ValueError)


def unpack(data: bytes, place: Path) -> None:
    """Write the files of a zip below a new folder, where they lie in the zip; what has no plain name is left out.

    Raises:
        RefusedError: 422 for what is no zip, 413 for one that is too large when unpacked.
    """
    place.mkdir()
    left = LARGEST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in [each for each in archive.infolist() if not each.is_dir()][:MOST_MEMBERS]:
                path = _below(place, member.filename)
                if path is None:
                    continue
                with archive.open(member) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise RefusedError(413, f"zip: expected at most {LARGEST_UNPACKED >> 20} MB unpacked, got more")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    except RefusedError:
        raise
    except (*BROKEN, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise RefusedError(422, f"zip: cannot be unpacked ({type(error).__name__}); pack the folder again") from None


def _below(place: Path, name: str) -> Path | None:
    """Where a member goes; None for one that a zip of a person's files does not have, or that leads elsewhere."""
    parts = unicodedata.normalize("NFC", name.replace("\\", "/")).split("/")
    return place.joinpath(*parts) if len(parts) <= DEEPEST and all(map(is_plain_name, parts)) else None


def scenes_in(place: Path) -> dict[str, tuple[Path, str]]:
    """The scenes below a folder: name in the zip -> the file or folder and its format, the outermost first."""
    found: dict[str, tuple[Path, str]] = {}
    folders = sorted((Path(folder) for folder, _, _ in os.walk(place)), key=lambda each: (len(each.parts), each))
    for folder in folders:
        for path, format in _scenes_of(folder):
            found[str(path.relative_to(place))] = (path, format)
    return found


def _scenes_of(folder: Path) -> list[tuple[Path, str]]:
    """A folder that is a scene as a whole, else the files in it that are one; its run records, where it has any."""
    format = _format(folder)
    if format is not None:
        return [(folder, format)]
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and "visibility" not in path.name]
    known = [(path, format) for path in files if (format := _format(path)) is not None]
    return [(path, format) for path, format in known if format == RECORD] or known


def _format(path: Path) -> str | None:
    from hitmark.scene.formats import sniff

    try:
        return sniff(path)
    except HitmarkError:
        return None


def picture_beside(place: Path, folder: Path, image: str) -> Path | None:
    """The picture that a scene in `folder` names, below `place`: where it says, else the only one of that name."""
    image = unicodedata.normalize("NFC", image.replace("\\", "/"))
    path = (folder / image).resolve()
    if path.is_relative_to(place.resolve()) and path.is_file():
        return path
    alike = [each for each in place.rglob("*") if each.name == path.name and each.is_file()]
    return alike[0] if len(alike) == 1 else None
