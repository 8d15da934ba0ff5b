"""Everything about a clip that is decided and checked before the long computation."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.errors import HitmarkError
from hitmark.media.images import WHITE, Color, ImageError, LoadedImage, as_rgb, load_image
from hitmark.method_fit import check_method
from hitmark.methods import build
from hitmark.run.frame_rule import fitting_frames, frames_note
from hitmark.run.framing import frame_picture
from hitmark.run.memory_fit import check_memory
from hitmark.run.model_choice import DEFAULT_MODEL, card_for, configured_frames, configured_grid
from hitmark.run.plan_remarks import remarks_on
from hitmark.run.presets import describe, preset_knobs
from hitmark.scene.schema import MethodChoice, Scene
from hitmark.scene.tracks import Track, evaluate

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control

MOST_STEPS = 1000
CALL_RANGES = {
    "decode_chunk_size": (1, 10_000),
    "fps": (1, 1000),
    "motion_bucket_id": (0, 1023),
    "noise_aug_strength": (0, 100),
}
"""Of arguments of a pipeline's call; others may be anything within a million."""


class GenerationError(HitmarkError):
    """A clip cannot be made from these inputs or on this machine; the message has the fix."""


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

    @property
    def method(self) -> str:
        """One sentence: which method with which settings."""
        choice = self.scene.method
        return describe(self.card, choice.name, choice.preset, choice.knobs)


def plan(
    scene: Scene,
    *,
    steps: int | None = None,
    call: dict[str, Any] | None = None,
    pipe: Any = None,
    picture: bool = False,
) -> Plan:
    """Fill in the model's defaults and check all that can be checked without the model's weights.

    Args:
        scene: fields left None take the model's defaults.
        steps: of denoising; None = the model's default.
        call: further arguments of the pipeline's call.
        pipe: a loaded pipeline that stands for the model when the scene names none.
        picture: whether a first picture is given beside the scene.

    Raises:
        HitmarkError: unknown model, method or knob, a value out of range, boxes that no frame shows.
    """
    check_is_scene(scene)
    card = card_for(scene, pipe, picture=picture)
    if not card.takes_picture and not scene.prompt.strip():
        raise GenerationError(
            f"prompt: {card.name} makes videos from text, and the scene has none; add `prompt`, or give --prompt"
        )
    method = scene.method.name
    if method == "auto":
        method = card.best_method if scene.subjects or scene.camera or card.takes_picture else "none"
    knobs = preset_knobs(card, method, scene.method.knobs, scene.method.preset)
    controls = build(method, knobs)
    asked = scene.frames or card.frames or configured_frames(card, pipe)
    frames = fitting_frames(asked, card)
    steps = card.steps if steps is None else steps
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= MOST_STEPS:
        raise GenerationError(
            f"steps: expected a whole number from 1 to {MOST_STEPS}, got {steps!r}; {card.name} "
            f"is made for {card.steps}"
        )
    width, height = scene.width or card.width, scene.height or card.height
    choice = MethodChoice(name=method, preset=scene.method.preset, knobs=knobs)
    whole = scene.replace(model=card.name, width=width, height=height, frames=frames, method=choice)
    return Plan(
        scene=whole,
        card=card,
        model=card.name,
        width=width,
        height=height,
        frames=frames,
        steps=steps,
        call=_call_arguments(card, call or {}),
        controls=controls,
        tracks=evaluate(whole, frames),
        notes=(*frames_note(asked, frames, card), *remarks_on(whole, card)),
    )


def prepare(
    scene: Scene,
    image: Image.Image | None = None,
    folder: Path | str = ".",
    *,
    steps: int | None = None,
    call: dict[str, Any] | None = None,
    pipe: Any = None,
    background: Color = WHITE,
) -> tuple[Plan, Image.Image | None]:
    """As `plan`, with the first picture read and brought to the clip's shape; None for a model that takes none.

    Args:
        scene: as for `plan`.
        image: the first picture; None: the scene's own, relative to `folder`.
        folder: that the scene's picture is relative to.
        steps: as for `plan`.
        call: as for `plan`.
        pipe: as for `plan`.
        background: what transparent parts of the picture are laid on.

    Raises:
        HitmarkError: as `plan`; a picture for a model that takes none, or one that cannot be read.
    """
    planned = plan(scene, steps=steps, call=call, pipe=pipe, picture=image is not None)
    if planned.card.takes_picture:
        return with_picture(planned, load_first_picture(planned.scene, image, folder, background))
    if image is not None:
        refuse_picture(planned.card)
    return planned, None


def with_picture(planned: Plan, picture: LoadedImage) -> tuple[Plan, Image.Image]:
    """Bring the first picture to the shape of the clip, as `scene.fit` says; the boxes are carried along.

    Raises:
        SceneError: cutting would leave a subject outside the picture.
    """
    scene = planned.scene
    framed = frame_picture(scene, picture.image, (planned.width, planned.height))
    notes = (*planned.notes, *picture.notes, *framed.notes)
    tracks = planned.tracks if framed.scene is scene else evaluate(framed.scene, planned.frames)
    return replace(planned, scene=framed.scene, tracks=tracks, notes=notes), framed.picture


