"""Clips whose objects are known by masks: boxes, points and the scene that asks for the same motion.

A box is the smallest that holds all pixels of a mask: for pixels x0..x1 of a picture of width W it reaches from x0 / W
to (x1 + 1) / W. A point is the mean of the pixels' middles. Frames without a pixel of an object have NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hitmark.datasets.base import DatasetError, DatasetItem, LeftOutError, Truth
from hitmark.datasets.pictures import Shape, check_size, picture_size, read_mask, read_picture, read_pictures
from hitmark.scene.formats.paths import keyed_subject_fields
from hitmark.scene.schema import Scene

Objects = Callable[[np.ndarray], dict[int, str]]
"""From all numbers that occur in a clip's masks to those that are objects, and their names."""


@dataclass(frozen=True)
class Choice:
    """Which frames and objects of a clip are taken.

    Attributes:
        frames: the first so many; None: all. A shorter clip is left out.
        stride: of the frames, every so many-th.
        shape: size and cut of pictures, masks and boxes; None: as on disk.
        least_area: least share (0..1) of the first frame that an object covers; a smaller one is left out.
        most_objects: the largest in the first frame; None: all.
    """

    frames: int | None = None
    stride: int = 1
    shape: Shape | None = None
    least_area: float = 0.0
    most_objects: int | None = None

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 2:
            raise DatasetError(f"frames: expected at least 2, got {self.frames}; a path has a first and a last frame")
        if self.stride < 1 or (self.most_objects is not None and self.most_objects < 1):
            raise DatasetError(
                f"stride and most_objects: expected 1 or more, got {self.stride} and {self.most_objects}; correct them"
            )
        if not 0 <= self.least_area < 1:
            raise DatasetError(f"least_area: expected a share of the picture, 0 up to 1, got {self.least_area}")

    def of(self, names: Sequence[str]) -> list[str]:
        """The frames taken. Raises `LeftOutError`: too few."""
        taken = list(names)[:: self.stride][: self.frames]
        least = self.frames or 2
        if len(taken) < least:
            raise LeftOutError(f"{len(taken)} frames at every {self.stride}, and {least} are needed")
        return taken


@dataclass(frozen=True)
class MaskedClip:
    """Files of one clip, a mask for every picture, in order."""

    id: str
    pictures: tuple[Path, ...]
    masks: tuple[Path, ...]
    together: bool = False
    """All numbers but 0 count as one object, number 1."""

    @classmethod
    def of(
        cls, name: str, pictures: dict[str, Path], masks: dict[str, Path], taken: Sequence[str], together: bool = False
    ) -> MaskedClip:
        """The frames `taken` of all pictures and masks by their names."""
        return cls(name, tuple(pictures[each] for each in taken), tuple(masks[each] for each in taken), together)

    def mask(self, frame: int, size: tuple[int, int]) -> np.ndarray:
        """Numbers of a frame, int32 (height, width). Raises `DatasetError`: damaged; not of width and height `size`."""
        values = read_mask(self.masks[frame])
        check_size(self.masks[frame], values, self.pictures[0], size)
        return (values > 0).astype(np.int32) if self.together else values


def masked_item(
    clip: MaskedClip, objects: Objects, choice: Choice, prompt: str = "", notes: tuple[str, ...] = ()
) -> DatasetItem:
    """The item of a clip: reads its masks once, and none of its pictures.

    Raises:
        DatasetError: a damaged mask, or one of another size than its picture.
        LeftOutError: no object is left.
    """
    size = picture_size(clip.pictures[0])
    region = (0, 0, *size) if choice.shape is None else choice.shape.region(*size)
    found = _measure(clip, region, size)
    names = objects(np.array(sorted(found), dtype=np.int64))
    kept, dropped = _chosen(found, names, choice, (region[2] - region[0]) * (region[3] - region[1]))
    if not kept:
        raise LeftOutError("no object is left: " + ("; ".join(dropped) or "the masks show none"))
    boxes = np.stack([found[number].boxes for number in kept])
    points = np.stack([found[number].points for number in kept])
    titles = tuple(names[number] for number in kept)
    truth = Truth(titles, boxes, points, np.isfinite(boxes[..., 0]), lambda: _masks(clip, kept, choice.shape, size))
    scene = _scene(clip, truth, prompt, choice.shape)
    return DatasetItem(
        clip.id,
        scene,
        truth,
        None if scene.image is None else clip.pictures[0].parent,
        (*notes, *dropped, *_gap_notes(truth)),
        lambda: read_picture(clip.pictures[0], choice.shape),
        lambda: read_pictures(clip.pictures, choice.shape),
    )


