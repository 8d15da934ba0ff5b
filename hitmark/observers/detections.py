"""What an observer reports, and the pass over time that picks one candidate for every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError


@dataclass(frozen=True, eq=False)
class Detections:
    """One thing through all frames of a clip. Also where `found` is False `centers` holds the best guess."""

    centers: np.ndarray
    """float64 (frames, 2): x, y in pixels; the middle of the first pixel is (0.5, 0.5)."""
    sizes: np.ndarray
    """float64 (frames,): side in pixels of what was looked for (a sprite's square cell, a box's longer side)."""
    found: np.ndarray
    """bool (frames,)."""
    score: np.ndarray
    """float64 (frames,): greater is better; the observer states its scale and threshold."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best places of each frame: positions float64 (frames, k, 2), sizes and scores float64 (frames, k)."""

    positions: np.ndarray
    sizes: np.ndarray
    scores: np.ndarray


def best_path(candidates: Candidates, length: float, move: float, resize: float, jump: float) -> np.ndarray:
    """Which candidate to take in each frame, int (frames,): most score less the cost of the steps (Viterbi).

    A step costs `move` for each `length` pixels plus `resize` for each e-fold of size, but at most `jump`, so that a
    single false peak does not win and a thing that really jumps is still followed.
    """
    frames = candidates.scores.shape[0]
    total = candidates.scores[0].copy()
    came_from = np.zeros(candidates.scores.shape, dtype=int)
    for frame in range(1, frames):
        step = candidates.positions[frame, :, None] - candidates.positions[frame - 1, None]
        growth = np.log(candidates.sizes[frame, :, None] / candidates.sizes[frame - 1, None])
        cost = np.minimum(move * np.linalg.norm(step, axis=-1) / length + resize * np.abs(growth), jump)
        gain = total[None] - cost
        came_from[frame] = gain.argmax(axis=1)
        total = gain.max(axis=1) + candidates.scores[frame]
    path = np.zeros(frames, dtype=int)
    path[-1] = int(total.argmax())
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path


def check_frames(frames: np.ndarray) -> None:
    """Raises HitmarkError unless `frames` is uint8 (frames >= 1, height >= 16, width >= 16, 3)."""
    right = isinstance(frames, np.ndarray) and frames.dtype == np.uint8 and frames.ndim == 4 and frames.shape[3] == 3
    if not right or frames.shape[0] < 1 or min(frames.shape[1:3]) < 16:
        what = f"{frames.dtype} {frames.shape}" if isinstance(frames, np.ndarray) else type(frames).__name__
        raise HitmarkError(f"frames must be uint8 (frames, height >= 16, width >= 16, 3), got {what}")
