"""On the embedded trained model and held-out scenes: SG-I2V moves things to where they are wanted.

The judge is `find_sprite`, which is not told where to look. Margins leave room around what was measured (run with -s).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hitmark.backbones.loading import load_pipeline
from hitmark.generate import generate
from hitmark.metrics.kept import first_frame_psnr
from hitmark.metrics.tracks import object_motion_control_error
from hitmark.observers.sprites import find_sprite
from hitmark.scene.schema import MethodChoice
from hitmark.sprites.scenes import SpriteScene, held_out
from hitmark.sprites.world import SpriteWorld

pytestmark = pytest.mark.efficacy

SCENES = 5


@cache
def scenes() -> tuple[SpriteScene, ...]:
    return tuple(held_out(SpriteWorld(), SCENES))


@cache
def clips(method: str) -> tuple[np.ndarray, ...]:
    pipeline = load_pipeline("sprites-i2v", dtype="float32", device="cpu")
    chosen = MethodChoice(name=method)
    return tuple(generate(made.scene.replace(method=chosen), made.picture, pipeline).frames for made in scenes())


def errors(method: str) -> np.ndarray:
    """ObjMC of every sprite in pixels of 64, by the observer's best guess in every frame."""
    values = []
    for made, frames in zip(scenes(), clips(method), strict=True):
        for number, thing in enumerate(made.clip.plan.objects):
            seen = find_sprite(frames, str(thing.name), thing.color)
            values.append(object_motion_control_error(made.wanted(number), seen.centres, (64, 64), width=64).pixels)
    return np.array(values)


def test_things_come_to_where_they_are_wanted() -> None:
    free, controlled = errors("none"), errors("sg-i2v")
    print("ObjMC px, without and with control:", free.round(1), controlled.round(1), controlled.mean() / free.mean())
    assert controlled.mean() < 0.7 * free.mean()
    assert np.median(controlled) < 0.5 * np.median(free)


def test_the_first_frame_stays_the_given_picture() -> None:
    pictures = [np.asarray(made.picture) for made in scenes()]
    free, controlled = (
        np.mean([first_frame_psnr(frames, picture) for frames, picture in zip(clips(method), pictures, strict=True)])
        for method in ("none", "sg-i2v")
    )
    print("first frame dB, without and with control:", free, controlled)
    assert controlled > free - 0.5
