"""How things of the sprite world move: positions and sizes over the frames of a clip, in fractions of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MARGIN = 0.06
"""Centers of moving things stay this far inside the picture (fraction of each side)."""


CODED = 4
"""Frames from one that a latent frame is a picture of to the next."""


RESIZING = 0.35
"""Largest logarithm of how much a thing grows or shrinks in a clip."""


STRIDES = {-2: 0.05, -1: 0.25, 0: 0.4, 1: 0.25, 2: 0.05}
"""Strides along an axis from one coded frame to the next, of things that move steadily, and their chances."""


@dataclass(frozen=True)
class Motion:
    """Centers float64 (frames, 2), fractions of width and height, and the scale float64 (frames,), 1 at the start."""

    centers: np.ndarray
    scale: np.ndarray


def draw_motion(generator: np.random.Generator, frames: int, start: np.ndarray, still: float, reach: float) -> Motion:
    """Still with probability `still`, else a straight or curved path of up to `reach` of the picture, often scaled.

    `start`: center in frame 1, float (2,). The end is drawn inside the picture; speed varies smoothly along the path.
    """
    scale_end = _scale_end(generator)
    if generator.random() < still:
        return Motion(np.repeat(start[None], frames, axis=0), np.linspace(1, 1.0, frames))
    end = _end(generator, start, reach)
    time = np.linspace(0, 1, frames) ** np.exp(generator.uniform(-0.5, 0.5))
    bend = generator.normal(0, 0.35) if generator.random() < 0.5 else 0.0
    across = np.array([-(end - start)[1], (end - start)[0]]) * bend
    middle = (start + end) / 2 + across
    t = time[:, None]
    path = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    return Motion(path.clip(MARGIN / 2, 1 - MARGIN / 2), 1 + (scale_end - 1) * time)


def draw_steady_motion(
    generator: np.random.Generator, frames: int, start: np.ndarray, stride: np.ndarray, still: float, reach: float
) -> Motion:
    """Still with probability `still`, else straight on by whole strides from coded frame to coded frame; often scaled.

    `start`: center in frame 1, float (2,). `stride`: a whole stride along x and y, fractions of the picture. It moves
    at one speed, all the time or for some of it, up to `reach` of the picture and not out of it.
    """
    scale_end = _scale_end(generator)
    scale = 1 + (scale_end - 1) * np.linspace(0, 1, frames)
    if generator.random() < still:
        return Motion(np.repeat(start[None], frames, axis=0), np.ones(frames))
    for _ in range(40):
        path = start + steady_path(generator, frames, stride)
        distance = np.linalg.norm(path[-1] - start)
        if 0 < distance <= reach and (path[-1] > MARGIN).all() and (path[-1] < 1 - MARGIN).all():
            return Motion(path, scale)
    return Motion(np.repeat(start[None], frames, axis=0), scale)


def steady_path(generator: np.random.Generator, frames: int, stride: np.ndarray) -> np.ndarray:
    """Displacement (frames, 2) at one speed of whole strides, beginning late or ending early in some; may be none."""
    intervals = (frames - 1) // CODED
    speed = generator.choice(list(STRIDES), 2, p=list(STRIDES.values()))
    begin, end = 0, intervals
    if generator.random() < 0.4:
        begin, end = np.sort(generator.choice(intervals + 1, 2, replace=False))
    keys = (np.arange(intervals + 1) - begin).clip(0, end - begin)[:, None] * speed * stride
    return _straight_between(keys, frames)


def draw_steady_camera(
    generator: np.random.Generator, frames: int, stride: np.ndarray, probability: float, reach: float
) -> np.ndarray:
    """As `draw_camera`, by whole strides from coded frame to coded frame: float64 (frames, 2)."""
    if generator.random() < probability:
        for _ in range(40):
            path = steady_path(generator, frames, stride)
            if 0 < np.linalg.norm(path[-1]) <= reach:
                return path
    return np.zeros((frames, 2))


def _scale_end(generator: np.random.Generator) -> float:
    """How large a thing is at the end of a clip, in its size at the start: mostly 1."""
    return float(np.exp(generator.uniform(-RESIZING, RESIZING))) if generator.random() < 0.3 else 1.0


def _end(generator: np.random.Generator, start: np.ndarray, reach: float) -> np.ndarray:
    """A point at a random direction and distance (0.1 of the picture to `reach`), inside the margins."""
    for _ in range(20):
        angle, distance = generator.uniform(0, 2 * np.pi), generator.uniform(0.1, reach)
        end = start + distance * np.array([np.cos(angle), np.sin(angle)])
        if (end > MARGIN).all() and (end < 1 - MARGIN).all():
            return end
    return (start + generator.uniform(0.2, 0.5) * (0.5 - start)).clip(MARGIN, 1 - MARGIN)


def draw_camera(generator: np.random.Generator, frames: int, probability: float, reach: float) -> np.ndarray:
    """Displacement of the picture's content, float64 (frames, 2) in fractions of the picture; zeros without a pan."""
    if generator.random() >= probability:
        return np.zeros((frames, 2))
    angle = generator.choice([0, np.pi]) if generator.random() < 0.6 else generator.uniform(0, 2 * np.pi)
    distance = generator.uniform(0.1, reach)
    time = np.linspace(0, 1, frames) ** np.exp(generator.uniform(-0.3, 0.3))
    return distance * time[:, None] * np.array([np.cos(angle), np.sin(angle)])


def on_grid(values: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    """Values (frames, n) at whole multiples of `step` in every CODED-th frame, straight in between; frames = 4k + 1."""
    keys = np.round(values[::CODED] / step) * step
    return _straight_between(keys, len(values))


def _straight_between(keys: np.ndarray, frames: int) -> np.ndarray:
    """Values (frames, n) of coded frames `keys` (1 + (frames - 1) / CODED, n), straight in between."""
    times = np.arange(frames) / CODED
    return np.stack([np.interp(times, np.arange(len(keys)), column) for column in keys.T], axis=1)
