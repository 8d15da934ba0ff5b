"""What is allowed in a scene for a model but probably not meant: one sentence for each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hitmark.backbones.catalog import MODELS
from hitmark.scene.formats.pictures import SAME_SHAPE, noted_canvas

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.scene.schema import Scene


def remarks_on(scene: Scene, card: ModelCard) -> list[str]:
    """Return sentences about a scene whose size, frames and method are filled in, for the model of the card."""
    return [*_size(scene, card), *_unused(scene, card), *_same_words(scene, card), *_canvas(scene)]


def _size(scene: Scene, card: ModelCard) -> list[str]:
    if card.path is None and card.name not in MODELS:  # a pipeline that does not say what it was loaded from
        return []
    found = []
    asked, made_for = (scene.width or 0) * (scene.height or 0), card.width * card.height
    if not made_for / 4 <= asked <= made_for * 4:
        found.append(
            f"{card.name} was made for {card.width}x{card.height} and this run asks for {scene.width}x{scene.height}; "
            f"--width {card.width} --height {card.height} would fit"
        )
    if card.frames and not card.frames / 2 <= (scene.frames or 0) <= card.frames * 2:
        found.append(
            f"{card.name} was made for {card.frames} frames and this run asks for {scene.frames}; "
            f"--frames {card.frames} would fit"
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


def _canvas(scene: Scene) -> list[str]:
    """Paths that were drawn on a canvas of another shape, with no picture that says how to bring them to the clip's."""
    canvas = noted_canvas(scene)
    if canvas is None or scene.image is not None or not scene.width or not scene.height:
        return []
    if abs(canvas[0] / canvas[1] / (scene.width / scene.height) - 1) <= SAME_SHAPE:
        return []
    return [
        f"the paths were drawn on {canvas[0]}x{canvas[1]} and the clip is {scene.width}x{scene.height}: they are "
        "stretched to its shape"
    ]
