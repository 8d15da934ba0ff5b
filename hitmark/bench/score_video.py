"""A clip made by any tool, scored against a scene. Nothing is resampled: the boxes are evaluated for the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hitmark.bench.clip_scores import Figure, FinishedClip
from hitmark.bench.scoring import observers_for, score
from hitmark.errors import HitmarkError
from hitmark.media.clips import Clip, read_clip
from hitmark.run.model_choice import draws_sprites
from hitmark.scene import formats
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

Policy = Literal["exact", "stretch", "first"]
LEAST_ASPECT = 0.02
"""Relative difference of the sides' ratio above which a note is made."""


@dataclass(frozen=True)
class ScoredVideo:
    """What was measured.

    Attributes:
        shape: frames that were scored, height, width.
        subjects: names, in the order of the figures' lists.
        figures: by observer and name.
        notes: what was decided, as sentences.
    """

    shape: tuple[int, int, int]
    subjects: list[str]
    figures: dict[str, dict[str, Figure]]
    notes: list[str] = field(default_factory=list)


def score_video(
    video: Path,
    scene_path: str,
    *,
    observers: Sequence[str] = ("auto",),
    policy: Policy = "exact",
    image: Path | None = None,
    fps: float | None = None,
    reading: dict[str, Any] | None = None,
) -> ScoredVideo:
    """Scores a clip against a scene in any format that `hitmark convert` reads.

    Args:
        video: any format of `read_video`, or a folder of frames.
        scene_path: file or folder.
        observers: names of `scorers.SCORERS`; "auto" = what fits the scene.
        policy: of frames. "exact": the clip has as many as the scene says (any number where it says none). "stretch":
            the paths are spread over the clip's own number of frames. "first": the clip's first frames, as many as
            the scene says.
        image: the first picture; None = the scene's own, and none where it names none.
        fps: frames a second of a folder of frames.
        reading: options of the scene's format, as `hitmark.scene.formats.read` takes them.

    Raises:
        HitmarkError: a clip, scene or picture that cannot be read, a number of frames that does not fit, an observer
            that is not known or cannot look at this scene.
    """
    clip = read_clip(video, fps)
    scene = formats.read(scene_path, **(reading or {}))
    frames, notes = _fitted(clip.frames, scene, policy, video)
    notes = [*clip.notes, *notes]
    moments = _moments(clip, len(frames))
    tracks = tuple(track for track in evaluate(scene, len(frames), moments) if track.kind == "subject")
    picture, told = _picture(scene, image, formats.base_folder(scene_path), frames.shape[1:3])
    notes += told
    if picture is None:
        notes.append("no first picture is given; what is measured against it is left out")
    notes += _about_aspect(scene, frames)
    names = list(observers)
    if "auto" in names:
        sprites = scene.model is not None and draws_sprites(scene.model)
        found = observers_for(picture is not None, [str(track.phrase or "") for track in tracks], sprite_world=sprites)
        names = list(dict.fromkeys([*(name for name in names if name != "auto"), *found]))
    scores = score(FinishedClip(frames, tracks, picture, scene.prompt), names)
    notes += [note for each in scores.values() for note in each.notes]
    if picture is None and "template" in scores:
        notes.append("template follows what frame 1 of the clip itself shows in each box")
    count, height, width, _ = frames.shape
    figures = {name: each.figures for name, each in scores.items()}
    return ScoredVideo((count, height, width), [track.name for track in tracks], figures, notes)


def _fitted(frames: np.ndarray, scene: Scene, policy: Policy, video: Path) -> tuple[np.ndarray, list[str]]:
    """The frames to score, with a note where they are not all, or not as many as the scene says."""
    wanted, given = scene.frames, len(frames)
    if given < 2:
        raise HitmarkError(f"{video}: expected at least 2 frames, got {given}; a path needs a first and a last frame.")
    if wanted is None or wanted == given:
        return frames, []
    if policy == "stretch":
        return frames, [f"the scene is for {wanted} frames; its paths are spread over the clip's {given}"]
    if policy == "first" and given > wanted:
        return frames[:wanted], [f"the first {wanted} of {given} frames are scored"]
    others = "stretch (spread the paths over the clip)" + (" or first (leave the others out)" if given > wanted else "")
    raise HitmarkError(
        f"{video}: expected {wanted} frames as the scene says, got {given}; give the right clip, or --frames {others}."
    )


def _moments(clip: Clip, frames: int) -> np.ndarray | None:
    """The moments of the frames that are scored, the last of them at 1; None where they are evenly spaced."""
    return None if clip.times is None else clip.times[:frames] / clip.times[frames - 1]


def _picture(
    scene: Scene, image: Path | None, folder: Path, size: tuple[int, ...]
) -> tuple[np.ndarray | None, list[str]]:
    """The first picture at the clip's size, uint8 (height, width, 3), brought to its shape as `scene.fit` says."""
    from hitmark.run.first_picture import load_first_picture
    from hitmark.run.framing import frame_picture

    if image is None and scene.image is None:
        return None, []
    height, width = size
    loaded = load_first_picture(scene, image, folder)
    framed = frame_picture(scene, loaded.image, (width, height))
    return np.asarray(framed.picture.resize((width, height))), [*loaded.notes, *framed.notes]


def _about_aspect(scene: Scene, frames: np.ndarray) -> list[str]:
    if scene.width is None or scene.height is None:
        return []
    height, width = frames.shape[1:3]
    if abs(scene.width / scene.height / (width / height) - 1) <= LEAST_ASPECT:
        return []
    return [
        f"the scene is for {scene.width}x{scene.height} and the clip is {width}x{height}: boxes are stretched with it"
    ]
