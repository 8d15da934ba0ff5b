"""What a crude reference is: frames and a mask, of one size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hitmark.errors import HitmarkError


class CrudeVideoError(HitmarkError):
    """A crude reference cannot be drawn, read or written; the message names what is wrong and the fix."""


@dataclass(frozen=True, eq=False)
class MotionSignal:
    """A crude video of what is wanted, and where it is meant.

    Attributes:
        frames: uint8 (frames, height, width, 3), RGB.
        mask: bool (frames, height, width): True where the video shows what is wanted, False where it is a mere filling.
        notes: sentences on what had to be decided.

    Raises:
        CrudeVideoError: another type, or shapes that do not belong together.
    """

    frames: np.ndarray
    mask: np.ndarray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[-1] != 3 or self.frames.dtype != np.uint8 or not self.frames.size:
            raise CrudeVideoError(
                "reference: expected frames as uint8 (frames, height, width, 3), got "
                f"{self.frames.dtype} {self.frames.shape}; read a video with hitmark.media.video.read_video"
            )
        if self.mask.dtype != bool or self.mask.shape != self.frames.shape[:3]:
            raise CrudeVideoError(
                f"mask: expected bool {self.frames.shape[:3]}, one value for each pixel of the reference, got "
                f"{self.mask.dtype} {self.mask.shape}; compare with 127 where it is a gray video"
            )

    def first(self, frames: int) -> MotionSignal:
        """The first so many frames; what was left out is noted.

        Raises:
            CrudeVideoError: it has fewer.
        """
        count = len(self.frames)
        if count < frames:
            raise CrudeVideoError(
                f"reference: expected at least {frames} frames, as many as the clip has, got {count}; make the clip "
                f"shorter (--frames {count}), or the reference longer"
            )
        if count == frames:
            return self
        note = f"the reference has {count} frames and the clip {frames}; the first {frames} are used"
        return replace(self, frames=self.frames[:frames], mask=self.mask[:frames], notes=(*self.notes, note))
