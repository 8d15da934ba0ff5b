"""The scene that a model is tried on where none is given: something that the model may know, and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from hitmark.demo.scenes import picture_demo_scenes, sprite_world, text_demo_scenes
from hitmark.run.model_choice import configured_frames
from hitmark.scene.schema import Keyframe, Scene, Subject

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

PROMPT = "a red ball on a green meadow under a blue sky"
BALL = "red ball"
START, END = (0.12, 0.48, 0.36, 0.88), (0.62, 0.38, 0.86, 0.78)
"""Boxes of the ball at the first and the last frame."""
SMOOTH = 4
"""Samples of each pixel, each way, of which its color is the mean."""


def built_in_scene(card: ModelCard) -> tuple[Scene, Image.Image | None]:
    """A scene that needs no file and no network, and the first picture for a model that starts from one.

    A model of the embedded world gets the first scene of the demo, others a ball that rolls over a meadow.
    """
    if card.world == "sprites" and card.takes_picture:
        frames = card.frames or configured_frames(card, None)
        made = next(picture_demo_scenes(sprite_world(card.width, card.height, frames), 0, card.name))
        return made.scene.replace(model=None, frames=None, prompt=""), made.picture
    if card.world == "sprites":
        return next(text_demo_scenes(0, card.name)).scene.replace(model=None), None
    keyframes = [Keyframe(time=0.0, box=START), Keyframe(time=1.0, box=END)]
    scene = Scene(
        prompt=PROMPT if card.reads_prompt else "", subjects=[Subject(name=BALL, phrase=BALL, keyframes=keyframes)]
    )
    return scene, meadow(card.width, card.height) if card.takes_picture else None


def meadow(width: int, height: int) -> Image.Image:
    """The ball in its first box, on a meadow that is darker where it is near, with tufts of grass."""
    down, across = ((np.arange(side * SMOOTH, dtype=np.float64) + 0.5) / (side * SMOOTH) for side in (height, width))
    y, x = np.meshgrid(down, across, indexing="ij")
    sky = _mixed((120, 175, 235), (205, 228, 248), y / 0.45)
    tufts = 0.06 * np.sin(90 * x + 8 * np.sin(31 * y)) * np.sin(70 * y + 5 * np.sin(23 * x))
    grass = _mixed((126, 178, 84), (58, 116, 44), (y - 0.45) / 0.55) * (1 + tufts[..., None])
    picture = np.where((y < 0.45)[..., None], sky, grass)
    x0, y0, x1, y1 = START
    right, below = (x - (x0 + x1) / 2) / ((x1 - x0) / 2), (y - (y0 + y1) / 2) / ((y1 - y0) / 2)
    shade = np.clip(1 - np.hypot(right + 0.35, below + 0.4) / 1.7, 0, 1)
    picture = np.where((np.hypot(right, below) < 1)[..., None], _mixed((120, 10, 14), (255, 74, 60), shade), picture)
    small = picture.reshape(height, SMOOTH, width, SMOOTH, 3).mean(axis=(1, 3))
    return Image.fromarray(np.clip(np.rint(small), 0, 255).astype(np.uint8))


def _mixed(first: tuple[int, int, int], second: tuple[int, int, int], share: np.ndarray) -> np.ndarray:
    """Colors between two, (height, width, 3)."""
    share = np.clip(share, 0, 1)[..., None]
    return (1 - share) * np.array(first, dtype=np.float64) + share * np.array(second, dtype=np.float64)
