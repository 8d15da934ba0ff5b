"""Boxes of one job: where its subjects were wanted, and where each observer saw them, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hitmark.report.clip_record import Clip
    from hitmark.scene.tracks import Track

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


def with_wanted(clips: Sequence[Clip], plan: Callable[[Clip], list[Track] | None]) -> tuple[list[Clip], int]:
    """The clips, wanted boxes filled in by `plan` where the record has none; and for how many that was done."""
    made: list[Clip] = []
    known: dict[tuple[tuple[str, str], int], Several | None] = {}
    for clip in clips:
        key = (clip.scene, clip.shape[0])
        if clip.wanted is not None or not clip.seen:
            made.append(clip)
            continue
        if key not in known:
            known[key] = _of_tracks(plan(clip))
        made.append(replace(clip, wanted=known[key]))
    before = sum(clip.wanted is not None for clip in clips)
    return made, sum(clip.wanted is not None for clip in made) - before


def matched(clip: Clip, observer: str) -> list[tuple[Boxes, Boxes]]:
    """Wanted and seen boxes of every subject; nothing where either is not known, or not for the same subjects."""
    wanted, seen = clip.wanted or (), clip.seen.get(observer, ())
    return list(zip(wanted, seen, strict=True)) if len(wanted) == len(seen) else []


def in_pixels(seen: np.ndarray, width: int, height: int) -> np.ndarray:
    """Seen boxes in pixels; edges that were whole pixels before records rounded them are whole again."""
    sides = np.array([width, height, width, height], dtype=float)
    pixels = seen * sides
    whole = pixels.round()
    return np.where(np.abs(pixels - whole) <= 0.51 * 10.0**-DIGITS * sides, whole, pixels)


def _of_tracks(tracks: list[Track] | None) -> Several | None:
    if tracks is None:
        return None
    subjects = [track for track in tracks if track.kind == "subject"]
    return tuple(Boxes(np.asarray(track.boxes, float), np.asarray(track.visible, bool)) for track in subjects)


def _read(boxes: Any, flags: Any, frames: int) -> Boxes:
    made = Boxes(np.array(boxes, dtype=float), np.array(flags, dtype=bool))
    if made.boxes.shape != (frames, 4) or made.flags.shape != (frames,):
        raise ValueError(f"expected boxes of {frames} frames, got {made.boxes.shape} and {made.flags.shape}")
    return made
