"""What every dataset gives: items with a scene, what is true of the real clip, and an account of what was left out.

Reading is lazy: a dataset knows its ids when it is opened, an item is made when it is asked for, and pictures are
decoded when `picture`, `frames` or `Truth.masks` is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.scene.boxes import centers
from hitmark.scene.schema import Scene

Broken = Literal["error", "drop"]
SHOWN = 8
"""Names that an error lists at most."""


class DatasetError(HitmarkError):
    """A dataset is missing, incomplete or damaged; says what, where it should lie, and how to mend it."""


class LeftOutError(DatasetError):
    """An entry that is whole but falls to a rule of the reader, such as too few frames. Never an error of the files."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Where the things of the real clip are.

    Attributes:
        names: of the objects, as in the scene's subjects.
        boxes: float64 (objects, frames, 4), normalized xyxy; NaN where the dataset has none.
        points: float64 (objects, frames, 2), x and y as fractions of the picture, NaN likewise: the mean of the mask's
            pixels where there are masks, else the middle of the box.
        visible: bool (objects, frames): whether the dataset has a box or a point there.
        masks: reads the masks, bool (objects, frames, height, width); None where the dataset has none.
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    points: np.ndarray
    visible: np.ndarray
    masks: Callable[[], np.ndarray] | None = None

    @classmethod
    def of_boxes(cls, names: tuple[str, ...], boxes: np.ndarray, visible: np.ndarray) -> Truth:
        """From boxes (objects, frames, 4) alone; those that are not visible become NaN."""
        known = np.where(visible[..., None], boxes, np.nan)
        return cls(names, known, centers(known), visible)


@dataclass(frozen=True, eq=False)
class DatasetItem:
    """One entry of a dataset.

    Attributes:
        id: stable, unique in the dataset, and usable as a file name.
        scene: what is wanted. Its `image` is relative to `folder`.
        truth: of the real clip; None where the dataset has only drawn paths, which are the scene.
        folder: that the first frame's file lies in; None without a file.
        notes: sentences on what was changed or decided.
        load_picture, load_frames: behind `picture` and `frames`.
        kind: of a dataset that has several kinds of scenes, such as "fast"; reports are broken down by it.
    """

    id: str
    scene: Scene
    truth: Truth | None = None
    folder: Path | None = None
    notes: tuple[str, ...] = ()
    load_picture: Callable[[], np.ndarray] | None = None
    load_frames: Callable[[], np.ndarray] | None = None
    kind: str | None = None

    @property
    def image(self) -> Path | None:
        """The first frame's file as it is on disk; None where it is cut, scaled or drawn: then use `picture`."""
        return None if self.folder is None else self.scene.image_path(self.folder)

    def picture(self) -> np.ndarray | None:
        """The first frame, uint8 (height, width, 3), read now; None without one. Raises `DatasetError` if damaged."""
        return None if self.load_picture is None else self.load_picture()

    def frames(self) -> np.ndarray | None:
        """The real clip, uint8 (frames, height, width, 3), read now; None without one. Raises `DatasetError`."""
        return None if self.load_frames is None else self.load_frames()


@dataclass(frozen=True)
class Counts:
    """What became of all entries: how many are given, and for every other one its id and why."""

    kept: int
    dropped: dict[str, str]

    def __str__(self) -> str:
        lines = [f"{self.kept} kept, {len(self.dropped)} dropped"]
        return "\n".join(lines + [f"  {name}: {reason}" for name, reason in self.dropped.items()])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Entries in a fixed order.

    Attributes:
        name: what was opened.
        license: of the data, in words.
        ids: of all entries, before any is dropped.
        make: makes the item of an id; raises `LeftOutError` for one that a rule leaves out, `DatasetError` for damage.
        notes: sentences on the whole: layout found, protocol, what is not known of it.
        broken: what damaged entries do: "error" stops, "drop" leaves them out and gives the error as the reason.
    """

    name: str
    license: str
    ids: tuple[str, ...]
    make: Callable[[str], DatasetItem]
    notes: tuple[str, ...] = ()
    broken: Broken = "error"

    def __post_init__(self) -> None:
        if self.broken not in ("error", "drop"):
            raise DatasetError(f'broken: expected "error" or "drop", got {self.broken!r}; choose one of them')
        twice = sorted({name for name in self.ids if self.ids.count(name) > 1}) if self._repeats else []
        if twice:
            raise DatasetError(f"{self.name}: expected an own id for every entry, got {listed(twice)} more than once")

    @property
    def _repeats(self) -> bool:
        return len(set(self.ids)) < len(self.ids)

    def __getitem__(self, name: str) -> DatasetItem:
        """The item of an id. Raises `DatasetError`: unknown, damaged; `LeftOutError`: a rule leaves it out."""
        if name not in self.ids:
            known = listed(list(self.ids))
            raise DatasetError(f"{self.name}: expected an id of this dataset, got {name!r}; the ids are {known}")
        return self.make(name)

    def __iter__(self) -> Iterator[DatasetItem]:
        """The items, without those that are dropped; `counts` says which these are. Raises `DatasetError`."""
        return (found for _, found in self._walk() if isinstance(found, DatasetItem))

    @cached_property
    def counts(self) -> Counts:
        """How many entries are kept, and why the others are not. Makes every item once, without its pictures."""
        kept, dropped = 0, {}
        for name, found in self._walk():
            if isinstance(found, DatasetItem):
                kept += 1
            else:
                dropped[name] = found
        return Counts(kept, dropped)

    def _walk(self) -> Iterator[tuple[str, DatasetItem | str]]:
        for name in self.ids:
            try:
                yield name, self.make(name)
            except LeftOutError as reason:
                yield name, str(reason)
            except HitmarkError as error:
                if self.broken == "error":
                    raise
                yield name, str(error)


def listed(names: list[str]) -> str:
    """Names for a message, the first eight of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def safe(text: object) -> str:
    """The text with all that does not belong in a file name replaced by "-"."""
    return re.sub(r"[^\w.-]+", "-", str(text), flags=re.ASCII).strip("-.") or "unnamed"


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key by which "9" comes before "10"."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", text)
    return [(0, int(digits), digits) if digits else (1, 0, letters) for digits, letters in parts]
