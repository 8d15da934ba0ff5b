"""VIPSeg (Miao et al., CVPR 2022): panoptic masks of 124 classes, the set that SG-I2V's table is made on.

Folders as published, `imgs/VIDEO/*.jpg` and `panomasks/VIDEO/*.png`, or as its own script for 720 lines leaves them,
`VIPSeg_720P/images` and `VIPSeg_720P/panomasks`; lists of videos are `train.txt`, `val.txt`, `test.txt` there or one
folder above. A mask's number (its README): 0 is void, 1..124 a class of "stuff", above that 100 times the class plus
the instance. Names of classes are in `panoVIPSeg_categories.json`, which counts them from 0, one less than the masks.
`panomasksRGB`, the colored form, is not read.

The protocol "sg-i2v" (papers.md 2.10) is what is known of SG-I2V's evaluation: see SPLIT and UNKNOWN.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from hitmark.datasets.base import Broken, Dataset, DatasetError, DatasetItem, listed
from hitmark.datasets.davis import sequences
from hitmark.datasets.masked import Choice, MaskedClip, masked_item
from hitmark.datasets.pictures import PICTURES, Shape, check_pairs, frame_files, gaps

NAME = "vipseg"
ADDRESS = "https://github.com/VIPSeg-Dataset/VIPSeg-Dataset"
LICENSE = f"as stated by the publisher, {ADDRESS}: check it before use"
PICTURE_FOLDERS, MASK_FOLDER, CLASSES = ("imgs", "images"), "panomasks", "panoVIPSeg_categories.json"
LARGEST_STUFF = 124
SPLIT, FRAMES, SHAPE = "val", 14, Shape(1024, 576, "stretch")
"""Of the protocol: validation set, 14 frames, pictures scaled to the size SG-I2V generates at, without a cut."""
UNKNOWN = (
    "protocol sg-i2v: which 14 frames of a clip and which objects were taken is not published; here the first 14, and "
    "all things in the first frame unless least_area or most_objects is set",
    "protocol sg-i2v: the published ground truth are tracks of a point tracker from the middle of each mask in frame "
    "1, at 256 x 256; here the points are the middles of the masks themselves",
)


def recognize(folder: Path) -> bool:
    """A folder with the masks, or VIPSeg_720P in it."""
    return any((base / MASK_FOLDER).is_dir() for base in (folder, folder / "VIPSeg_720P"))


def open_vipseg(
    folder: Path,
    choice: Choice,
    split: str | None = None,
    protocol: str | None = None,
    broken: Broken = "error",
) -> Dataset:
    """Opens a folder.

    Args:
        folder: with `imgs` (or `images`) and `panomasks`, or the one above VIPSeg_720P.
        choice: of frames and objects.
        split: "train", "val" or "test"; None: every video on disk.
        protocol: "sg-i2v" sets what of split, frames and shape is not given; None: none.
        broken: as in `Dataset`.

    Raises:
        DatasetError: a folder, list or video is missing; says which, and where to get it.
    """
    notes: tuple[str, ...] = ()
    if protocol is not None:
        if protocol != "sg-i2v":
            raise DatasetError(f'protocol: expected "sg-i2v", got {protocol!r}; leave it out to read clips as they are')
        split, notes = split or SPLIT, UNKNOWN
        choice = replace(choice, frames=choice.frames or FRAMES, shape=choice.shape or SHAPE)
    base = folder / "VIPSeg_720P" if (folder / "VIPSeg_720P").is_dir() else folder
    pictures = next((base / name for name in PICTURE_FOLDERS if (base / name).is_dir()), base / PICTURE_FOLDERS[0])
    for needed in (pictures, base / MASK_FOLDER):
        if not needed.is_dir():
            raise DatasetError(
                f"{base}: expected the folder {needed.name} in it, found none; get VIPSeg at {ADDRESS} and unpack the "
                "whole of it there"
            )
    names = sequences(pictures, base / MASK_FOLDER) if split is None else _listed_names(base, split)
    if not names:
        raise DatasetError(f"{pictures}: expected a folder for each video, found none; unpack VIPSeg once more")
    things, told = _things(base)
    make = _maker(pictures, base / MASK_FOLDER, choice, things)
    return Dataset(NAME, LICENSE, tuple(names), make, (*notes, *told), broken)


def _maker(
    pictures: Path, masks: Path, choice: Choice, things: Callable[[np.ndarray], dict[int, str]]
) -> Callable[[str], DatasetItem]:
    def make(name: str) -> DatasetItem:
        found_pictures = frame_files(pictures / name, PICTURES)
        found_masks = frame_files(masks / name, (".png",))
        check_pairs(found_pictures, found_masks, pictures / name, masks / name)
        taken = choice.of(list(found_pictures))
        missing = [str(number) for number in gaps(taken)] if choice.stride == 1 else []
        notes = (f"frames are not evenly numbered, these are not there: {listed(missing)}",) if missing else ()
        clip = MaskedClip.of(name, found_pictures, found_masks, taken)
        return masked_item(clip, things, choice, notes=notes)

    return make


def _listed_names(base: Path, split: str) -> list[str]:
    places = [base / f"{split}.txt", base.parent / f"{split}.txt"]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DatasetError(
            f"{places[0]}: expected the list of split {split!r} there or one folder above, found none; it comes with "
            f"the dataset, {ADDRESS}"
        )
    return list(dict.fromkeys(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()))


def _things(base: Path) -> tuple[Callable[[np.ndarray], dict[int, str]], tuple[str, ...]]:
    """What turns the numbers of a clip into its things, by names of classes where their file is there."""
    path = next((place for place in (base / CLASSES, base.parent / CLASSES) if place.is_file()), None)
    classes = {} if path is None else _class_names(path)
    told = () if path else (f"{CLASSES} is not there: things are named by the number of their class",)

    def things(numbers: np.ndarray) -> dict[int, str]:
        chosen = [number for number in numbers.tolist() if number > LARGEST_STUFF]
        return {
            number: f"{classes.get(number // 100, f'class {number // 100}')} {number % 100 + 1}" for number in chosen
        }

    return things, told


def _class_names(path: Path) -> dict[int, str]:
    """Names by the number that masks have: the file's id plus 1."""
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {int(entry["id"]) + 1: str(entry["name"]).replace("_", " ") for entry in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: expected a JSON list of objects with id and name, got something else ({error}); take the file "
            f"from {ADDRESS}"
        ) from None
