"""The observer of the sprite world: finds one named sprite in a clip, or says that it is not there.

Three stages. Everywhere: how well the drawing explains the picture, over all places and 11 sizes (`matching`), gives
the best places of each frame, refined below a pixel. Over time: the path through these that explains most, at a cost
for each step. Exactly: place and size along the path are refined again, on the larger picture if there is one.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from hitmark.observers.detections import Candidates, Detections, best_path, check_frames
from hitmark.observers.matching import Drawing, dense_quality, drawing, quality, sampled_shares
from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.textures import extent

SMALLEST, LARGEST, RATIO = 0.15, 0.64, 1.15
"""Cell sides that are tried, in shorter sides of the picture."""
COARSE, FINE = 64, 128
"""Shorter side at which places are searched and refined; larger frames are reduced."""
KEPT = (6, 4)
"""Candidates of a frame: by `quality`, by correlation."""
MOVE, RESIZE, JUMP = 0.6, 0.3, 0.4
"""Cost of a step of one shorter side, of an e-fold of size, and the most that a step costs (`best_path`)."""
FRAME_SCORE, CLIP_SCORE = 0.9, 1.12
"""Scores from which a sprite counts as found: in a frame, and of the better half of the clip's frames. Set on seeds of
the `tune` split, plain and softened as `prove.soften` does."""


def find_sprite(frames: np.ndarray, name: str, color: str | tuple[float, float, float] | None = None) -> Detections:
    """Where the sprite `name` is in every frame of `frames`, uint8 (frames, height, width, 3).

    `color`: a name of `sprites.COLORS`, an RGB triple in 0..1, or None for the sprite's own color. Returns centers of
    the drawing's box (not of its cell), sizes = side of the sprite's square cell, `score` = how well drawing and
    picture agree (`_score`; up to 1.6) and `found`: the score is at least FRAME_SCORE and that of the better half of
    the frames is at least CLIP_SCORE on average. If the sprite is in the clip twice, one of the two is followed.
    HitmarkError for frames of another kind and for an unknown sprite or color.
    """
    check_frames(frames)
    sprite = drawing(name, color)
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    path, score = _followed(_reduced(pictures, COARSE), _reduced(pictures, FINE), sprite)
    path = path * (frames.shape[2] / _reduced(pictures[:1], FINE).shape[3])
    centers = path[:, :2] + path[:, 2:] * np.array(sprite.middle)
    better = np.sort(score)[len(score) // 2 :].mean()
    return Detections(centers, path[:, 2], (score >= FRAME_SCORE) & (better >= CLIP_SCORE), score)


def sprite_of(phrase: str) -> tuple[str, str | None] | None:
    """Name and color of the sprite that a phrase such as "red car" or "the cat" means; None where it means none."""
    words = [word for word in phrase.lower().split() if word not in ("a", "an", "the")]
    if not words or words[-1] not in load_atlas().names or len(words) > 2:
        return None
    if len(words) == 1:
        return words[0], None
    return (words[1], words[0]) if words[0] in COLORS else None


def sprite_boxes(seen: Detections, name: str) -> np.ndarray:
    """Boxes of the drawing, float64 (frames, 4) `x0, y0, x1, y1` in pixels, of what `find_sprite` found of a name."""
    left, top, right, bottom = extent(name)
    half = seen.sizes[:, None] * np.array([right - left, bottom - top]) / 2
    return np.concatenate([seen.centers - half, seen.centers + half], axis=1)


def _followed(coarse: torch.Tensor, fine: torch.Tensor, sprite: Drawing) -> tuple[np.ndarray, np.ndarray]:
    """The best path (frames, 3) of x, y of the cell's middle and its side, in pixels of `fine`, and its scores."""
    state = _refined(coarse, sprite, _search(coarse, sprite), 2)
    value = quality(sampled_shares(coarse, sprite, state))
    candidates = Candidates(state[..., :2].numpy(), state[..., 2].numpy(), value.numpy())
    chosen = best_path(candidates, min(coarse.shape[2:]), MOVE, RESIZE, JUMP)
    path = state[torch.arange(len(state)), torch.from_numpy(chosen)][:, None]
    path = _refined(fine, sprite, path * (fine.shape[3] / coarse.shape[3]), 4)
    score = _score(sampled_shares(fine, sprite, path))[:, 0]
    return path[:, 0].double().numpy(), score.double().numpy()


