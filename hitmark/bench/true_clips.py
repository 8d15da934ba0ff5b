"""What the Frechet distance of text-to-video clips is taken to: painted clips of scenes of the same kinds."""

from __future__ import annotations

import numpy as np

REFERENCE_CLIPS = 512
"""Painted clips that the Frechet distance compares with, of as many scenes from the end of the split."""


def reference_features(split: str, count: int = REFERENCE_CLIPS, skip: int = 0) -> np.ndarray:
    """Features (count, width) of the true clips of scenes: the last of the split, without the `skip` very last."""
    from hitmark.sprites.perceptual import clip_features, load_perceptual
    from hitmark.sprites.text_scenes import text_scene, true_clip
    from hitmark.sprites.world import SPLITS, text_world

    world, network, stop = text_world(), load_perceptual(), SPLITS[split][1] - skip
    clips = (true_clip(text_scene(seed), world) for seed in range(stop - count, stop))
    return np.stack([clip_features(clip, network) for clip in clips])


def true_distance(split: str, count: int, reference: np.ndarray) -> float:
    """Frechet distance of `count` other true clips: what is left of it for a model that is perfect."""
    from hitmark.metrics.frechet import FeatureMoments, frechet_distance

    features = reference_features(split, count, skip=len(reference))
    return frechet_distance(FeatureMoments().add(features), FeatureMoments().add(reference))
