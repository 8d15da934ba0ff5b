"""How many frames a model makes of the number asked for: rounded down, as diffusers does, with a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard


def fitting_frames(frames: int, card: ModelCard) -> int:
    """The most frames that the model can make of those asked for: a multiple of its unit, and one more.

    Raises:
        HitmarkError: fewer than the shortest video.
    """
    unit = card.frame_unit
    if unit == 1:
        return frames
    least = card.least_frames
    if frames < least:
        few = f", {least} at least" if least > unit + 1 else ""
        raise HitmarkError(
            f"frames: {card.name} makes {unit} times a whole number and one more{few}, got {frames}; use {least} or "
            "more"
        )
    return (frames - 1) // unit * unit + 1


def frames_note(asked: int, made: int, card: ModelCard) -> list[str]:
    """What is said where the number of frames was rounded down."""
    if asked == made:
        return []
    unit = card.frame_unit
    return [
        f"frames: {card.name} makes {unit} times a whole number and one more; {asked} was rounded down to {made} "
        f"(the next number up is {made + unit})"
    ]
