"""ObjMC as published: the reading of DragAnything's released code (Wu et al. 2024).

SG-I2V (Namekata et al. 2024) seems to follow it: its own evaluation was never released.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

PUBLISHED_FRAMES = 14
"""Length of the clips of DragAnything and SG-I2V, which are those of Stable Video Diffusion."""


@dataclass(frozen=True)
class PublishedControlError:
    """ObjMC over all clips, as published. Smaller is better."""

    pixels: float
    """Mean distance in pixels of whatever grid the tracks are given in."""
    distances: int
    """Number of distances that the mean is over."""
    points: int
    clips: int
    shortest: int
    """Fewest frames that counted of a clip."""
    longest: int


def published_control_error(
    clips: Iterable[tuple[np.ndarray, np.ndarray]], frames: int | None = PUBLISHED_FRAMES
) -> PublishedControlError:
    """ObjMC as DragAnything's `utils/Eval_ObjMC/ObjMC.py` computes it: one mean over all points, frames and clips.

    Unlike `object_motion_control_error`: frame 1 counts, though it is given to the model; a clip counts by its number
    of points and frames; no visibility, so that a point counts where it is hidden or has left the picture; nothing is
    divided by the picture's size, so that figures of two resolutions (256x256 in DragAnything) do not compare. Tracks
    of unequal length are cut to the shorter one. Clips of which either file is missing do not count: leave them out.
    The script itself does not cut at 14 frames: the clips of its protocol have that many.

    `clips`: for each clip wanted and found points, float (points, frames, 2), in pixels of one grid.
    `frames`: first frames that count; None: all.

    Raises HitmarkError for other shapes, numbers not finite (of which the script would make a mean that is NaN), no
    clip, fewer than one frame.
    """
    distances = [_published_distances(wanted, found, frames) for wanted, found in clips]
    if not distances:
        raise HitmarkError("control error: there is no clip; give at least one")
    return PublishedControlError(
        pixels=float(np.concatenate([each.ravel() for each in distances]).mean()),
        distances=sum(each.size for each in distances),
        points=sum(len(each) for each in distances),
        clips=len(distances),
        shortest=min(each.shape[1] for each in distances),
        longest=max(each.shape[1] for each in distances),
    )


def _published_distances(wanted: np.ndarray, found: np.ndarray, frames: int | None) -> np.ndarray:
    """(points, frames that count), in pixels."""
    wanted, found = np.asarray(wanted, dtype=np.float64), np.asarray(found, dtype=np.float64)
    shapes = wanted.shape, found.shape
    if any(len(shape) != 3 or shape[2] != 2 for shape in shapes) or len(wanted) != len(found):
        raise HitmarkError(
            f"wanted and found must be (points, frames, 2) with as many points, got {shapes[0]} and {shapes[1]}"
        )
    count = min(wanted.shape[1], found.shape[1], wanted.shape[1] if frames is None else frames)
    if count < 1 or not len(wanted):
        raise HitmarkError(f"a clip needs at least one point and one frame, got {len(wanted)} and {count}")
    distance = np.linalg.norm(wanted[:, :count] - found[:, :count], axis=2)
    if not np.isfinite(distance).all():
        raise HitmarkError("wanted and found must be finite; got NaN or infinity: leave the point out of both")
    return distance
