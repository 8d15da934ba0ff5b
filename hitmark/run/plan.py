"""The plan of a clip: everything that is decided before a model is loaded."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hitmark.errors import GenerationError, HitmarkWarning
from hitmark.methods import build
from hitmark.run.call_arguments import call_arguments, steps_of
from hitmark.run.frame_rule import fitting_frames, frames_note
from hitmark.run.model_choice import card_for, configured_frames
from hitmark.run.plan_remarks import LATE, from_end_to_end, late, remarks_on
from hitmark.run.presets import describe, preset_knobs
from hitmark.scene.schema import MethodChoice, Scene
from hitmark.scene.tracks import Track, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control

MOST_STEPS = 1000


@dataclass(frozen=True)
class Plan:
    """Everything decided before a model is loaded.

    Attributes:
        scene: with size, frames, model and method filled in.
        card: of the model.
        model: its name or path, as `load_pipeline` takes it.
        width, height: of the clip, in pixels.
        frames: of the clip.
        steps: of denoising.
        call: the remaining arguments of the pipeline's call.
        controls: of the method.
        tracks: what is wanted, for these frames.
        notes: sentences on what is allowed but probably not meant.
        vae_tiling: whether the autoencoder works in tiles.
    """

    scene: Scene
    card: ModelCard
    model: str
    width: int
    height: int
    frames: int
    steps: int
    call: dict[str, Any]
    controls: list[Control]
    tracks: list[Track]
    notes: tuple[str, ...] = ()
    vae_tiling: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height and width of the clip."""
        return self.frames, self.height, self.width

    @property
    def method(self) -> str:
        """One sentence: which method with which settings."""
        choice = self.scene.method
        return describe(self.card, choice.name, choice.preset, choice.knobs)

    def warn(self, stacklevel: int = 2) -> None:
        """Give every note as a `HitmarkWarning`; `stacklevel` as of `warnings.warn`, 2 being who calls this."""
        for note in self.notes:
            warnings.warn(note, HitmarkWarning, stacklevel=stacklevel + 1)


def plan(
    scene: Scene,
    *,
    steps: int | None = None,
    call: dict[str, Any] | None = None,
    pipe: Any = None,
    picture: bool = False,
    vae_tiling: bool = False,
) -> Plan:
    """Fill in the model's defaults and check all that can be checked without the model's weights.

    Args:
        scene: fields left None take the model's defaults.
        steps: of denoising; None = the model's default.
        call: further arguments of the pipeline's call.
        pipe: a loaded pipeline that stands for the model when the scene names none.
        picture: whether a first picture is given beside the scene.
        vae_tiling: whether the autoencoder is to work in tiles.

    Raises:
        HitmarkError: unknown model, method or knob, a value out of range, boxes that no frame shows.
    """
    check_is_scene(scene)
    card = card_for(scene, pipe, picture=picture)
    if not card.takes_picture and not scene.prompt.strip():
        both = "" if card.pictured is None else ", or start from a picture (`image`, --image)"
        raise GenerationError(
            f"prompt: {card.name} makes videos from text, and the scene has none; add `prompt`, or give --prompt{both}"
        )
    method = scene.method.name
    if method == "auto":
        method = card.best_method if scene.subjects or scene.camera or card.takes_picture else "none"
    knobs = preset_knobs(card, method, scene.method.knobs, scene.method.preset)
    controls = build(method, knobs)
    asked = scene.frames or card.frames or configured_frames(card, pipe)
    frames = fitting_frames(asked, card)
    arguments = call_arguments(card, call or {})
    steps = steps_of(card, arguments, steps)
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= MOST_STEPS:
        raise GenerationError(
            f"steps: expected a whole number from 1 to {MOST_STEPS}, got {steps!r}; {card.name} "
            f"is made for {card.steps}"
        )
    width, height = scene.width or card.width, scene.height or card.height
    choice = MethodChoice(name=method, preset=scene.method.preset, knobs=knobs)
    whole = scene.replace(model=card.name, width=width, height=height, frames=frames, method=choice)
    tracks = evaluate(whole, frames)
    return Plan(
        scene=whole,
        card=card,
        model=card.name,
        width=width,
        height=height,
        frames=frames,
        steps=steps,
        call=arguments,
        controls=controls,
        tracks=tracks,
        notes=(
            *frames_note(asked, frames, card),
            *remarks_on(whole, card, (frames, height, width)),
            *from_end_to_end(controls, steps),
            *(f"{name!r} {LATE}" for name in late(tracks, card) if _by_its_look(controls)),
        ),
        vae_tiling=vae_tiling,
    )


def _by_its_look(controls: Sequence[Control]) -> bool:
    """Whether what is moved is what the first frame shows; a crude video says otherwise what moves."""
    return bool(controls) and not any(control.needs.reference for control in controls)


def check_is_scene(scene: Any) -> None:
    """Raise `GenerationError` for anything else than a Scene, such as the path of one."""
    if not isinstance(scene, Scene):
        raise GenerationError(
            f"scene: expected a Scene, such as Scene.load('scene.json'), got {type(scene).__name__}: {scene!r:.80}"
        )
