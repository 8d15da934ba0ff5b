"""DAVIS 2016 and 2017 (Perazzi et al., CVPR 2016; Pont-Tuset et al., arXiv:1704.00675).

Folders as published: `JPEGImages/480p/NAME/00000.jpg`, `Annotations/480p/NAME/00000.png`, and lists of names in
`ImageSets/2016/val.txt`, `ImageSets/2017/val.txt` (2016's own package has `ImageSets/480p/val.txt` with a pair of paths
a line). Masks of 2017 are palette PNGs whose indices are the objects; those of 2016 are 0 and 255, one object.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, listed, natural
from hitmark.datasets.masked import Choice, MaskedClip, masked_item
from hitmark.datasets.pictures import PICTURES, check_pairs, frame_files

NAME = "davis"
ADDRESS = "https://davischallenge.org"
LICENSE = f"as stated by the publisher, {ADDRESS}: check it before use"
PICTURE_FOLDER, MASK_FOLDER, LISTS = "JPEGImages", "Annotations", "ImageSets"


def recognize(folder: Path) -> bool:
    """A folder with DAVIS's two folders, or what is left of them."""
    return (folder / PICTURE_FOLDER).is_dir() or (folder / MASK_FOLDER).is_dir()


def open_davis(
    folder: Path,
    choice: Choice,
    split: str | None = None,
    objects: Literal["each", "together"] = "each",
    resolution: str = "480p",
    broken: Broken = "error",
) -> Dataset:
    """Opens a folder.

    Args:
        folder: the one with JPEGImages and Annotations.
        choice: of frames and objects.
        split: a list under ImageSets without its extension, as "2017/val"; None: every sequence on disk.
        objects: "each" makes a subject of every number, "together" one of all, as DAVIS 2016 does.
        resolution: name of the folder under JPEGImages and Annotations.
        broken: as in `Dataset`.

    Raises:
        DatasetError: a folder, list or sequence is missing; says which, and where to get it.
    """
    if objects not in ("each", "together"):
        raise DatasetError(f'objects: expected "each" or "together", got {objects!r}; choose one of them')
    pictures, masks = folder / PICTURE_FOLDER / resolution, folder / MASK_FOLDER / resolution
    for needed in (pictures, masks):
        if not needed.is_dir():
            raise DatasetError(
                f"{folder}: expected the folder {needed.relative_to(folder)} in it, found none; get DAVIS at "
                f"{ADDRESS} and unpack the whole of it there"
            )
    names = sequences(pictures, masks) if split is None else _listed_names(folder, split)
    if not names:
        raise DatasetError(f"{pictures}: expected a folder for each sequence, found none; unpack DAVIS once more")

    def make(name: str) -> DatasetItem:
        found_pictures = frame_files(pictures / name, PICTURES)
        found_masks = frame_files(masks / name, (".png",))
        check_pairs(found_pictures, found_masks, pictures / name, masks / name)
        _check_numbers(found_pictures, pictures / name)
        taken = choice.of(list(found_pictures))
        clip = MaskedClip.of(name, found_pictures, found_masks, taken, objects == "together")
        return masked_item(clip, _each, choice)

    notes = (f"objects {objects}", "no prompts: DAVIS has none; the names of the sequences are the ids")
    return Dataset(NAME, LICENSE, tuple(names), make, notes, broken)


def sequences(pictures: Path, masks: Path) -> list[str]:
    """Names of the sequences that either folder has, so that half a sequence is noticed, in natural order."""
    found = {path.name for folder in (pictures, masks) for path in folder.iterdir() if path.is_dir()}
    return sorted((name for name in found if not name.startswith(".")), key=natural)


def _listed_names(folder: Path, split: str) -> list[str]:
    """Sequences of a list: a name a line, or paths of pictures of which the folder counts; each once."""
    path = folder / LISTS / f"{split}.txt"
    if not path.is_file():
        lists = folder / LISTS
        there = sorted(each.relative_to(lists).with_suffix("").as_posix() for each in lists.rglob("*.txt"))
        raise DatasetError(
            f"{path}: expected the list of split {split!r}, found none; the lists here are {listed(there) or 'none'}"
        )
    lines = [line.split()[0] for line in path.read_text("utf-8").splitlines() if line.strip()]
    return list(dict.fromkeys(Path(line).parent.name if "/" in line else line for line in lines))


def _check_numbers(frames: dict[str, Path], folder: Path) -> None:
    """DAVIS counts its frames from 0 without a gap."""
    held = {int(name) for name in frames}
    missing = [f"{number:05d}" for number in range(max(held)) if number not in held]
    if missing:
        raise DatasetError(
            f"{folder}: {len(missing)} frames are missing: {listed(missing)} (pictures and masks); unpack it once more"
        )


def _each(numbers: np.ndarray) -> dict[int, str]:
    """Every number is an object: object-1, object-2 ...; a 2016 mask has one, 255."""
    if numbers.tolist() == [255]:
        return {255: "object-1"}
    return {number: f"object-{number}" for number in numbers.tolist()}
