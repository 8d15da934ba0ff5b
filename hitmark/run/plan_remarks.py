"""What is allowed in a scene for a model but probably not meant: one sentence for each."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from hitmark.backbones.catalog import MODELS
from hitmark.scene.formats.pictures import noted_canvas
from hitmark.scene.grid import same_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control
    from hitmark.scene.schema import Scene
    from hitmark.scene.tracks import Track

FAR_BEYOND = 16
"""Times the pixels of a model's own clip from which on a clip is said to be much."""
LATE = (
    "enters after the first frame, of which the model takes its look: what the picture shows in its first box, the "
    "background, would move instead; let it enter from outside of the picture, or use a model that reads text"
)


def remarks_on(scene: Scene, card: ModelCard, shape: tuple[int, int, int]) -> list[str]:
    """Return sentences about a scene for the model of the card.

    Args:
        scene: with its method filled in.
        card: of the model.
        shape: frames, height and width of the clip.
    """
    found = [*_size(card, *shape), *_unused(scene, card), *_same_words(scene, card)]
    if not card.takes_picture:  # else the shape of the picture counts, which is not read yet
        found += on_canvas(scene, "clip", (shape[2], shape[1]))
    return found


def _size(card: ModelCard, frames: int, height: int, width: int) -> list[str]:
    if card.path is None and card.name not in MODELS:  # a pipeline that does not say what it was loaded from
        return []
    found = []
    asked, made_for = width * height, card.width * card.height
    if not made_for / 4 <= asked <= made_for * 4:
        found.append(
            f"{card.name} was made for {card.width}x{card.height} and this run asks for {width}x{height}; "
            f"--width {card.width} --height {card.height} would fit"
        )
    if card.frames and not card.frames / 2 <= frames <= card.frames * 2:
        found.append(
            f"{card.name} was made for {card.frames} frames and this run asks for {frames}; "
            f"--frames {card.frames} would fit"
        )
    return found


def far_beyond(shape: tuple[int, int, int], own: tuple[int, int, int]) -> str | None:
    """A sentence on a clip that is many times what a model was made for; None for others.

    Args:
        shape: frames, height and width of the clip.
        own: the same of the model's own clip.
    """
    times = math.prod(shape) / math.prod(own)
    if times < FAR_BEYOND:
        return None
    return (
        f"the clip has {times:,.0f} times the pixels that the model is made for, {own[2]} x {own[1]}, {own[0]} frames; "
        "it takes at least as many times as long, and seldom looks right"
    )


def late(tracks: Iterable[Track], card: ModelCard) -> list[str]:
    """The names of subjects of which a clip that starts from a picture has no look: they are not in its first frame."""
    if not card.takes_picture:
        return []
    return [track.name for track in tracks if track.kind == "subject" and not track.visible[0]]


def from_end_to_end(controls: Sequence[Control], steps: int) -> list[str]:
    """Methods that edit every step of a short run, which leaves the model none in which to mend what they do."""
    found = []
    for control in controls:
        knobs = control.knobs()
        counts = [name for name, value in knobs.items() if name.endswith("_steps") and value]
        if knobs.get("lowest_noise") == 0 and counts and all(knobs[name] >= steps > 1 for name in counts):
            found.append(
                f"{control.method} edits all {steps} steps ({counts[0]}={knobs[counts[0]]}), and none is left in which "
                "the model mends what that does to the look; lowest_noise=0.85 (--set lowest_noise=0.85) leaves it the "
                "noisiest ones, in which places are decided"
            )
    return found


def _unused(scene: Scene, card: ModelCard) -> list[str]:
    """Fields of the scene that the model does not look at."""
    found = []
    if scene.image is not None and not card.takes_picture:
        found.append(f"{card.name} makes videos from text alone; the scene's picture is not used")
    if not card.reads_prompt:
        fields = {"prompt": scene.prompt, "negative prompt": scene.negative_prompt}
        named = " and ".join(name for name, text in fields.items() if text.strip())
        if named:
            found.append(f"{card.name} makes videos from a picture alone; the scene's {named} is not used")
    scale = card.call.get("true_cfg_scale", 1)
    if scale > 1 and not scene.negative_prompt.strip():
        found.append(
            f"{card.name} is guided away from a negative prompt (true_cfg_scale={scale:g}), without one not at all; "
            'give it, such as --negative-prompt "low quality, deformed"'
        )
    return found


def _same_words(scene: Scene, card: ModelCard) -> list[str]:
    """Subjects that the words of the prompt cannot tell apart."""
    words = Counter((subject.phrase or "").strip().lower() for subject in scene.subjects)
    found = []
    for phrase, count in words.items():
        if not phrase or count < 2 or not card.reads_prompt or scene.method.name == "none":
            continue
        names = [repr(subject.name) for subject in scene.subjects if (subject.phrase or "").strip().lower() == phrase]
        found.append(
            f"{', '.join(names)} have the same words, {phrase!r}: the model cannot tell them apart, and may put one "
            "thing in any of their boxes; give each its own words, such as its color"
        )
    return found


def on_canvas(scene: Scene, what: str, size: tuple[int, int]) -> list[str]:
    """Paths that were drawn on a canvas of another shape than that of which their boxes are fractions.

    Args:
        scene: as a reader made it.
        what: boxes are fractions of: the first picture, or the clip where there is none.
        size: its width and height.
    """
    canvas = noted_canvas(scene)
    if canvas is None or same_shape(canvas, size):
        return []
    return [
        f"the paths were drawn on {canvas[0]}x{canvas[1]} and the {what} is {size[0]}x{size[1]}: they are stretched "
        "to its shape"
    ]
