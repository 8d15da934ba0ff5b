"""Windows of the sprite world, each with one thing: where a model learns fastest what things look like.

Of a picture's tokens most are place. A window somewhat larger than the largest thing has a thing in most of them, so
that the same computing shows several times as many things; places and pairs of things are learned from whole pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from hitmark.sprites.clip_plan import SpriteObject, caption
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.motion import RESIZING, Motion
from hitmark.sprites.places import PLACES
from hitmark.sprites.recognition import marked
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.video_training import VideoBatch, pooled
from hitmark.sprites.world import SPLITS, SpriteWorld

WINDOWS_OF_A_PLACE = 6
"""Windows cut from one painted place: painting is what costs time."""
MIDDLE = (0.25, 0.75)
"""Where in a window the middle of the thing lies: part of it may be outside."""
RESIZED = 0.15
"""Share of things whose size is one that things reach only while they grow or shrink."""
BETWEEN_TOKENS = 0.25
"""Where things move by strides of a token: share of things on the grid of half its width, so that they are known there
too, for control that asks for them between tokens."""


def make_windows(world: SpriteWorld, code: VideoCode, seeds: Sequence[int], side: int) -> VideoBatch:
    """WINDOWS_OF_A_PLACE windows of `side` pixels of each training seed, as clips of one frame.

    Things have the sizes in pixels that they have in `world`, whose settings are in fractions of its picture.
    """
    pictures, covers, captions, marks = [], [], [], []
    with one_thread():
        for seed in seeds:
            generator = np.random.default_rng([20262, SPLITS["train"][0] + seed])
            place = str(generator.choice(list(PLACES)))
            ground = world.ground(place, generator)
            for _ in range(WINDOWS_OF_A_PLACE):
                thing = _thing(world, generator, side)
                picture, cover = _window(world, ground, thing, generator, side)
                pictures.append(picture)
                covers.append(cover)
                captions.append(caption((thing,), place))
                marks.append(marked([thing], [cover], [np.array([thing.size * side])]))
    known = torch.zeros(len(captions), dtype=torch.bool)
    latents = code.encode(torch.stack(pictures) * 2 - 1)
    return VideoBatch(latents, pooled(torch.stack(covers)), captions, known, torch.stack(marks))


def _thing(world: SpriteWorld, generator: np.random.Generator, side: int) -> SpriteObject:
    """A thing of the world in one frame, its size as a fraction of the window."""
    middle = generator.uniform(*MIDDLE, (1, 2))
    thing = world.draw_object(generator, middle[0], np.zeros((world.frames, 2)), set())
    size = thing.size * min(world.width, world.height) / side
    if generator.random() < RESIZED:
        size *= float(np.exp(generator.uniform(-RESIZING, RESIZING)))
    if world.grid:
        fine = world.stride and generator.random() < BETWEEN_TOKENS
        step = (world.grid // 2 if fine else world.grid) / side
        size, middle = max(1, round(size / step)) * step, np.round(middle / step) * step
    return replace(thing, size=size, motion=Motion(middle, np.ones(1)))


def _window(
    world: SpriteWorld, ground: Tensor, thing: SpriteObject, generator: np.random.Generator, side: int
) -> tuple[Tensor, Tensor]:
    """The thing on a part of the ground: float32 (1, 3, side, side) in 0..1, and its cover (1, side, side)."""
    top, left = (int(generator.integers(0, length - side)) for length in ground.shape[1:])
    picture = ground[None, :, top : top + side, left : left + side].clone()
    layer = replace(world, width=side, height=side, frames=1).layer(thing)
    cover = layer[:, 3]
    return (picture * (1 - cover[:, None]) + layer[:, :3]).clamp(0, 1), cover
