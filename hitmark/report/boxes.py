"""Boxes of one job: where its subjects were wanted, and where each observer saw them, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DIGITS = 5
"""After the point, to which records round what was seen."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """One subject in one clip.

    Attributes:
        boxes: float64 (frames, 4), x0, y0, x1, y1 in fractions of the picture.
        flags: bool (frames,): of wanted boxes whether the subject is wanted, of seen ones whether the find is sure.
    """

    boxes: np.ndarray
    flags: np.ndarray


Several = tuple[Boxes, ...]
"""One for each subject, in the order of the figures' lists."""


def wanted_of(result: dict[str, Any], frames: int) -> Several | None:
    """Wanted boxes of a record; None for a record of a version that did not keep them. Raises ValueError."""
    given = result.get("wanted")
    return None if given is None else tuple(_read(each["boxes"], each["visible"], frames) for each in given)


def seen_of(result: dict[str, Any], frames: int) -> dict[str, Several]:
    """Seen boxes of a record by observer; empty where none looks for boxes. Raises ValueError."""
    given = result.get("seen") or {}
    return {name: tuple(_read(each["boxes"], each["found"], frames) for each in some) for name, some in given.items()}


def in_pixels(seen: np.ndarray, width: int, height: int) -> np.ndarray:
    """Seen boxes in pixels; edges that were whole pixels before records rounded them are whole again."""
    sides = np.array([width, height, width, height], dtype=float)
    pixels = seen * sides
    whole = pixels.round()
    return np.where(np.abs(pixels - whole) <= 0.51 * 10.0**-DIGITS * sides, whole, pixels)


def _read(boxes: Any, flags: Any, frames: int) -> Boxes:
    made = Boxes(np.array(boxes, dtype=float), np.array(flags, dtype=bool))
    if made.boxes.shape != (frames, 4) or made.flags.shape != (frames,):
        raise ValueError(f"expected boxes of {frames} frames, got {made.boxes.shape} and {made.flags.shape}")
    return made
