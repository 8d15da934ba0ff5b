"""Scenes: what moves where and when. The JSON schema, boxes over time, and their cells on a model's grid."""

from __future__ import annotations

from hitmark.scene.grid import clip_cells, gaussian_weights, latent_cells, pixel_boxes, region_labels
from hitmark.scene.problems import SceneError
from hitmark.scene.schema import SCHEMA_VERSION, Anchor, Camera, Easing, Keyframe, MethodChoice, Scene, Subject
from hitmark.scene.tracks import Track, evaluate

__all__ = [
    "SCHEMA_VERSION",
    "Anchor",
    "Camera",
    "Easing",
    "Keyframe",
    "MethodChoice",
    "Scene",
    "SceneError",
    "Subject",
    "Track",
    "clip_cells",
    "evaluate",
    "gaussian_weights",
    "latent_cells",
    "pixel_boxes",
    "region_labels",
]
