"""Folders of scenes: hitmark's own scene files and run records, and SG-I2V's example folders.

They have drawn paths and no real clip, so that their items have no truth: what is wanted is the scene.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, natural, safe
from hitmark.datasets.pictures import read_picture
from hitmark.scene import formats
from hitmark.scene.formats import own, run_record, sg_i2v
from hitmark.scene.formats.source import Source

NAME, EXAMPLES_NAME = "scenes", "sg-i2v"
EXAMPLES_ADDRESS = "https://github.com/Kmcode1/SG-I2V"
EXAMPLES_LICENSE = f"MIT, {EXAMPLES_ADDRESS}; it has 66 examples"


def recognize_examples(folder: Path) -> bool:
    """A folder whose folders hold traj.npy, or one such folder."""
    return (folder / sg_i2v.TRACKS).is_file() or any(folder.glob(f"*/{sg_i2v.TRACKS}"))


def recognize(path: Path) -> bool:
    """A folder with a scene file or a run record, or such a file."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return any(file.is_file() and file.suffix.lower() == ".json" and _own(file) is not None for file in files)


def _own(path: Path) -> str | None:
    """The name of our own format that a file has: of scenes or of run records; None for any other."""
    source = Source(path)
    return next((each.NAME for each in (run_record, own) if each.sniff(source)), None)


def open_scenes(path: Path, broken: Broken = "error") -> Dataset:
    """Opens every *.json of a folder (not of its folders), or one file, in natural order of the names.

    Raises:
        DatasetError: nothing there.
    """
    files = sorted(path.glob("*.json"), key=lambda file: natural(file.stem)) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise DatasetError(f"{path}: expected scene files (*.json) there, found none; save scenes into this folder")
    return Dataset(f"{NAME}:{path.name}", "your own", *_entries([(file.stem, file) for file in files]), broken=broken)


def open_examples(folder: Path, broken: Broken = "error") -> Dataset:
    """Opens SG-I2V's examples: every folder in `folder` with img.png or traj.npy, or one example, in natural order.

    Raises:
        DatasetError: nothing there. One half of an example is an error of its item.
    """
    parts = (sg_i2v.PICTURE, sg_i2v.TRACKS)
    inner = sorted(folder.iterdir(), key=lambda path: natural(path.name)) if folder.is_dir() else []
    candidates = [folder] if (folder / sg_i2v.TRACKS).is_file() else inner
    found = [each for each in candidates if any((each / part).is_file() for part in parts)]
    if not found:
        raise DatasetError(
            f"{folder}: expected folders with {' and '.join(parts)}, found none; get the examples at "
            f"{EXAMPLES_ADDRESS} and give the folder that they lie in"
        )
    return Dataset(
        EXAMPLES_NAME, EXAMPLES_LICENSE, *_entries([(each.name, each) for each in found], sg_i2v.NAME), broken=broken
    )


def _entries(
    places: list[tuple[str, Path]], format: str | None = None
) -> tuple[tuple[str, ...], Callable[[str], DatasetItem]]:
    """Ids, and what makes an item of each; `format` None: a scene or a run record.

    Names that differ only in what no file name has get their position.
    """
    plain = [safe(name) for name, _ in places]
    ids = [name if plain.count(name) == 1 else f"{name}-at-{index}" for index, name in enumerate(plain)]
    paths = {name: path for name, (_, path) in zip(ids, places, strict=True)}
    return tuple(ids), lambda name: _item(name, paths[name], format or _own(paths[name]) or own.NAME)


def _item(name: str, path: Path, format: str) -> DatasetItem:
    scene = formats.read(path, format)
    folder = path if path.is_dir() else path.parent
    image = scene.image_path(folder)
    if image is None:
        return DatasetItem(name, scene, notes=tuple(formats.remarks(scene)))
    if not image.is_file():
        raise DatasetError(f"{path}: image: expected a picture at {image}, found none; put it there")
    notes = tuple(formats.remarks(scene))
    return DatasetItem(name, scene, folder=folder, notes=notes, load_picture=lambda: read_picture(image))
