"""What is told of where the subjects went, by an observer that is not told the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hitmark.observers.positions import find_positions

if TYPE_CHECKING:
    from hitmark.draw import Found
    from hitmark.generate import Result

__all__ = ["find_positions", "sentences"]


def sentences(result: Result, found: Found) -> list[str]:
    """One line for each followed subject: how far it was from its path."""
    from hitmark.metrics.tracks import object_motion_control_error

    height, width = result.frames.shape[1:3]
    lines = []
    for track in result.tracks:
        if track.name not in found:
            continue
        wanted = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2 * np.array([width, height])
        error = object_motion_control_error(
            wanted,
            np.nan_to_num(found[track.name]),
            (width, height),
            visible=track.visible,
            present=np.asarray(np.isfinite(found[track.name]).all(axis=1)),
        )
        share = f"found in {error.found_share:.0%} of the frames"
        lines.append(f"{track.name}: {error.pixels:.1f} px from its path on average (of {width} px width), {share}")
    return lines
