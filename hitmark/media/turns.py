"""How a player turns the frames of a clip: the display matrix in its header, which phones write."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Turn:
    """How a player turns the stored frames: a part of the display matrix, (x, y) -> (a x + c y, b x + d y)."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0

    @classmethod
    def of(cls, frame: Any) -> Turn:
        """Of a frame of PyAV; no turn where its header says nothing of use."""
        from av.sidedata.sidedata import Type

        data = frame.side_data.get(Type.DISPLAYMATRIX)
        if data is None or len(bytes(data)) < 20:
            return cls()
        a, b, _, c, d = (value / 65_536 for value in struct.unpack("<5i", bytes(data)[:20]))
        return cls(a, b, c, d) if abs(a * d - b * c) > 1e-6 else cls()

    @property
    def swapped(self) -> bool:
        """Whether width and height are exchanged."""
        return abs(self.b) + abs(self.c) > abs(self.a) + abs(self.d)

    def upright(self, picture: np.ndarray) -> np.ndarray:
        """A frame (height, width, 3) as it is shown, turned by the nearest quarter and mirrored."""
        across, down = (self.c, self.b) if self.swapped else (self.a, self.d)
        turned = picture.swapaxes(0, 1) if self.swapped else picture
        turned = turned[::-1] if down < 0 else turned
        return turned[:, ::-1] if across < 0 else turned

    @property
    def note(self) -> str:
        """A sentence where the frames are not shown as stored."""
        if not self.swapped and self.a > 0 and self.d > 0:
            return ""
        mirrored = self.a * self.d - self.b * self.c < 0
        skewed = min(abs(self.b) + abs(self.c), abs(self.a) + abs(self.d)) > 1e-3
        near = ", to the nearest quarter of a turn" if skewed else ""
        return f"the clip's frames were {'mirrored and ' if mirrored else ''}turned as its header says{near}"
