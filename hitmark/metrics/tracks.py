"""ObjMC: how far the objects of a generated clip are from where they were wanted.

ObjMC was introduced by MotionCtrl (Wang et al. 2023) and is what SG-I2V (Namekata et al. 2024) reports: the mean
Euclidean distance between the wanted center and the center found in the generated clip. Published figures cannot be
compared unless tracker, picture size and number of frames are the same, so every result here carries its width. The
reading of a published evaluation is in `hitmark.metrics.published_tracks`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.running import RunningMean

Missing = Literal["last", "skip", "guess"]


@dataclass(frozen=True)
class ControlError:
    """ObjMC of one object in one clip. Smaller is better; 0 means that it followed its path exactly."""

    pixels: float
    """Mean distance in pixels of a picture `width` pixels wide; NaN when no frame counts."""
    fraction: float
    """The same as a fraction of the picture's diagonal; does not depend on `width`."""
    last: float
    """Distance in the last frame that counts, in the same pixels."""
    found_share: float
    """Share of the wanted frames 2..F in which the object was found, 0..1; NaN when none is wanted."""
    frames: int
    """Number of frames that the mean is over."""
    width: float
    """The width that `pixels` and `last` are stated for."""


def object_motion_control_error(
    wanted: np.ndarray,
    found: np.ndarray,
    size: tuple[int, int],
    *,
    visible: np.ndarray | None = None,
    present: np.ndarray | None = None,
    missing: Missing = "last",
    width: float | None = None,
) -> ControlError:
    """ObjMC: mean over frames 2..F of the distance between the wanted and the found center.

    Frame 1 is given to the model and does not count. Frames in which the object is not wanted (`visible` False:
    not yet entered, or left) never count.

    `wanted`, `found`: float (F, 2), centers x, y in pixels of the generated picture; F >= 2.
    `size`: (width, height) of that picture in pixels.
    `visible`: bool (F,), where the object is wanted; None: everywhere.
    `present`: bool (F,), where the observer found the object (`Detections.found`); None: everywhere.
    `missing`: what a wanted frame counts in which the object was not found.
        "last": the distance from the place where it was last found (before it was ever found: its wanted place in
        the first frame where it is wanted): an object that vanishes counts as one that stopped there.
        The figure to report where the observer is seldom unsure.
        "skip": the frame is left out. Always give `found_share` beside it.
        "guess": the observer's best guess, whatever it thinks of it. For clips whose drawings are blurred, in which an
        observer that is strict enough to make no false finds is seldom sure: there "last" measures mostly how far the
        wanted places are from the first one. A wrong guess is a large error, so guessing cannot flatter.
    `width`: width in pixels that the result is stated for (the distances are multiplied by width / size[0]);
        None: the picture's own.

    Raises HitmarkError for wrong shapes, non-finite wanted centers in counted frames or found centers in frames where
    the object is present, a size that is not positive, an unknown `missing`.
    """
    wanted, found = _centers("wanted", wanted), _centers("found", found)
    frames = len(wanted)
    if frames < 2 or len(found) != frames:
        raise HitmarkError(f"wanted and found must cover the same >= 2 frames, got {frames} and {len(found)}")
    visible, present = _flags("visible", visible, frames), _flags("present", present, frames)
    if missing not in ("last", "skip", "guess"):
        raise HitmarkError(f"missing must be 'last', 'skip' or 'guess', got {missing!r}")
    if not (size[0] > 0 and size[1] > 0) or (width is not None and not width > 0):
        raise HitmarkError(f"size and width must be positive, got size={size} and width={width}")
    needed = visible if missing == "guess" else present
    if not np.isfinite(wanted[visible]).all() or not np.isfinite(found[needed]).all():
        raise HitmarkError("wanted (where visible) and found (where present) must be finite; got NaN or infinity")
    asked = visible.copy()
    asked[0] = False
    counted = asked & present if missing == "skip" else asked
    places = found if missing == "guess" else _carried_on(found, present, wanted[visible.argmax()])
    distance = np.linalg.norm(places - wanted, axis=1)[counted]
    stated = float(size[0] if width is None else width)
    scale = stated / size[0]
    mean = float(distance.mean()) if len(distance) else float("nan")
    return ControlError(
        pixels=mean * scale,
        fraction=mean / float(np.hypot(*size)),
        last=float(distance[-1]) * scale if len(distance) else float("nan"),
        found_share=float(present[asked].mean()) if asked.any() else float("nan"),
        frames=int(counted.sum()),
        width=stated,
    )


