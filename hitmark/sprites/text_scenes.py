"""Scenes for text-to-video in the sprite world: a caption and a path for each thing that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate
from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.clip_plan import ClipPlan, SpriteObject, preposition
from hitmark.sprites.motion import Motion
from hitmark.sprites.places import PLACES
from hitmark.sprites.textures import extent
from hitmark.sprites.world import SPLITS, TEXT_NAMES, SpriteWorld

KINDS = ("static", "moving", "fast", "curved", "two")
"""Kinds of scenes, taken in turn."""
MARGIN = 0.04
"""Boxes stay this far inside the picture."""


@dataclass(frozen=True)
class TextScene:
    """A scene, its kind, and the sprites that it names: name and color (None: the sprite's own)."""

    scene: Scene
    kind: str
    sprites: tuple[tuple[str, str | None], ...]


def text_scenes(count: int, split: str = "test", first: int = 0) -> Iterator[TextScene]:
    """Scenes from seed `first` of a split on, the kinds in turn."""
    start = SPLITS[split][0] + first
    for seed in range(start, start + count):
        yield text_scene(seed)


def text_scene(seed: int) -> TextScene:
    """The scene of a seed, which also is the seed of its noise; its kind follows from the seed."""
    generator = np.random.default_rng([20262, seed])
    kind = KINDS[seed % len(KINDS)]
    atlas, count = load_atlas(), 2 if kind == "two" else 1
    names = [str(name) for name in generator.choice(TEXT_NAMES, count, replace=False)]
    colors = [
        str(generator.choice(list(COLORS))) if name in atlas.tintable and generator.random() < 0.7 else None
        for name in names
    ]
    phrases = [f"{color} {name}" if color else name for name, color in zip(names, colors, strict=True)]
    place = str(generator.choice(list(PLACES)))
    things = " and ".join(f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}" for phrase in phrases)
    sides = generator.uniform(0.3, 0.42, count)
    paths = _two_paths(generator, sides) if kind == "two" else [_path(generator, kind, sides[0])]
    subjects = [_subject(phrase, side, path) for phrase, side, path in zip(phrases, sides, paths, strict=True)]
    scene = Scene.from_dict({"prompt": f"{things} {preposition(place)} {place}", "seed": seed, "subjects": subjects})
    return TextScene(scene, kind, tuple(zip(names, colors, strict=True)))


def true_clip(made: TextScene, world: SpriteWorld) -> np.ndarray:
    """What a scene asks for, painted: uint8 (frames, height, width, 3).

    The longer side of each drawing is that of its box, its middle the box's; the camera is still.
    """
    tracks = evaluate(made.scene.replace(width=world.width, height=world.height), world.frames)
    things = []
    for (name, color), track in zip(made.sprites, tracks, strict=True):
        left, top, right, bottom = extent(name)
        middle, sides = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2, (track.boxes[:, 2:] - track.boxes[:, :2]).max(1)
        cell = sides / max(right - left, bottom - top)
        centers = middle - cell[:, None] * (np.array([left + right, top + bottom]) / 2 - 0.5)
        motion = Motion(centers, cell / cell[0])
        things.append(SpriteObject(name, color, float(cell[0]), motion, track.boxes, np.ones(world.frames)))
    place = made.scene.prompt.rsplit(" ", 1)[-1]
    plan = ClipPlan(made.scene.seed, place, tuple(things), np.zeros((world.frames, 2)), made.scene.prompt)
    return world.picture(plan)


def _subject(phrase: str, side: float, path: np.ndarray) -> dict[str, Any]:
    times = np.linspace(0, 1, len(path))
    keyframes = [
        {"time": float(time), "box": [*(center - side / 2).tolist(), *(center + side / 2).tolist()]}
        for time, center in zip(times, path, strict=True)
    ]
    return {"name": phrase, "phrase": phrase, "keyframes": keyframes, "path": "smooth" if len(path) > 2 else "straight"}


def _path(generator: np.random.Generator, kind: str, side: float) -> np.ndarray:
    """Centers at key times, (keys, 2)."""
    low, high = MARGIN + side / 2, 1 - MARGIN - side / 2
    if kind == "static":
        return generator.uniform(low, high, (1, 2))
    reach = (0.38, 0.55) if kind == "fast" else (0.2, 0.36)
    start, end = _ends(generator, low, high, reach)
    if kind != "curved":
        return np.stack([start, end])
    across = np.array([-(end - start)[1], (end - start)[0]]) * generator.choice([-0.5, 0.5])
    return np.stack([start, ((start + end) / 2 + across).clip(low, high), end])


def _ends(
    generator: np.random.Generator, low: float, high: float, reach: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Two places in low..high at a distance within `reach`."""
    while True:
        start, end = generator.uniform(low, high, (2, 2))
        if reach[0] <= np.linalg.norm(end - start) <= reach[1]:
            return start, end


def _two_paths(generator: np.random.Generator, sides: np.ndarray) -> list[np.ndarray]:
    """One in the left half that moves up or down, one in the right half that moves the other way."""
    lows, highs = MARGIN + sides / 2, 1 - MARGIN - sides / 2
    upward = generator.choice([0, 1])
    columns = (lows[0] + generator.uniform(0, 0.03), highs[1] - generator.uniform(0, 0.03))
    paths = []
    for number, column in enumerate(columns):
        ends = np.array([[column, lows[number]], [column, highs[number]]])
        paths.append(ends[::-1].copy() if (number + upward) % 2 else ends)
    return paths
