"""The sprite world: endless clips of named sprites moving over textured places, with exact boxes and captions.

A clip is decided by its seed alone: `plan` draws what happens, `render` paints it. Seeds are split by range, so that a
model trained on `train` has met none of the clips of `tune` and `test`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from hitmark.errors import HitmarkError
from hitmark.sprites import photos
from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.clip_plan import Clip, ClipPlan, SpriteObject, caption
from hitmark.sprites.motion import (
    CODED,
    Motion,
    draw_camera,
    draw_motion,
    draw_steady_camera,
    draw_steady_motion,
    on_grid,
)
from hitmark.sprites.places import PLACES, paint
from hitmark.sprites.textures import extent, resampled, texture

SPLITS: dict[str, tuple[int, int]] = {"test": (0, 100_000), "tune": (100_000, 200_000), "train": (1_000_000, 2**62)}
"""Seeds of each split: first and one past the last."""

CANVAS = 1.9
"""Side of the painted background relative to the picture: room for camera pans of up to 0.45 each way."""

TEXT_NAMES = (
    *("apple", "ball", "balloon", "banana", "bird", "boat", "bus", "butterfly", "cactus", "cake", "car", "cat"),
    *("cherry", "clock", "crab", "crown", "cup", "dog", "duck", "fish", "flower", "ghost", "gift", "heart"),
    *("house", "leaf", "moon", "mushroom", "penguin", "robot", "rocket", "star", "sun", "tree", "turtle", "umbrella"),
)
"""Sprites of the text-to-video model's world: those with the plainest outlines."""