@dataclass(frozen=True)
class ControlErrorSummary:
    """ObjMC over many objects and clips; every object counts the same whatever the length of its clip."""

    mean: float
    """Mean of `ControlError.pixels`, in pixels of `width`."""
    median: float
    fraction: float
    """Mean of `ControlError.fraction`, in diagonals."""
    last: float
    """Mean distance in the last frame."""
    found_share: float
    """Mean share of frames in which the object was found."""
    found_in_half: float
    """Share of the objects that were found in at least half of their frames."""
    count: int
    """Objects that the means are over."""
    without_figure: int
    """Objects left out since no frame counts; `found_share` and `found_in_half` include them where they were wanted."""
    width: float


class ControlErrorAverages:
    """Control errors gathered object by object: their sums, and for the median a number of eight bytes each."""

    def __init__(self) -> None:
        self._width: float | None = None
        self._pixels = array("d")
        self._fraction, self._last, self._found, self._found_in_half = (RunningMean() for _ in range(4))
        self._without_figure = 0

    def add(self, error: ControlError) -> ControlErrorAverages:
        """Add one object. Raises HitmarkError when it is stated for another width than those before."""
        if self._width not in (None, error.width):
            raise HitmarkError(
                f"control errors must be stated for one width, got {error.width} after {self._width}; pass the same "
                "width= to object_motion_control_error"
            )
        self._width = error.width
        if np.isfinite(error.found_share):
            self._found.add(error.found_share)
            self._found_in_half.add(float(error.found_share >= 0.5))
        if not np.isfinite(error.pixels):
            self._without_figure += 1
            return self
        self._pixels.append(error.pixels)
        self._fraction.add(error.fraction)
        self._last.add(error.last)
        return self

    def summary(self) -> ControlErrorSummary:
        """Mean and median over the objects so far. Raises HitmarkError when there are none."""
        if self._width is None:
            raise HitmarkError("control errors: there is no object to average; add at least one")
        return ControlErrorSummary(
            mean=float(np.mean(self._pixels)) if self._pixels else float("nan"),
            median=float(np.median(self._pixels)) if self._pixels else float("nan"),
            fraction=self._fraction.mean,
            last=self._last.mean,
            found_share=self._found.mean,
            found_in_half=self._found_in_half.mean,
            count=len(self._pixels),
            without_figure=self._without_figure,
            width=self._width,
        )


def summarize_control_errors(errors: Iterable[ControlError]) -> ControlErrorSummary:
    """Mean and median over objects. Raises HitmarkError when there are none or they are stated for different widths."""
    averages = ControlErrorAverages()
    for error in errors:
        averages.add(error)
    return averages.summary()


def _carried_on(found: np.ndarray, present: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The found centers with gaps filled by the last one before, at first by `start`."""
    places = np.empty_like(found)
    last = start
    for frame in range(len(found)):
        last = found[frame] if present[frame] else last
        places[frame] = last
    return places


def _centers(field: str, value: np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise HitmarkError(f"{field} must be centers (frames, 2) in pixels, got shape {array.shape}")
    return array


def _flags(field: str, value: np.ndarray | None, frames: int) -> np.ndarray:
    if value is None:
        return np.ones(frames, dtype=bool)
    array = np.asarray(value)
    if array.shape != (frames,) or array.dtype != bool:
        raise HitmarkError(f"{field} must be bool ({frames},), got {array.dtype} {array.shape}")
    return array
