"""Where the subjects of clips were wanted, beside where they were seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hitmark.report.boxes import Boxes, Several
from hitmark.report.clip_record import Clip

if TYPE_CHECKING:
    from hitmark.scene.tracks import Track


def with_wanted(clips: Sequence[Clip], plan: Callable[[Clip], list[Track] | None]) -> tuple[list[Clip], int]:
    """The clips, wanted boxes filled in by `plan` where the record has none; and for how many that was done."""
    made: list[Clip] = []
    known: dict[tuple[tuple[str, str], int], Several | None] = {}
    for clip in clips:
        key = (clip.scene, clip.shape[0])
        if clip.wanted is not None or not clip.seen:
            made.append(clip)
            continue
        if key not in known:
            known[key] = _of_tracks(plan(clip))
        made.append(replace(clip, wanted=known[key]))
    before = sum(clip.wanted is not None for clip in clips)
    return made, sum(clip.wanted is not None for clip in made) - before


def matched(clip: Clip, observer: str) -> list[tuple[Boxes, Boxes]]:
    """Wanted and seen boxes of every subject; nothing where either is not known, or not for the same subjects."""
    wanted, seen = clip.wanted or (), clip.seen.get(observer, ())
    return list(zip(wanted, seen, strict=True)) if len(wanted) == len(seen) else []


def _of_tracks(tracks: list[Track] | None) -> Several | None:
    if tracks is None:
        return None
    subjects = [track for track in tracks if track.kind == "subject"]
    return tuple(Boxes(np.asarray(track.boxes, float), np.asarray(track.visible, bool)) for track in subjects)
