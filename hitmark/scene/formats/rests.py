"""Where a box rests for a frame: the published code of TrailBlazer begins each segment but the first a frame late."""

from __future__ import annotations

from collections.abc import Sequence

from hitmark.scene.formats.paths import on_frames
from hitmark.scene.schema import Subject


def rests_after(keys: Sequence[int]) -> list[int]:
    """Numbers of the keyframes after which the published code holds the box for one more frame."""
    return [place for place in range(1, len(keys) - 1) if keys[place + 1] - keys[place] > 1]


def without_rests(subject: Subject, frames: int) -> Subject:
    """The subject without the keyframes that only hold the one before for a frame, which the published code does."""
    if not on_frames(subject, frames):
        return subject
    keyframes = list(subject.keyframes)
    at = [round(keyframe.time * (frames - 1)) for keyframe in keyframes]
    kept = [
        keyframe
        for place, keyframe in enumerate(keyframes)
        if not (
            2 <= place < len(keyframes) - 1
            and at[place] == at[place - 1] + 1
            and keyframe.box == keyframes[place - 1].box
        )
    ]
    return subject.model_copy(update={"keyframes": kept})
