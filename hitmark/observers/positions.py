"""Where the subjects of a finished clip went, by the observer that fits the clip; none is told the paths.

`sprites` looks for a drawing by its name. It knows the embedded world only, so that it is asked about clips of a model
of that world alone. `template` follows what a clip's first frame shows in a subject's box, whatever that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.drawing.pictures import Found
    from hitmark.observers.detections import Detections
    from hitmark.run.result import Result
    from hitmark.scene.tracks import Track

Observer = Literal["sprites", "template"]


@dataclass(frozen=True, eq=False)
class Sighting:
    """One subject through all frames.

    Attributes:
        observer: which one looked.
        centers: float64 (frames, 2), x and y in pixels of the frames; where `found` is False a best guess.
        found: bool (frames,), whether the observer is sure.
    """

    observer: Observer
    centers: np.ndarray
    found: np.ndarray


@dataclass(frozen=True)
class Look:
    """What could be said of a clip: sightings, and for the other subjects why there is none; both by name."""

    sightings: dict[str, Sighting] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def sure(self) -> Found:
        """The centers to be drawn: NaN where the observer is not sure."""
        return {name: np.where(each.found[:, None], each.centers, np.nan) for name, each in self.sightings.items()}


def look_for(frames: np.ndarray, tracks: Sequence[Track], *, from_picture: bool, sprite_world: bool) -> Look:
    """Look for every subject, with the observer that fits.

    Args:
        frames: uint8 (frames, height, width, 3).
        tracks: for these frames.
        from_picture: whether the clip starts from a given picture, which shows the subjects in their boxes.
        sprite_world: whether a model of the embedded world made the clip.
    """
    from hitmark.observers.sprites import find_sprite, sprite_of

    sightings: dict[str, Sighting] = {}
    reasons: dict[str, str] = {}
    for track in tracks:
        if track.kind != "subject":
            continue
        named = sprite_of(str(track.phrase or "")) if sprite_world and not from_picture else None
        if named is not None and _shares_words(track, tracks):
            reasons[track.name] = "another subject has the same words, and the observer cannot tell them apart"
            continue
        try:
            if named is None:
                sightings[track.name] = _sighting("template", follow(frames, track))
            else:
                sightings[track.name] = _sighting("sprites", find_sprite(frames, *named))
        except HitmarkError as error:
            reasons[track.name] = str(error)
    return Look(sightings, reasons)


def _shares_words(track: Track, tracks: Sequence[Track]) -> bool:
    words = (track.phrase or "").strip().lower()
    return sum(other.kind == "subject" and (other.phrase or "").strip().lower() == words for other in tracks) > 1


def look(result: Result) -> Look:
    """Look for the subjects of a result; nothing that goes wrong with it is worth a clip, so that it never raises."""
    from hitmark.run.model_choice import draws_sprites

    try:
        return look_for(
            result.frames,
            result.tracks,
            from_picture=result.picture is not None,
            sprite_world=draws_sprites(str(result.scene.model)),
        )
    except Exception as error:  # of a library, or a mistake of ours
        reason = f"the observer failed ({type(error).__name__}: {error}); the clip itself does not need it"
        return Look(reasons={track.name: reason for track in result.tracks if track.kind == "subject"})


def follow(frames: np.ndarray, track: Track) -> Detections:
    """Follow what frame 1 shows in a subject's box. Raises HitmarkError with the reason where that is nothing."""
    from hitmark.observers.template import track_template

    if not track.visible[0]:
        raise HitmarkError("it enters after frame 1, so that there is no picture of it to follow")
    return track_template(frames, track.boxes[0].tolist())


def _sighting(observer: Observer, seen: Detections) -> Sighting:
    return Sighting(observer, seen.centers, seen.found)
