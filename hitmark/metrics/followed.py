"""How well one subject followed its path, as far as an observer can say: what is known, and how sure it is.

What was not found has no distance. The observer's best guess is told apart from it: of blurred clips an observer that
makes no false finds is seldom sure, and its guess is then what tells control from no control.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hitmark.metrics.tracks import Missing, object_motion_control_error


@dataclass(frozen=True)
class Followed:
    """Figures of one subject in one clip; None where there is no number."""

    found_share: float | None
    """Share of the wanted frames 2..F in which the observer is sure; None when none is wanted."""
    pixels: float | None
    """Mean distance of wanted and found center over those frames, in pixels; None when it was found in none."""
    guess: float | None
    """Mean distance of wanted center and the observer's best guess, sure or not, over all wanted frames 2..F."""
    last: float | None
    """Distance of the best guess in the last wanted frame."""


def followed(
    boxes: np.ndarray, visible: np.ndarray, centers: np.ndarray, found: np.ndarray, size: tuple[int, int]
) -> Followed:
    """Compare where a subject was wanted with where an observer sees it.

    Args:
        boxes: (frames, 4), wanted boxes, normalized xyxy.
        visible: bool (frames,), whether it is wanted.
        centers: (frames, 2), best guesses in pixels.
        found: bool (frames,), whether the observer is sure.
        size: width and height of the clip in pixels.

    Raises:
        HitmarkError: shapes that do not fit, or centers that are not finite.
    """
    wanted = (boxes[:, :2] + boxes[:, 2:]) / 2 * np.array(size)
    ways: tuple[Missing, Missing] = ("skip", "guess")
    sure, guess = (
        object_motion_control_error(wanted, centers, size, visible=visible, present=found, missing=way) for way in ways
    )
    return Followed(_number(sure.found_share), _number(sure.pixels), _number(guess.pixels), _number(guess.last))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
