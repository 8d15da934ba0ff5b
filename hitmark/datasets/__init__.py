"""Datasets of scenes under one vocabulary; `open_dataset` is all that most callers need.

    for item in open_dataset("davis_inputs.json"):
        generate(item.scene)

DAVIS, VIPSeg, MoveBench and MC-Bench were read on imitations of their layouts only. The latter two have points and no
boxes: how these become boxes is our own reading, which their notes tell.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hitmark.datasets import box_lists, davis, mc_bench, move_bench, scenes, sprite_worlds, vipseg
from hitmark.datasets.base import Counts, Dataset, DatasetError, DatasetItem, LeftOutError, Truth, listed
from hitmark.datasets.masked import Choice
from hitmark.datasets.pictures import Shape

__all__ = [
    "READERS",
    "Counts",
    "Dataset",
    "DatasetError",
    "DatasetItem",
    "LeftOutError",
    "Truth",
    "open_dataset",
    "with_choices",
]

Recognize = Callable[[Path], bool]

READERS: dict[str, tuple[Recognize, Callable[..., Dataset], tuple[str, ...]]] = {
    "davis": (davis.recognize, davis.open_davis, ("split", "objects", "resolution", "broken")),
    "vipseg": (vipseg.recognize, vipseg.open_vipseg, ("split", "protocol", "broken")),
    "sg-i2v": (scenes.recognize_examples, scenes.open_examples, ("broken",)),
    "peekaboo": (box_lists.recognize, box_lists.open_box_list, ("degenerate", "layout", "size", "broken")),
    "move-bench": (
        move_bench.recognize,
        move_bench.open_move_bench,
        ("language", "mode", "objects", "point_size", "broken"),
    ),
    "mc-bench": (mc_bench.recognize, mc_bench.open_mc_bench, ("tracks", "point_size", "broken")),
    "scenes": (scenes.recognize, scenes.open_scenes, ("broken",)),
}  # in the order in which folders are tried: what tells a dataset, what opens it, its choices
CHOICE = re.compile(r"[a-z_]+=\S+")
"""A choice behind a dataset's place."""
MASKED = ("davis", "vipseg")
MASKED_CHOICES = ("frames", "stride", "size", "fit", "least_area", "most_objects")


def open_dataset(spec: str | os.PathLike[str], **choices: Any) -> Dataset:
    """Opens a dataset by name, or by what a folder or file looks like.

    Args:
        spec: a path, found out by its content; "READER:PATH" with a reader's name, as "davis:DAVIS"; or
            "sprites:test:0-64" and "sprites-text:test:0-64" (split, range of seeds). Choices may follow it, as a plan
            has them: "davis:DAVIS split=2017/val size=[576,320]"; values are JSON where they can be, else text.
        choices: davis and vipseg: split, frames, stride, size (width, height), fit ("stretch", "crop"), least_area,
            most_objects; davis: objects, resolution; vipseg: protocol ("sg-i2v"); peekaboo: degenerate, layout, size;
            move-bench: language, mode, objects, point_size; mc-bench: tracks, point_size; sprites: world, size, frames;
            all of files: broken ("error", "drop"). None: not given.

    Returns:
        The dataset; its notes say what was found out. Items are made when they are asked for.

    Raises:
        DatasetError: nothing there, not known, incomplete; says what is missing and how to get it.
    """
    text, told = with_choices(os.fspath(spec))
    given = told | {name: value for name, value in choices.items() if value is not None}
    name, mark, rest = text.partition(":")
    if name in (sprite_worlds.NAME, sprite_worlds.TEXT_NAME) and (mark or not os.path.exists(text)):
        _check_choices(name, given, sprite_worlds.CHOICES)
        return sprite_worlds.open_sprites(rest, text=name == sprite_worlds.TEXT_NAME, **given)
    if mark and name in READERS and not os.path.exists(text):
        if not rest:
            raise DatasetError(f"{text}: expected a place behind the colon, got none; as in {name}:FOLDER")
        return _open(name, Path(rest), given)
    path = Path(text)
    if not path.exists():
        raise DatasetError(
            f"{text}: no such file or folder; give the dataset's place, one of {', '.join(READERS)} with a place as in "
            "davis:FOLDER, or sprites:test:0-64"
        )
    found = next((reader for reader, (recognize, _, _) in READERS.items() if recognize(path)), None)
    if found is None:
        inside = listed(sorted(each.name for each in path.iterdir())) if path.is_dir() else "a file"
        raise DatasetError(
            f"{path}: expected a dataset, got {inside or 'an empty folder'}; known are {', '.join(READERS)}: give the "
            "folder that directly holds theirs, or name it as in davis:FOLDER to hear what is missing"
        )
    return _open(found, path, given)


def with_choices(text: str) -> tuple[str, dict[str, Any]]:
    """The place of a spec and the choices behind it; a path that is there is only a path. `DatasetError`: one twice."""
    words = text.split(" ")
    told: dict[str, Any] = {}
    while len(words) > 1 and CHOICE.fullmatch(words[-1]) and not os.path.exists(" ".join(words)):
        name, _, value = words.pop().partition("=")
        if name in told:
            raise DatasetError(f"{text}: the choice {name} is given twice; leave one out")
        try:
            told[name] = json.loads(value)
        except json.JSONDecodeError:
            told[name] = value
    return " ".join(words).rstrip() if told else text, told


def _open(reader: str, path: Path, given: dict[str, Any]) -> Dataset:
    _, opens, own = READERS[reader]
    _check_choices(reader, given, own + (MASKED_CHOICES if reader in MASKED else ()))
    if not path.exists():
        raise DatasetError(f"{path}: expected the dataset {reader} there, found nothing; {_where(reader)}")
    others = {name: value for name, value in given.items() if name in own}
    return opens(path, _choice(given), **others) if reader in MASKED else opens(path, **others)


def _choice(given: dict[str, Any]) -> Choice:
    """What both datasets with masks take."""
    size, fit = given.get("size"), given.get("fit", "stretch")
    if size is None and "fit" in given:
        raise DatasetError(f"fit: expected it with `size`, got {fit!r} alone; give size=(width, height) too")
    shape = None if size is None else Shape(int(size[0]), int(size[1]), fit)
    plain = {name: given[name] for name in ("frames", "stride", "least_area", "most_objects") if name in given}
    return Choice(shape=shape, **plain)


def _check_choices(reader: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise DatasetError(f"{reader}: it takes no choice {listed(unknown)}; its choices are {', '.join(known)}")


def _where(reader: str) -> str:
    addresses = {
        "davis": davis.ADDRESS,
        "vipseg": vipseg.ADDRESS,
        "sg-i2v": scenes.EXAMPLES_ADDRESS,
        "peekaboo": box_lists.ADDRESS,
        "move-bench": f"{move_bench.ADDRESS} with `{move_bench.FETCH}`, and unpack it",
        "mc-bench": f"{mc_bench.ADDRESS}, which names it, with `{mc_bench.FETCH}`, and unpack it",
    }
    return f"get it at {addresses[reader]}" if reader in addresses else "save scenes there first"
