"""Where the subjects of a finished clip went, by the observer that can follow them; it is not told the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.draw import Found
    from hitmark.generate import Result


def find_positions(result: Result) -> Found:
    """Return the centre of each subject that can be followed.

    In a clip that starts from a picture, by what the first frame shows in its box, left out where the box is too small
    for that. In a clip made from text, by the drawing where the phrase names a sprite ("red car"), else not at all.

    Returns:
        Subject name -> float64 (frames, 2), pixels of the frames; NaN where it was not found.
    """
    from hitmark.observers.sprites import find_sprite, sprite_of
    from hitmark.observers.template import track_template

    found = {}
    for track in result.tracks:
        if track.kind != "subject":
            continue
        if result.picture is None:
            named = sprite_of(str(track.phrase or ""))
            if named is None:
                continue
            seen = find_sprite(result.frames, *named)
        elif track.visible[0]:
            try:
                seen = track_template(result.frames, track.boxes[0].tolist())
            except HitmarkError:  # a box of a few pixels, or half outside: nothing to recognise it by
                continue
        else:
            continue
        found[track.name] = np.where(seen.found[:, None], seen.centres, np.nan)
    return found
