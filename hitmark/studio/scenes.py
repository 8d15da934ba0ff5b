"""Scenes from the page: checked as scene files are, and evaluated for the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.run.memory_fit import check_frames
from hitmark.run.plan_remarks import LATE, far_beyond, late
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate
from hitmark.studio.cards import MOST_SPEED, card_of, frames_of, grid
from hitmark.studio.folder import Folder, picture_id
from hitmark.studio.refusals import RefusedError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.scene.tracks import Track

SOURCE = "scene"
MOST_BOXES = 500_000  # tracks x frames that are sent: about 20 MB


def scene_of(fields: dict[str, Any]) -> Scene:
    """Return the scene of a request. Raises `HitmarkError` for anything wrong, also for a picture by another path."""
    scene = Scene.from_dict(fields, SOURCE)
    picture_id(scene.image)
    return scene


def with_picture(folder: Folder, scene: Scene) -> Scene:
    """Return the same scene. Raises `RefusedError` when its picture is not among those that were loaded."""
    identity = picture_id(scene.image)
    if identity is not None and not folder.picture(identity).is_file():
        raise RefusedError(422, f"image: there is no picture {identity}; load the picture again")
    return scene


def card_for_scene(scene: Scene) -> ModelCard:
    """The card of the model that the scene means: its own, else the default for a picture or for text."""
    from hitmark.run.model_choice import card_for

    return card_for(scene) if scene.model is None else card_of(scene.model).starting(scene.image is not None)


def checked(fields: dict[str, Any], frames: int | None) -> dict[str, Any]:
    """The answer to `POST /api/check`: the scene with its boxes and warnings, or what is wrong with it."""
    try:
        scene = scene_of(fields)
        card = card_for_scene(scene)
        tracks = evaluate_bounded(scene, frames or scene.frames or frames_of(card))
    except HitmarkError as error:
        return {"ok": False, "problems": problems(str(error))}
    return {
        "ok": True,
        "scene": scene.to_dict(),
        "tracks": [shown(track) for track in tracks],
        "warnings": warnings(scene, tracks, card),
    }


def evaluate_bounded(scene: Scene, frames: int) -> list[Track]:
    """The tracks of a scene. Raises `HitmarkError` for more boxes than a page could show."""
    count = len(scene.subjects) + len(scene.anchors) + 10
    if count * frames > MOST_BOXES:
        raise HitmarkError(f"frames: expected at most {MOST_BOXES:,} boxes, got {count} tracks x {frames}; use fewer")
    return evaluate(scene, frames)


def problems(message: str) -> list[str]:
    """One sentence for each problem of a message about a scene."""
    first, *rest = message.removeprefix(f"{SOURCE}: ").split("\n")
    several = bool(rest) and first.endswith("problems")
    return [line.strip() for line in rest if line.strip()] if several else [message.removeprefix(f"{SOURCE}: ")]


def shown(track: Track) -> dict[str, Any]:
    """A track as JSON."""
    return {
        "name": track.name,
        "kind": track.kind,
        "boxes": np.round(track.boxes, 6).tolist(),
        "visible": track.visible.tolist(),
    }


def warnings(scene: Scene, tracks: list[Track], card: ModelCard) -> list[dict[str, Any]]:
    """What is allowed but probably not meant: `subject` (None: of the whole scene) and `text`."""
    width, height = scene.width or card.width, scene.height or card.height
    found = []
    for track in tracks:
        if track.kind == "subject":
            texts = [_too_fast(track, width, height, card), _too_small(track, width, height, card)]
            found += [{"subject": track.name, "text": text} for text in texts if text]
    found += [{"subject": None, "text": text} for text in _of_the_whole(scene, card, width, height) if text]
    found += [{"subject": name, "text": LATE} for name in late(tracks, card)]
    if scene.image is not None and not card.takes_picture:
        text = f"{card.name} makes videos from text alone; the picture is not used"
        found.append({"subject": None, "text": text})
    if card.world == "sprites":
        from hitmark.sprites.vocabulary import notes_on_words

        found += [{"subject": None, "text": text} for text in notes_on_words(scene.prompt, card)]
    return found


def _of_the_whole(scene: Scene, card: ModelCard, width: int, height: int) -> list[str | None]:
    own = frames_of(card)
    frames = scene.frames or own
    try:
        check_frames((frames, height, width))
    except HitmarkError as error:
        return [str(error)]
    return [far_beyond((frames, height, width), (own, card.height, card.width))]


def _too_fast(track: Track, width: int, height: int, card: ModelCard) -> str | None:
    most = MOST_SPEED.get(card.name)
    centers = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2 * [1.0, height / width]
    both = track.visible[1:] & track.visible[:-1]
    speed = np.linalg.norm(np.diff(centers, axis=0), axis=1)[both]
    if most is None or not len(speed) or speed.max() <= most + 1e-9:
        return None
    return (
        f"moves {speed.max():.1%} of the width in one frame; {card.name} was tried on up to {most:.1%}: "
        "shorten the path, or give it more frames"
    )


def _too_small(track: Track, width: int, height: int, card: ModelCard) -> str | None:
    _unit, cell = grid(card.name)
    sides = (track.boxes[:, 2:] - track.boxes[:, :2])[track.visible] * [width, height]
    if sides.min() >= cell:
        return None
    least = " x ".join(f"{side:.0f}" for side in sides[sides.min(axis=1).argmin()])
    return f"is {least} px at its smallest, less than one latent cell of {card.name} ({cell} px): make it larger"