@dataclass(frozen=True)
class SpriteWorld:
    """Settings of the world. All lengths are fractions of the picture; probabilities in 0..1."""

    width: int = 64
    height: int = 64
    frames: int = 8
    sizes: tuple[float, float] = (0.24, 0.44)
    reach: float = 0.62
    """Longest distance that a thing travels in a clip."""
    still: float = 0.2
    camera: float = 0.3
    camera_reach: float = 0.4
    photographs: float = 0.0
    """Share of backgrounds and of moving things that are photographic (needs scikit-image); 0 for the plain world."""
    objects: tuple[int, ...] = field(default=(1, 2, 2, 3))
    """Numbers of objects, drawn with equal chance."""
    names: tuple[str, ...] = ()
    """Sprites that occur; none named: all of the atlas."""
    grid: int = 0
    """Pixels: in the first and every fourth frame things and pans are at multiples of it, and so are the sides of
    things; in between they move straight. With the side of a latent cell, what moves goes on from cell to cell, so that
    a small model can copy it and has few ways of cutting a thing into tokens to learn. 0: anywhere."""
    stride: int = 0
    """Pixels: from one coded frame to the next, things and pans move by multiples of it, each at one speed. With the
    side of a token, what moves is the same tokens elsewhere. 0: by any distance, at any speed."""

    def __post_init__(self) -> None:
        """Raise HitmarkError for a grid or strides that the last frames would never be on."""
        if (self.grid or self.stride) and self.frames % CODED != 1:
            raise HitmarkError(
                f"{'grid' if self.grid else 'stride'}: expected clips of 1 + 4k frames, every fourth on it, got "
                f"frames = {self.frames}; as in frames = {self.frames // CODED * CODED + 1}"
            )

    def plan(self, seed: int, measure: bool = True) -> ClipPlan:
        """What happens in clip `seed` (int >= 0). `measure=False` leaves every visible share at 1, which is faster."""
        generator = np.random.default_rng([20260, seed])
        place = None if generator.random() < self.photographs else str(generator.choice(list(PLACES)))
        camera = self._draw_camera(generator)
        count = int(generator.choice(self.objects))
        starts = _starts(generator, count)
        drawn: list[SpriteObject] = []
        for start in starts:
            drawn.append(self.draw_object(generator, start, camera, {thing.name for thing in drawn}))
        objects = self._with_visibility(drawn) if measure else tuple(drawn)
        return ClipPlan(seed, place, objects, camera, caption(objects, place))

    def clip(self, seed: int) -> Clip:
        """The painted clip of `seed`."""
        plan = self.plan(seed)
        return Clip(self.picture(plan), plan)

    def picture(self, plan: ClipPlan) -> np.ndarray:
        """Paints a plan: uint8 (frames, height, width, 3)."""
        return (self.render(plan) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()

    def render(self, plan: ClipPlan) -> torch.Tensor:
        """Paints a plan: float32 (frames, 3, height, width) in 0..1."""
        return self.paint(plan)[0]

    def paint(self, plan: ClipPlan) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """A plan's frames, float32 (frames, 3, height, width) in 0..1, and how much each object covers.

        The covers, (frames, height, width) in 0..1, are in the order of `plan.objects`, each object as if alone.
        """
        picture = self._background(plan)
        covers = []
        for thing in plan.objects:
            values, tops, lefts = self._patch(thing)
            cover = torch.zeros(len(picture), self.height, self.width)
            for frame, (patch, top, left) in enumerate(zip(values, tops, lefts, strict=True)):
                rows, columns = slice(top, top + patch.shape[1]), slice(left, left + patch.shape[2])
                under = picture[frame, :, rows, columns]
                picture[frame, :, rows, columns] = under * (1 - patch[3:]) + patch[:3]
                cover[frame, rows, columns] = patch[3]
            covers.append(cover)
        return picture.clamp(0, 1), covers

    def draw_object(
        self, generator: np.random.Generator, start: np.ndarray, camera: np.ndarray, taken: set[str | None]
    ) -> SpriteObject:
        """A thing at `start` in frame 1 (center, float (2,)) that is none of `taken`; it moves with the camera."""
        size = generator.uniform(*self.sizes)
        motion = self._draw_motion(generator, start)
        if self.grid:
            size, motion = self._thing_on_grid(size, motion)
        motion = Motion(motion.centers + camera, motion.scale)
        texture_seed = int(generator.integers(2**31))
        name, color = None, None
        if generator.random() >= self.photographs:
            atlas = load_atlas()
            name = str(generator.choice([name for name in self.names or atlas.names if name not in taken]))
            color = str(generator.choice(list(COLORS))) if name in atlas.tintable and generator.random() < 0.7 else None
        return SpriteObject(
            name, color, size, motion, self._boxes(name, size, motion), np.ones(self.frames), texture_seed
        )

    def _draw_camera(self, generator: np.random.Generator) -> np.ndarray:
        """Displacement of the content, (frames, 2)."""
        if self.stride:
            return draw_steady_camera(generator, self.frames, self._strides, self.camera, self.camera_reach)
        return self._on_grid(draw_camera(generator, self.frames, self.camera, self.camera_reach))

    def _draw_motion(self, generator: np.random.Generator, start: np.ndarray) -> Motion:
        """How a thing moves that stands at `start`, float (2,), in frame 1."""
        if not self.stride:
            return draw_motion(generator, self.frames, start, self.still, self.reach)
        start = self._on_grid(start[None])[0]
        return draw_steady_motion(generator, self.frames, start, self._strides, self.still, self.reach)

    @property
    def _strides(self) -> np.ndarray:
        """A stride along x and y in fractions of the picture, (2,)."""
        return self.stride / np.array([self.width, self.height])

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels of a picture: rows and columns."""
        return self.height, self.width

    def _on_grid(self, places: np.ndarray) -> np.ndarray:
        """Places (frames, 2), fractions of the picture, on the grid."""
        return on_grid(places, self.grid / np.array([self.width, self.height])) if self.grid else places

    def _thing_on_grid(self, size: float, motion: Motion) -> tuple[float, Motion]:
        """A thing whose middle and side are on the grid."""
        step = self.grid / min(self.width, self.height)
        sides = on_grid(size * motion.scale[:, None], step).clip(step)[:, 0]
        return float(sides[0]), Motion(self._on_grid(motion.centers), sides / sides[0])

    def _boxes(self, name: str | None, size: float, motion: Motion) -> np.ndarray:
        """Extent of the drawing in every frame, (frames, 4)."""
        left, top, right, bottom = extent(name)
        side = size * motion.scale[:, None] * min(self.width, self.height) / np.array([[self.width, self.height]])
        low = motion.centers + side * (np.array([left, top]) - 0.5)
        high = motion.centers + side * (np.array([right, bottom]) - 0.5)
        return np.concatenate([low, high], axis=1)

    def _with_visibility(self, drawn: list[SpriteObject]) -> tuple[SpriteObject, ...]:
        """The objects with their visible shares: later ones cover earlier ones, the picture's border cuts."""
        alphas = [self.layer(thing)[:, 3] for thing in drawn]
        result = []
        for number, (thing, alpha) in enumerate(zip(drawn, alphas, strict=True)):
            seen = alpha.clone()
            for above in alphas[number + 1 :]:
                seen = seen * (1 - above)
            side = thing.size * thing.motion.scale * min(self.width, self.height)
            full = float(texture(thing.name, thing.color, thing.texture_seed, 32)[3].mean()) * side**2
            share = (seen.sum((1, 2)).numpy() / full).clip(0, 1)
            result.append(replace(thing, visible=share))
        return tuple(result)

    def layer(self, thing: SpriteObject) -> torch.Tensor:
        """The object alone on transparent ground: premultiplied RGBA, float32 (frames, 4, height, width)."""
        values, tops, lefts = self._patch(thing)
        layer = torch.zeros(len(values), 4, self.height, self.width)
        for frame, (patch, top, left) in enumerate(zip(values, tops, lefts, strict=True)):
            layer[frame, :, top : top + patch.shape[1], left : left + patch.shape[2]] = patch
        return layer

    def _patch(self, thing: SpriteObject) -> tuple[torch.Tensor, list[int], list[int]]:
        """The part of the picture that holds the object: RGBA (frames, 4, rows, columns), its top and left by frame."""
        side = thing.size * thing.motion.scale * min(self.width, self.height)
        pixels = int(2 ** np.ceil(np.log2(side.max())))
        cell = texture(thing.name, thing.color, thing.texture_seed, pixels)
        size = np.array([self.width, self.height])
        centers = thing.motion.centers * size
        shape = np.minimum(int(np.ceil(side.max())) + 2, size)
        low = np.floor(centers - side[:, None] / 2 - 1).astype(int).clip(0, size - shape)
        shift = (size - 2 * centers) / side[:, None]
        values = resampled(cell, size / side[:, None], shift, "zeros", self.shape, low, (int(shape[1]), int(shape[0])))
        return values, low[:, 1].tolist(), low[:, 0].tolist()

    def _background(self, plan: ClipPlan) -> torch.Tensor:
        """The place seen through the moving camera: float32 (frames, 3, height, width)."""
        ground = self.ground(plan.place, np.random.default_rng([20261, plan.seed]))
        height, width = ground.shape[1:]
        camera = plan.camera if plan.camera.any() else plan.camera[:1]
        zoom = np.broadcast_to(np.array([self.width / width, self.height / height]), camera.shape)
        seen = resampled(ground, zoom, -2 * camera / CANVAS, "border", self.shape)
        return seen if len(camera) == len(plan.camera) else seen.repeat(len(plan.camera), 1, 1, 1)

    def ground(self, place: str | None, generator: np.random.Generator) -> torch.Tensor:
        """A place, None: photographic, CANVAS times the picture: float32 (3, rows, columns) in 0..1."""
        height, width = round(CANVAS * self.height), round(CANVAS * self.width)
        canvas = photos.patch(generator, height, width) if place is None else paint(place, generator, height, width)
        return torch.from_numpy(np.ascontiguousarray(canvas.transpose(2, 0, 1)))


def text_world(width: int = 64, height: int = 64, frames: int = 8) -> SpriteWorld:
    """The world of the text-to-video model: fewer kinds of things than in the whole one, and larger, one or two."""
    return SpriteWorld(
        width=width, height=height, frames=frames, sizes=(0.34, 0.5), camera=0.2, objects=(1, 1, 2), names=TEXT_NAMES
    )


def _starts(generator: np.random.Generator, count: int) -> list[np.ndarray]:
    """Centers in frame 1 that do not crowd each other."""
    chosen: list[np.ndarray] = []
    for _ in range(200):
        candidate = generator.uniform(0.16, 0.84, 2)
        if all(np.linalg.norm(candidate - other) > 0.36 for other in chosen):
            chosen.append(candidate)
        if len(chosen) == count:
            break
    return chosen
