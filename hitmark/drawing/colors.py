"""Colors of what a plan shows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hitmark.drawing.canvas import Color
from hitmark.scene.tracks import Track

PALETTE: tuple[Color, ...] = (  # of subjects, in this order; told apart with color-blind eyes too
    (255, 84, 48),
    (64, 190, 255),
    (255, 221, 51),
    (222, 110, 255),
    (90, 220, 120),
    (255, 105, 140),
    (154, 165, 255),
    (0, 194, 178),
    (224, 163, 102),
    (195, 224, 90),
)
STILL: Color = (225, 225, 225)  # anchors
CAMERA: Color = (120, 235, 225)


def track_colors(tracks: Sequence[Track]) -> dict[str, Color]:
    """Return the color of each track by name: subjects take turns, anchors are light gray, camera boxes turquoise."""
    turns = itertools.cycle(PALETTE)
    fixed = {"anchor": STILL, "camera": CAMERA}
    return {track.name: fixed[track.kind] if track.kind in fixed else next(turns) for track in tracks}
