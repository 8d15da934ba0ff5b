"""What changes from frame to frame: flicker, identity, amount of motion, and how well frames show their text.

These take features and flow as numbers; which network gave them decides what the figures mean, so name it with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.pictures import FrameScores, check_clips, mean_scores

FASTEST_SHARE = 0.05
"""Share of the pixels, the fastest ones, whose mean speed stands for a pair of frames."""
LEAST_SPEED = 6.0 / 256.0
"""Pixels per frame at 8 frames a second, per pixel of the shorter side, above which a pair of frames moves."""


@dataclass(frozen=True)
class Flicker:
    """Difference of neighboring frames."""

    difference: float
    """Mean absolute difference over pixels, channels and pairs of frames, in levels 0..255. Smaller is steadier."""
    score: float
    """(255 - difference) / 255, as VBench states it: 1 for a still picture. Greater is steadier."""


def temporal_flicker(frames: np.ndarray) -> Flicker:
    """VBench's temporal flickering (Huang et al., CVPR 2024, arXiv:2311.17982): no flow, nothing is warped.

    It cannot tell flicker from motion: use it for clips that should stand still, or beside `dynamic_degree`.
    `frames`: uint8 (F, H, W, 3), F >= 2. Raises: HitmarkError for anything else.
    """
    check_clips(frames)
    if len(frames) < 2:
        raise HitmarkError("frames: expected at least 2, but got 1; a single picture has no flicker.")
    differences = [np.abs(later.astype(np.int16) - earlier).mean() for earlier, later in pairwise(frames)]
    difference = float(np.mean(differences))
    return Flicker(difference, (255 - difference) / 255)


def identity_similarity(features: np.ndarray, present: np.ndarray | None = None) -> FrameScores:
    """Cosine of a subject's crop features in every frame with those of its first appearance, -1..1.

    NaN in the frames up to and with its first appearance, and where it is absent; NaN as mean when it appears once or
    never. VBench's subject consistency is related, but looks at whole frames, also compares each with the one before,
    and cuts off below 0.

    `features`: float (F, width), of the crops; rows where it is absent are not read.
    `present`: bool (F,), where the subject is found; None: everywhere. Raises: HitmarkError for anything else.
    """
    features = np.asarray(features, dtype=np.float64)
    present = np.ones(len(features), dtype=bool) if present is None else np.asarray(present)
    if features.ndim != 2 or present.shape != features.shape[:1] or present.dtype != bool:
        raise HitmarkError(
            f"features and present: expected (F, width) and bool (F,), but got {features.shape} and "
            f"{present.dtype} {present.shape}."
        )
    similarity = np.full(len(features), np.nan)
    shown = np.flatnonzero(present)
    if len(shown) > 1:
        directions = _directions("features", features[shown])
        similarity[shown[1:]] = directions[1:] @ directions[0]
    return mean_scores(similarity)


def text_match(pictures: np.ndarray, text: np.ndarray) -> FrameScores:
    """100 max(cos, 0) of every frame's features with those of the text, 0..100. Greater is better.

    CLIPScore (Hessel et al., EMNLP 2021, arXiv:2104.08718) without the paper's factor of 2.5, in hundredths; cut off
    below 0 for each frame before the mean. `pictures`: float (F, width); `text`: float (width,), of the same network.
    Raises: HitmarkError for other shapes, numbers not finite, features of length 0.
    """
    pictures, text = np.asarray(pictures, dtype=np.float64), np.asarray(text, dtype=np.float64)
    if pictures.ndim != 2 or not pictures.size or text.shape != pictures.shape[1:]:
        raise HitmarkError(
            f"pictures and text: expected features (F, width) and (width,), but got {pictures.shape} and {text.shape}."
        )
    cosine = _directions("pictures", pictures) @ _directions("text", text[None])[0]
    return mean_scores(100 * cosine.clip(0))


@dataclass(frozen=True)
class DynamicDegree:
    """Whether a clip moves. The dynamic degree of a set of clips is the share of those that do."""

    moves: bool
    """At least `needed` pairs of frames are faster than `threshold`."""
    speeds: np.ndarray
    """Mean speed of the fastest 5 % of the pixels of every pair of frames, in pixels, float64 (F - 1,)."""
    threshold: float
    """In pixels."""
    needed: int
    """Pairs of frames."""


def dynamic_degree(magnitudes: np.ndarray, *, frames_per_second: float = 8.0) -> DynamicDegree:
    """VBench's dynamic degree (arXiv:2311.17982, and `vbench/dynamic_degree.py` of its code) from lengths of flow.

    A pair of frames moves when its fastest 5 % of pixels have a mean speed above 6 pixels per 256 of the shorter side,
    times 8 / frames_per_second below 8 frames a second; a clip moves when at least a quarter of its F frames do
    (F / 4 rounded, halves to the even number). VBench takes every round(fps / 8)-th frame first and has RAFT's flow.
    With 2 frames VBench asks for no pair at all and calls everything moving; here one pair is needed.

    `magnitudes`: float (F - 1, H, W), length of the flow from each frame to the next in pixels of the H x W picture.
    Raises: HitmarkError for anything else, for negative or infinite numbers.
    """
    speeds = np.asarray(magnitudes, dtype=np.float64)
    if speeds.ndim != 3 or not speeds.size or not np.isfinite(speeds).all() or (speeds < 0).any():
        raise HitmarkError(
            f"magnitudes: expected finite numbers of at least 0 in (F - 1, H, W), but got shape {speeds.shape}; "
            "take the lengths of the flow vectors."
        )
    if not frames_per_second > 0:
        raise HitmarkError(f"frames_per_second: expected a number above 0, but got {frames_per_second}.")
    pairs, height, width = speeds.shape
    chosen = max(1, int(height * width * FASTEST_SHARE))
    fastest = np.sort(speeds.reshape(pairs, -1), axis=1)[:, -chosen:].mean(axis=1)
    threshold = max(1.0, 8.0 / frames_per_second) * LEAST_SPEED * min(height, width)
    needed = max(1, round((pairs + 1) / 4))
    return DynamicDegree(bool((fastest > threshold).sum() >= needed), fastest, threshold, needed)


def _directions(name: str, features: np.ndarray) -> np.ndarray:
    """Rows (N, width) at unit length."""
    lengths = np.linalg.norm(features, axis=-1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise HitmarkError(f"{name}: expected finite feature vectors that are not all zero; look at the extractor.")
    return features / lengths
