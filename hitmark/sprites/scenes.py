"""Scenes of the sprite world: a clip's first frame as the picture, its true motion as what is wanted.

The first frame does not tell how things will move, so an uncontrolled model cannot know these paths: what it reaches
by itself is chance, what a method adds is control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hitmark.scene.problems import SceneError
from hitmark.scene.schema import Camera, Keyframe, Scene, Subject
from hitmark.scene.tracks import evaluate
from hitmark.sprites.clip_plan import Clip, ClipPlan
from hitmark.sprites.world import SPLITS, SpriteWorld

SEEN = 0.6
"""Least visible share of every sprite in every frame of a scene that is judged."""
MOVED = 0.2
"""Least distance (fraction of the picture) between first and last place of the fastest sprite."""


@dataclass(frozen=True)
class SpriteScene:
    """A scene to control and the clip whose motion it asks for."""

    scene: Scene
    clip: Clip
    picture: Image.Image

    def wanted(self, number: int) -> np.ndarray:
        """Centers of the drawing of object `number`, float64 (frames, 2) in pixels."""
        boxes = self.clip.plan.objects[number].boxes
        height, width = self.clip.frames.shape[1:3]
        return (boxes[:, :2] + boxes[:, 2:]) / 2 * np.array([width, height])


def held_out(world: SpriteWorld, count: int, split: str = "test", first: int = 0) -> Iterator[SpriteScene]:
    """The first `count` clips of a split, from seed `first` of it on, that can be judged; see SEEN and MOVED."""
    start, stop = SPLITS[split]
    given = 0
    for seed in range(start + first, stop):
        if given == count:
            return
        plan = world.plan(seed)
        if can_be_judged(plan):
            given += 1
            yield sprite_scene(world, plan)


def sprite_scene(world: SpriteWorld, plan: ClipPlan) -> SpriteScene:
    """The scene that asks for a plan's motion: one subject per sprite; a pan as camera, a still camera pinned."""
    clip = world.clip(plan.seed)
    picture = Image.fromarray(clip.frames[0])
    scene = Scene(
        width=world.width,
        height=world.height,
        frames=world.frames,
        seed=plan.seed,
        prompt=plan.caption,
        subjects=[_subject(plan, number) for number in range(len(plan.objects))],
        model="sprites-i2v",
    )
    return SpriteScene(_with_background(scene, plan), clip, picture)


def _with_background(scene: Scene, plan: ClipPlan) -> Scene:
    """The scene with its camera move, or pinned where there is none; left open where the sprites leave no room."""
    pan = (float(plan.camera[-1][0]), float(plan.camera[-1][1]))
    whole = scene.replace(camera=Camera(pan=pan)) if any(pan) else scene.replace(pin_camera=True)
    try:
        evaluate(whole, len(plan.camera))
    except SceneError:
        return scene
    return whole


def _subject(plan: ClipPlan, number: int) -> Subject:
    thing = plan.objects[number]
    times = np.linspace(0, 1, len(thing.boxes))
    keyframes = [
        Keyframe(time=float(time), box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        for time, box in zip(times, thing.boxes, strict=True)
    ]
    return Subject(name=f"{number + 1}: {thing.phrase}", phrase=thing.phrase, keyframes=keyframes, depth=number)


def can_be_judged(plan: ClipPlan) -> bool:
    """Every sprite well seen throughout, no two alike, something moves."""
    seen = all(thing.visible.min() >= SEEN for thing in plan.objects)
    moved = max(float(np.linalg.norm(thing.motion.centers[-1] - thing.motion.centers[0])) for thing in plan.objects)
    return bool(seen and moved >= MOVED and len({thing.name for thing in plan.objects}) == len(plan.objects))
