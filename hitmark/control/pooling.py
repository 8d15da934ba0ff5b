"""Frames of the video to latent frames: which of them one latent frame stands for, and where its box is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Literal

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.scene.tracks import Track

Pooling = Literal["first", "last", "mid", "any"]
"""Which of the frames that one latent frame stands for its box is of; "any": a cell belongs to a subject that covers
it in any of them."""
POOLINGS: tuple[Pooling, ...] = ("first", "last", "mid", "any")


def frame_groups(
    latent_frames: int, stride: int, *, causal: bool, padded: int = 0, chunk: int = 0
) -> tuple[range, ...]:
    """The frames of the video that each latent frame stands for.

    Args:
        latent_frames: number of them.
        stride: frames of the video per latent frame.
        causal: the first latent frame is the first frame alone, as in causal video autoencoders.
        padded: latent frames in front that are thrown away before decoding; they count as the first frame.
        chunk: latent frames of a part that the autoencoder takes by itself, whose first is one frame alone; 0: all.
    """
    count = latent_frames - padded
    lengths = [1 if causal and n % (chunk or count) == 0 else stride for n in range(count)]
    ends = accumulate(lengths)
    groups = [range(end - length, end) for end, length in zip(ends, lengths, strict=True)]
    return tuple([range(0, 1)] * padded + groups)


def pooled(track: Track, groups: Sequence[range], pooling: Pooling) -> Track:
    """A track with one box for each group of its frames.

    "first", "last" and "mid" take the box and the visibility of that frame of the group. "any" takes the smallest box
    around those that are visible in the group, and counts as visible where any is.
    """
    if pooling == "any":
        boxes, visible = zip(*(_hull(track, group) for group in groups), strict=True)
        return replace(track, boxes=np.stack(boxes), visible=np.array(visible))
    place = {"first": 0, "last": -1}.get(pooling)
    frames = [group[len(group) // 2 if place is None else place] for group in groups]
    return replace(track, boxes=track.boxes[frames], visible=track.visible[frames])


def check_pooling(pooling: str, allowed: Sequence[str]) -> None:
    """Raise HitmarkError for a name that is none of the ways."""
    if pooling not in allowed:
        raise HitmarkError(f"pooling must be one of {', '.join(allowed)}, but got {pooling!r}.")


def _hull(track: Track, group: range) -> tuple[np.ndarray, bool]:
    chosen = slice(group.start, group.stop)
    boxes, visible = track.boxes[chosen], track.visible[chosen]
    used = boxes[visible] if visible.any() else boxes
    return np.concatenate([used[:, :2].min(axis=0), used[:, 2:].max(axis=0)]), bool(visible.any())
