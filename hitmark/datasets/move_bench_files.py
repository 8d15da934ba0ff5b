"""Where MoveBench's files lie, its lists of clips, and the arrays of its tracks."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from hitmark.datasets.base import DatasetError, listed
from hitmark.scene.formats.arrays import parse_npy
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.source import Source, check_count, read_bytes
from hitmark.scene.formats.track_arrays import SHAPE, read_point_tracks, read_visibility
from hitmark.scene.problems import shorten

ADDRESS = "https://huggingface.co/datasets/Ruihang/MoveBench"
FETCH = "hf download Ruihang/MoveBench --repo-type dataset --local-dir MoveBench"
FRAMES_FIRST = Options(axes="frames,tracks")  # as MoveBench has them, however many points there are
LANGUAGES, MODES = ("en", "zh"), ("single", "multi")


def recognize(path: Path) -> bool:
    """A folder with a list, or with a language's folder that has one, or with its archive still packed; or a list."""
    if path.is_file():
        return path.name in map(list_name, MODES)
    bases = (path, *(path / language for language in LANGUAGES))
    packed = any((path / f"{language}.tar.gz").is_file() for language in LANGUAGES)
    return packed or any((base / list_name(mode)).is_file() for base in bases for mode in MODES)


def find_place(path: Path, language: str | None, mode: str | None) -> tuple[Path, str]:
    """The folder of the language, and the mode.

    Args:
        path: the folder with the languages' folders, or one of these, or a list.
        language: "en" or "zh"; None: as `path` says, else en, or zh where only that is there.
        mode: "single" or "multi"; None: as `path` says, else single.

    Raises:
        DatasetError: the list is not there; choices that are unknown, or do not agree with `path`.
    """
    check_choice("language", language, LANGUAGES)
    check_choice("mode", mode, MODES)
    named = path.name.removesuffix("_track.txt") if path.is_file() else None
    if named is not None and named not in MODES:
        raise DatasetError(f"{path}: expected a folder, or {' or '.join(map(list_name, MODES))}; give one of them")
    if named is not None and mode not in (None, named):
        raise DatasetError(f"mode: expected {named}, as {path} says, got {mode!r}; leave it out, or give the folder")
    chosen = named or mode or "single"
    inner = path.parent if named else path
    if named or any((inner / list_name(each)).is_file() for each in MODES):
        own = inner.absolute().name
        if language not in (None, own):
            raise DatasetError(f"language: expected {own}, as {inner} says, got {language!r}; leave it out")
        base = inner
    else:
        base = path / (language or next((each for each in LANGUAGES if (path / each).is_dir()), LANGUAGES[0]))
    if not (base / list_name(chosen)).is_file():
        raise _missing(path, base / list_name(chosen))
    return base, chosen


def _missing(path: Path, wanted: Path) -> DatasetError:
    archive = wanted.parent.with_name(f"{wanted.parent.name}.tar.gz")
    there = listed(sorted(each.name for each in path.iterdir())) if path.is_dir() else "no folder"
    fix = (
        f"unpack {archive.name} there: tar -xzf {archive.name}"
        if archive.is_file()
        else f"get it with `{FETCH}` ({ADDRESS}), unpack it, and give the folder that holds en and zh"
    )
    return DatasetError(f"{path}: expected the list {wanted} there, got {there or 'an empty folder'}; {fix}")


def list_name(mode: str) -> str:
    """The file with the clips of a mode."""
    return f"{mode}_track.txt"


def check_choice(field: str, value: object, known: tuple[str, ...]) -> None:
    """See that a choice that is given is one of those known. Raises `DatasetError`."""
    if value is not None and value not in known:
        wanted = " or ".join(f'"{each}"' for each in known)
        raise DatasetError(f"{field}: expected {wanted}, got {value!r}; choose one of them")


def read_list(path: Path) -> dict[str, str]:
    """Clips of a list, VIDEO without its extension, in order, and their captions.

    Empty lines and those that start with # do not count.

    Raises:
        DatasetError: a line without a comma or without a name, a name that leads out of the folder, one twice; nothing.
        SceneError: the file cannot be read.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(re.split(r"\r\n?|\n", Source(path).text), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        video, comma, caption = text.partition(",")
        place = f"{path}: line {number}"
        name = PurePosixPath(video.strip().replace("\\", "/"))
        if not comma or not name.name:
            raise DatasetError(f"{place}: expected VIDEO,CAPTION, got {shorten(text)}; download the list again")
        if name.is_absolute() or ".." in name.parts or not video.isprintable():
            raise DatasetError(f"{place}: expected a name within the dataset, got {shorten(video)}; correct the line")
        stem = name.with_suffix("").as_posix()
        if stem in found:
            raise DatasetError(f"{place}: expected every clip once, got {stem!r} a second time; remove one line")
        found[stem] = caption.strip()
    if not found:
        raise DatasetError(f"{path}: expected a line VIDEO,CAPTION for every clip, got none; download the list again")
    return found


def read_tracks(tracks: Path, visibility: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points, float64 (frames, points, 2) in pixels, and whether they are seen, bool (frames, points).

    Raises:
        DatasetError: one of the files is missing; no points, or fewer than two frames.
        FormatError: damaged, NaN, or of another shape.
    """
    for file in (tracks, visibility):
        if not file.is_file():
            raise DatasetError(
                f"{file}: expected this file for the clip, found none; the download or the unpacking stopped early, do "
                f"it again: {FETCH}"
            )
    array = parse_npy(read_bytes(tracks), str(tracks))
    if array.ndim not in (3, 4) or array.shape[-1] != 2:
        raise DatasetError(f"{tracks}: expected {SHAPE}, got {list(array.shape)}; download it again")
    points = read_point_tracks(array, str(tracks), FRAMES_FIRST).points
    frames, count = points.shape[:2]
    if frames < 2 or not count:
        raise DatasetError(
            f"{tracks}: expected at least 2 frames and 1 point, got {frames} and {count}; download it again"
        )
    check_count(tracks, frames * count)
    seen = read_visibility(parse_npy(read_bytes(visibility), str(visibility)), (frames, count), str(visibility))
    return points, np.array(seen)
