"""What the page must know before anything is drawn: the models with their methods, formats, easings, limits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from hitmark.backbones.catalog import MODELS, ModelCard, model_card
from hitmark.backbones.folders import usual_grid
from hitmark.errors import HitmarkError
from hitmark.run.model_choice import configured_frames, configured_grid, model_folder
from hitmark.scene.parts import Easing
from hitmark.scene.storage import LARGEST_FILE
from hitmark.studio.folder import Folder
from hitmark.studio.jobs import MOST_WAITING
from hitmark.studio.pictures import LARGEST_FILE as LARGEST_PICTURE
from hitmark.studio.pictures import MOST_PIXELS

if TYPE_CHECKING:
    from hitmark.control import Control

MOST_SPEED = {"sprites-i2v": 0.13, "sprites-t2v": 0.09}
"""Model -> share of the width a frame that the fastest scene of its demo asks for, rounded up to hundredths."""
DRAWN_WORLD = (
    "Small, and knows a drawn world only: shapes of one color on patterns. Photographs and other words become such "
    "shapes; use it to try the controls."
)
LABELS = {
    "project": "scene with its picture (zip)",
    "hitmark": "hitmark scene",
    "sg-i2v": "SG-I2V folder (zip)",
    "peekaboo": "Peekaboo boxes",
    "freetraj": "FreeTraj boxes",
    "trailblazer": "TrailBlazer",
    "wan-move": "Wan-Move tracks",
    "comfy-coordinates": "ComfyUI coordinates",
    "comfy-tracks": "ComfyUI tracks",
}


def information(folder: Folder) -> dict[str, Any]:
    """The answer to `GET /api/info`."""
    from hitmark.run.record import hitmark_version

    return {
        "version": hitmark_version(),
        "folder": str(folder.root),
        "models": [model(name) for name in MODELS],
        "easings": list(get_args(Easing)),
        "formats": formats(),
        "limits": {
            "picture_bytes": LARGEST_PICTURE,
            "picture_pixels": MOST_PIXELS,
            "scene_bytes": LARGEST_FILE,
            "jobs": MOST_WAITING,
        },
    }


def formats() -> list[dict[str, Any]]:
    """Every format of scenes, and whether it can be read and written."""
    from hitmark.scene.formats import FORMATS
    from hitmark.studio.exchange import PROJECT

    whole = {"name": PROJECT, "label": LABELS[PROJECT], "suffix": ".zip", "reads": True, "writes": True}
    others = [
        {
            "name": name,
            "label": LABELS.get(name, each.description),
            "suffix": each.extensions[0] if each.extensions else ".zip",
            "reads": True,
            "writes": each.writer is not None,
        }
        for name, each in FORMATS.items()
    ]
    own = [each for each in others if each["name"] == "hitmark"]
    return [*own, whole, *(each for each in others if each["name"] != "hitmark")]


def card_of(name: str) -> ModelCard:
    """The card of a model of the list. Raises `HitmarkError` for another one: paths are not taken from a browser."""
    if name not in MODELS:
        raise HitmarkError(f"model: expected one of {', '.join(MODELS)}, got {name!r:.80}; choose one of the list")
    try:
        return model_card(name)
    except HitmarkError:
        return MODELS[name]  # embedded, but its weights are missing: still something to draw for


def model(name: str) -> dict[str, Any]:
    """One model as the page shows it; in "pictured" as it is for a scene with a picture, where that differs."""
    card = card_of(name)
    pictured = None if card.pictured is None else _as_shown(card.starting(picture=True), None)
    return _as_shown(card, pictured)


def _as_shown(card: ModelCard, pictured: dict[str, Any] | None) -> dict[str, Any]:
    name = card.name
    unit, cell = grid(name)
    missing = why_missing(name)
    return {
        "name": name,
        "task": card.task,
        "installed": missing is None,
        "why": missing,
        "license": card.license,
        "about": DRAWN_WORLD if card.embedded else None,
        "width": card.width,
        "height": card.height,
        "fps": card.fps,
        "frames": frames_of(card),
        "steps": card.steps,
        "size_unit": unit,
        "frame_unit": card.frame_unit,
        "least_frames": card.least_frames,
        "cell": cell,
        "call": card.call,
        "takes_picture": card.takes_picture,
        "reads_prompt": card.reads_prompt,
        "best_method": card.best_method,
        "most_speed": MOST_SPEED.get(name),
        "methods": _methods(name, card.takes_picture),
        "pictured": pictured,
    }


def frames_of(card: ModelCard) -> int:
    """The number of frames that a model makes unless told otherwise."""
    try:
        return card.frames or configured_frames(card, None)
    except HitmarkError:
        return 8


def why_missing(name: str) -> str | None:
    """Why a model cannot be used on this machine now, and how to get it; None when it can."""
    try:
        card = model_card(name)
    except HitmarkError as error:
        return str(error)
    if card.embedded:
        return None
    folder = model_folder(card)
    denoiser = card.family.denoisers[0]
    if folder is not None and any(folder.glob(f"{denoiser}/*.safetensors")):
        return None
    return f"Not on this machine yet: run `hf download {card.hub_id}`. License: {card.license}."


@lru_cache(maxsize=32)
def grid(name: str) -> tuple[int, int]:
    """Return what both sides must be multiples of, and the side of a latent cell, in pixels.

    From the model's configuration where it is on this machine, as its adapter reads it, else as published.
    """
    card = card_of(name)
    return configured_grid(card) or usual_grid(card)


@lru_cache(maxsize=32)
def _methods(name: str, picture: bool) -> list[dict[str, Any]]:
    """The methods that fit a model's task, with the knobs as they were found for it."""
    from hitmark.methods import METHODS, build, help_on, resolved
    from hitmark.run.presets import preset_knobs
    from hitmark.studio.knobs import knobs_of

    card = card_of(name).starting(picture)
    return [
        {
            "name": method,
            "help": help_on(method),
            "needs_subjects": any(control.needs.something_drawn for control in METHODS[method]),
            "needs": _needs(build(method, preset_knobs(card, method, {})), card),
            "knobs": knobs_of(method, resolved(method, preset_knobs(card, method, {}))),
        }
        for method in METHODS
        if _fits(method, card)
    ]


def _needs(controls: Sequence[Control], card: ModelCard) -> str | None:
    """The least that a scene must have: a "box" of any kind, a "subject", one with "words" of the prompt, or None."""
    needs = [control.needs for control in controls]
    if card.family.abilities.reads_words and any(each.subjects and each.phrases for each in needs):
        return "words"
    if any(each.subjects for each in needs):
        return "subject"
    return "box" if any(each.boxes for each in needs) else None


def _fits(method: str, card: ModelCard) -> bool:
    """Whether a method with the settings found for a model can act on its family."""
    from hitmark.method_fit import check_family
    from hitmark.methods import build
    from hitmark.run.presets import preset_knobs

    try:
        check_family(build(method, preset_knobs(card, method, {})), card)
    except HitmarkError:
        return False
    return True