def _score(shares: torch.Tensor) -> torch.Tensor:
    """Whether it is there at all: the pattern counts more and the ground less than for *where* it is (`quality`)."""
    inside, ring, flat, part, correlation = shares.unbind(-1)
    return inside - 0.2 * ring - 0.25 * flat - 0.1 * (1 - part) + 0.6 * correlation


def _reduced(pictures: torch.Tensor, shorter: int) -> torch.Tensor:
    """The pictures with their shorter side at most `shorter` pixels."""
    height, width = pictures.shape[2:]
    if min(height, width) <= shorter:
        return pictures
    factor = shorter / min(height, width)
    return F.interpolate(pictures, (round(height * factor), round(width * factor)), mode="area")


def _sides(shorter: int) -> list[int]:
    """Whole cell sides from SMALLEST to LARGEST of the shorter side, each about RATIO times the one before."""
    count = int(np.ceil(np.log(LARGEST / SMALLEST) / np.log(RATIO)))
    return sorted({round(shorter * SMALLEST * RATIO**step) for step in range(count + 1)})


def _search(pictures: torch.Tensor, sprite: Drawing) -> torch.Tensor:
    """The best places of every frame over all sizes: (frames, sum of KEPT, 3), x, y of the cell's middle, its side."""
    found = []
    sides = _sides(min(pictures.shape[2:]))
    for side, score in zip(sides, dense_quality(pictures, sprite, sides), strict=True):
        peak = F.max_pool2d(score, 5, 1, 2)
        values, index = torch.where(score == peak, score, -9.0).flatten(2).topk(max(KEPT))
        extra = score.shape[3] - pictures.shape[3]
        x = index % score.shape[3] - (extra - 1) / 2
        y = index // score.shape[3] - (extra - 1) / 2
        found.append(torch.stack([x, y, torch.full_like(x, float(side)), values], dim=-1))
    everything = torch.cat(found, dim=2)
    chosen = [[_apart(places, kept) for places in kind] for kind, kept in zip(everything, KEPT, strict=True)]
    return torch.cat([torch.stack(kind) for kind in chosen], dim=1)


def _apart(places: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` best of (N, 4) places x, y, side, score, none of nearly the same place and size: (count, 3)."""
    places = places[places[:, 3].argsort(descending=True)][: 8 * count]
    away = torch.cdist(places[:, :2], places[:, :2]) / places[:, 2]
    growth = (places[:, 2].log()[:, None] - places[:, 2].log()).abs()
    near = ((away < 0.2) & (growth < 0.3)).tolist()
    kept: list[int] = []
    for index in range(len(places)):
        if not any(near[index][other] for other in kept):
            kept.append(index)
    kept = (kept + [kept[-1]] * count)[:count]
    return places[kept, :3]


def _refined(pictures: torch.Tensor, sprite: Drawing, state: torch.Tensor, rounds: int) -> torch.Tensor:
    """The state (frames, k, 3) moved uphill: each round a parabola along x, y and size, with a shrinking reach."""
    steps = torch.cat([torch.zeros(1, 3), torch.eye(3), -torch.eye(3)])
    for number in range(rounds):
        reach = 0.6**number * (state[..., 2:] * 0.04).clamp(0.5, 3)
        unit = torch.cat([reach, reach, 2 * reach / state[..., 2:]], dim=-1)
        tried = _moved(state[..., None, :], steps * unit[..., None, :])
        value = quality(sampled_shares(pictures, sprite, tried.flatten(1, 2))).unflatten(1, (-1, 7))
        here, more, less = value[..., :1], value[..., 1:4], value[..., 4:]
        bend = more + less - 2 * here
        vertex = (0.5 * (less - more) / bend.clamp(max=-1e-4)).clamp(-1, 1)
        state = _moved(state, unit * torch.where(bend < -1e-4, vertex, torch.sign(more - less)))
    return state


def _moved(state: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """The state moved by (x, y, logarithm of the size)."""
    return torch.cat([state[..., :2] + by[..., :2], state[..., 2:] * by[..., 2:].exp()], dim=-1)
