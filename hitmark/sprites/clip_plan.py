"""What happens in one clip of the sprite world, before it is painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hitmark.sprites.motion import Motion


@dataclass(frozen=True)
class SpriteObject:
    """One moving thing. `name` is None for a photographic cut-out."""

    name: str | None
    color: str | None
    size: float
    """Side of the sprite's square cell in frame 1, as a fraction of the shorter side of the picture."""
    motion: Motion
    """Centers of the cell, camera included."""
    boxes: np.ndarray
    """float64 (frames, 4): extent of the drawing, normalized xyxy; may reach outside 0..1."""
    visible: np.ndarray
    """float64 (frames,) in 0..1: share of the drawing's own pixels that is inside the picture and not covered."""
    texture_seed: int = 0

    @property
    def phrase(self) -> str:
        """Words of the caption: "red car"."""
        return f"{self.color} {self.name}" if self.color else str(self.name or "thing")


@dataclass(frozen=True)
class ClipPlan:
    """Everything that happens in one clip. Objects are ordered from the farthest to the nearest."""

    seed: int
    place: str | None
    objects: tuple[SpriteObject, ...]
    camera: np.ndarray
    """float64 (frames, 2): displacement of the content in fractions of the picture."""
    caption: str


@dataclass(frozen=True)
class Clip:
    """A painted clip: frames uint8 (frames, height, width, 3) and its plan."""

    frames: np.ndarray
    plan: ClipPlan


def shorten(plan: ClipPlan, frames: int) -> ClipPlan:
    """The first `frames` frames of a plan."""
    return select_frames(plan, slice(frames))


def select_frames(plan: ClipPlan, which: slice) -> ClipPlan:
    """Some frames of a plan."""
    objects = tuple(
        replace(
            thing,
            motion=Motion(thing.motion.centers[which], thing.motion.scale[which]),
            boxes=thing.boxes[which],
            visible=thing.visible[which],
        )
        for thing in plan.objects
    )
    return replace(plan, objects=objects, camera=plan.camera[which])


def caption(objects: tuple[SpriteObject, ...], place: str | None) -> str:
    """Such as "a red car and a cat on grass"."""
    things = " and ".join(f"{'an' if thing.phrase[0] in 'aeiou' else 'a'} {thing.phrase}" for thing in objects)
    return f"{things} {preposition(place)} {place}" if place else things


def preposition(place: str) -> str:
    """The word between a thing and a place."""
    return {"water": "in", "sky": "in", "night": "at", "leaves": "in"}.get(place, "on")
