"""Pictures and masks of video frames on disk: which frames there are, and their pixels, read when they are needed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from hitmark.datasets.base import DatasetError, listed
from hitmark.media.images import ImageError, as_rgb, shown_size

Fit = Literal["stretch", "crop"]
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Shape:
    """How pictures are brought to one size.

    Attributes:
        width, height: pixels.
        fit: "stretch" scales both sides, which may change the aspect ratio; "crop" first cuts the largest middle part
            of that ratio.
    """

    width: int
    height: int
    fit: Fit = "stretch"

    def __post_init__(self) -> None:
        if not (1 <= self.width <= 16_384 and 1 <= self.height <= 16_384):
            raise DatasetError(f"size: expected 1 to 16384 pixels a side, got {self.width} x {self.height}")
        if self.fit not in ("stretch", "crop"):
            raise DatasetError(f'fit: expected "stretch" or "crop", got {self.fit!r}; choose one of them')

    def region(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The part of a picture of that size which is kept: left, top, right, bottom in whole pixels."""
        if self.fit == "stretch":
            return 0, 0, width, height
        wide = min(width, max(1, round(height * self.width / self.height)))
        high = min(height, max(1, round(width * self.height / self.width)))
        left, top = (width - wide) // 2, (height - high) // 2
        return left, top, left + wide, top + high


def frame_files(folder: Path, extensions: Sequence[str]) -> dict[str, Path]:
    """The frames in a folder by their name without extension, in the order of their numbers.

    Raises:
        DatasetError: no such folder; a frame twice; a name that is no number.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: expected this folder of frames, found none; unpack the dataset once more")
    found: dict[str, Path] = {}
    for path in folder.iterdir():
        if path.suffix.lower() not in extensions or path.name.startswith("."):
            continue
        if not (path.stem.isascii() and path.stem.isdigit()):
            raise DatasetError(f"{path}: expected frames named by their numbers, as 00000{path.suffix}; move it away")
        if path.stem in found:
            raise DatasetError(f"{folder}: frame {path.stem} is there twice, with two extensions; remove one")
        found[path.stem] = path
    return dict(sorted(found.items(), key=lambda each: (int(each[0]), each[0])))


def check_pairs(pictures: dict[str, Path], masks: dict[str, Path], picture_folder: Path, mask_folder: Path) -> None:
    """See that every picture has its mask, and the other way round.

    Raises:
        DatasetError: names the frames and the folder in which they are missing.
    """
    if not pictures:
        raise DatasetError(f"{picture_folder}: expected frames ({', '.join(PICTURES)}), got none; unpack it once more")
    for have, other, folder in ((pictures, masks, mask_folder), (masks, pictures, picture_folder)):
        missing = [name for name in have if name not in other]
        if missing:
            raise DatasetError(
                f"{folder}: {len(missing)} of {len(have)} frames are missing: {listed(missing)}; the download or the "
                "unpacking stopped early, do it again"
            )


def gaps(names: Sequence[str]) -> list[int]:
    """Numbers that are missing between frames counted in the smallest step that occurs: 1, 2, 4 lack 3."""
    numbers = [int(name) for name in names]
    steps = np.diff(numbers)
    if not len(steps):
        return []
    step = max(1, int(steps.min()))
    held = set(numbers)
    return [number for number in range(numbers[0], numbers[-1], step) if number not in held]


def read_mask(path: Path) -> np.ndarray:
    """The numbers of a mask, int32 (height, width): palette indices, gray levels of 8 or 16 bits, or 0 and 1.

    Raises:
        DatasetError: damaged, or in colors, which do not tell the objects' numbers.
    """
    try:
        with Image.open(path) as picture:
            picture.load()
            values = np.asarray(picture).astype(np.int32)
    except _DAMAGED as error:
        raise _damaged(path, "mask", error) from None
    if values.ndim == 3:
        gray = values[..., :1]
        if values.shape[2] < 3 or (values[..., :3] != gray).any():
            raise DatasetError(
                f"{path}: expected a mask of object numbers (palette or gray PNG), got colors; take the original masks"
            )
        values = gray[..., 0]
    return values


def read_picture(path: Path, shape: Shape | None = None) -> np.ndarray:
    """A picture as uint8 (height, width, 3), brought to a shape where one is given. Raises `DatasetError`: damaged."""
    try:
        with Image.open(path) as picture:
            picture.load()
            color = as_rgb(picture).image
    except _DAMAGED as error:
        raise _damaged(path, "picture", error) from None
    if shape is not None:
        region = shape.region(*color.size)
        color = color.resize((shape.width, shape.height), Image.Resampling.LANCZOS, box=region)
    return np.asarray(color)


def read_pictures(paths: Sequence[Path], shape: Shape | None = None) -> np.ndarray:
    """Pictures of one size as uint8 (frames, height, width, 3). Raises `DatasetError`: damaged; another size."""
    frames = [read_picture(path, shape) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if frame.shape != frames[0].shape:
            raise _other_size(path, frame.shape[1::-1], paths[0], frames[0].shape[1::-1])
    return np.stack(frames)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the header. Raises `DatasetError`: damaged."""
    try:
        return shown_size(path)
    except (ImageError, *_DAMAGED) as error:
        raise _damaged(path, "picture", error) from None


def check_size(path: Path, mask: np.ndarray, picture: Path, size: tuple[int, int]) -> None:
    """See that a mask is as large as its picture. Raises `DatasetError`."""
    if mask.shape[1::-1] != size:
        raise _other_size(path, (mask.shape[1], mask.shape[0]), picture, size)


def _other_size(path: Path, size: tuple[int, ...], first: Path, wanted: tuple[int, ...]) -> DatasetError:
    return DatasetError(
        f"{path}: expected {wanted[0]} x {wanted[1]} pixels, the size of {first.name} in {first.parent}, got "
        f"{size[0]} x {size[1]}; take pictures and masks from the same download"
    )


def _damaged(path: Path, kind: str, error: BaseException) -> DatasetError:
    if not path.is_file():
        return DatasetError(f"{path}: expected a {kind}, found no such file; unpack the dataset once more")
    return DatasetError(f"{path}: the {kind} is damaged ({error}); download or unpack it again")