@dataclass
class _Path:
    """Of one number: boxes (frames, 4), points (frames, 2), and pixels in every frame."""

    boxes: np.ndarray
    points: np.ndarray
    pixels: np.ndarray


def _measure(clip: MaskedClip, region: tuple[int, int, int, int], size: tuple[int, int]) -> dict[int, _Path]:
    """Boxes and points of every number but 0, within the region and in fractions of it."""
    found: dict[int, _Path] = {}
    left, top, right, bottom = region
    scale = np.array([right - left, bottom - top], dtype=np.float64)
    count = len(clip.masks)
    for frame in range(count):
        mask = clip.mask(frame, size)[top:bottom, left:right]
        for number in np.unique(mask[mask > 0]).tolist():
            rows, columns = np.nonzero(mask == number)
            empty = _Path(np.full((count, 4), np.nan), np.full((count, 2), np.nan), np.zeros(count, dtype=np.int64))
            track = found.setdefault(number, empty)
            corners = [[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]]
            track.boxes[frame] = (np.array(corners) / scale).ravel()
            track.points[frame] = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) / scale
            track.pixels[frame] = len(rows)
    return found


def _chosen(found: dict[int, _Path], names: dict[int, str], choice: Choice, pixels: int) -> tuple[list[int], list[str]]:
    """Numbers kept, in their order, and a sentence for each object left out."""
    kept, dropped = [], []
    for number, name in names.items():
        share = found[number].pixels[0] / pixels
        if share == 0:
            dropped.append(f"{name} left out: it is not in the first frame")
        elif share < choice.least_area:
            dropped.append(f"{name} left out: it covers {share:.4f} of the first frame, {choice.least_area} is asked")
        else:
            kept.append(number)
    largest = sorted(kept, key=lambda number: -found[number].pixels[0])[: choice.most_objects]
    dropped += [f"{names[number]} left out: {len(largest)} are larger" for number in kept if number not in largest]
    return [number for number in kept if number in largest], dropped


def _scene(clip: MaskedClip, truth: Truth, prompt: str, shape: Shape | None) -> Scene:
    """A subject for each object, a keyframe for each frame with a box."""
    frames = truth.boxes.shape[1]
    subjects = []
    for name, boxes, seen in zip(truth.names, truth.boxes, truth.visible, strict=True):
        keys = np.flatnonzero(seen)
        until = float(keys[-1]) / (frames - 1)
        where = f"{clip.masks[0].parent}: {name}"
        subjects.append(
            keyed_subject_fields(name, keys.tolist(), frames, boxes[keys], where, phrase=None, visible=(0.0, until))
        )
    image = clip.pictures[0].name if shape is None else None
    width, height = picture_size(clip.pictures[0]) if shape is None else (shape.width, shape.height)
    fields = {"image": image, "prompt": prompt, "width": width, "height": height, "frames": frames}
    return Scene.from_dict(fields | {"subjects": subjects}, source=clip.id)


def _gap_notes(truth: Truth) -> list[str]:
    notes = []
    for name, seen in zip(truth.names, truth.visible, strict=True):
        last = int(np.flatnonzero(seen)[-1])
        hidden = int((~seen[:last]).sum())
        if hidden:
            notes.append(f"{name}: {hidden} frames without a mask; the scene's path is interpolated over them")
        if last < len(seen) - 1:
            notes.append(f"{name}: not seen after frame {last + 1} of {len(seen)}; the scene's subject ends there")
    return notes


def _masks(clip: MaskedClip, numbers: list[int], shape: Shape | None, size: tuple[int, int]) -> np.ndarray:
    """Bool (objects, frames, height, width); brought to a shape by the nearest pixel."""
    frames = []
    for frame in range(len(clip.masks)):
        mask = clip.mask(frame, size)
        if shape is not None:
            left, top, right, bottom = shape.region(*size)
            rows = top + ((np.arange(shape.height) + 0.5) * (bottom - top) / shape.height).astype(int)
            columns = left + ((np.arange(shape.width) + 0.5) * (right - left) / shape.width).astype(int)
            mask = mask[np.ix_(rows, columns)]
        frames.append(np.stack([mask == number for number in numbers]))
    return np.stack(frames, axis=1)