def refuse_picture(card: ModelCard) -> None:
    """Raise `GenerationError` where a first picture was given to a model that makes clips from text alone."""
    if not card.takes_picture:
        raise GenerationError(
            f"image: {card.name} makes clips from text and takes no first picture; leave the picture out, or choose a "
            f"model that starts from one, such as {DEFAULT_MODEL}"
        )


def check_is_scene(scene: Any) -> None:
    """Raise `GenerationError` for anything else than a Scene, such as the path of one."""
    if not isinstance(scene, Scene):
        raise GenerationError(
            f"scene: expected a Scene, such as Scene.load('scene.json'), got {type(scene).__name__}: {scene!r:.80}"
        )


def first_picture(scene: Scene, image: Image.Image | None, folder: Path | str) -> Image.Image:
    """As `load_first_picture`, without its notes."""
    return load_first_picture(scene, image, folder).image


def load_first_picture(
    scene: Scene, image: Image.Image | None, folder: Path | str, background: Color = WHITE
) -> LoadedImage:
    """Return the first picture as RGB, turned as its camera says, and what had to be decided.

    Args:
        scene: names the picture where none is given.
        image: a picture of any mode.
        folder: that the scene's picture is relative to.
        background: what transparent parts are laid on.

    Raises:
        GenerationError: there is none, or it is missing or no picture.
    """
    if image is not None:
        return as_rgb(image, background)
    path = scene.image_path(folder)
    if path is None:
        raise GenerationError("image: the scene names no first picture; add `image` to it, or give --image PATH")
    return load_picture(path, background)


def open_picture(path: Path) -> Image.Image:
    """Load a picture file as RGB. Raises `GenerationError` when it is missing, no picture, or damaged."""
    return load_picture(path).image


def load_picture(path: Path, background: Color = WHITE) -> LoadedImage:
    """As `open_picture`, with notes on what had to be decided; `background` is what transparent parts are laid on."""
    try:
        return load_image(path, background)
    except ImageError as error:
        raise GenerationError(f"image: {error}") from error


def check_size(scene: Scene, pipe: Any) -> None:
    """Raise `GenerationError` with the nearest sizes that fit unless the model can make this width and height."""
    check_sides(scene, size_unit(pipe), "this model")


def check_sides(scene: Scene, unit: int, model: str) -> None:
    """Raise `GenerationError` with the nearest sizes unless width and height are multiples of `unit`; names `model`."""
    for name in ("width", "height"):
        value = getattr(scene, name)
        if value % unit or value < unit:
            below, above = value // unit * unit, (value // unit + 1) * unit
            near = f"{below} or {above}" if below else f"{above}"
            raise GenerationError(f"{name}: {model} makes multiples of {unit} px, got {value}; use {near}")


def check_fit(planned: Plan, device: str = "auto") -> None:
    """Raise HitmarkError for a size that the model cannot make, a method that cannot act on it or on the scene, and a
    clip that this machine's memory cannot hold.

    By the configuration in the model's files, where these are on this machine; no weights are loaded.
    """
    grid = configured_grid(planned.card)
    if grid is not None:
        check_sides(planned.scene, grid[0], planned.card.name)
    check_method(planned.controls, planned.card, planned.scene, planned.tracks)
    check_memory(planned.card, planned.scene, device)


def size_unit(pipe: Any) -> int:
    """Return the number of pixels that both sides must be multiples of."""
    return backbone_for(pipe).size_unit


def _call_arguments(card: ModelCard, given: dict[str, Any]) -> dict[str, Any]:
    """The card's call defaults with the given ones on top; only names that the card has."""
    if not isinstance(given, dict):
        raise GenerationError(f"call: expected a table of names and values, such as {{'fps': 7}}, got {given!r:.80}")
    for name, value in given.items():
        if name not in card.call:
            near = difflib.get_close_matches(name, card.call, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            listed = ", ".join(card.call) or "none"
            raise GenerationError(f"call: {card.name} takes no argument {name!r}; {hint}it has: {listed}")
        _check_kind(name, card.call[name], value)
    return dict(card.call) | given


def _check_kind(name: str, usual: Any, value: Any) -> None:
    """Raise `GenerationError` for an argument of another kind than the model's own, or out of any pipeline's range."""
    low, high = CALL_RANGES.get(name, (-1e6, 1e6))
    if isinstance(usual, bool) or not isinstance(usual, (int, float)):
        fits, wanted = isinstance(value, type(usual)), type(usual).__name__
    else:
        kinds, kind = ((int,), "a whole number") if isinstance(usual, int) else ((int, float), "a number")
        fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
        wanted = f"{kind} from {low:g} to {high:g}"
    if not fits:
        raise GenerationError(f"call: {name}: expected {wanted}, such as {usual!r}, got {value!r}; correct it")
