"""On the embedded trained model and held-out scenes: what a prompt names comes to its box.

The judge is `find_sprite`, which is not told where to look. Margins leave room around what was measured (run with -s):
0.27 of the distance and 0.29 more overlap with Peekaboo, 0.22 and 0.37 with IVG-DA.
"""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.backbones.loading import load_pipeline
from hitmark.metrics.boxes import box_scores
from hitmark.observers.sprites import find_sprite, sprite_boxes
from hitmark.run.generate import generate
from hitmark.run.result import Result
from hitmark.scene.schema import MethodChoice
from hitmark.sprites.text_scenes import TextScene, text_scenes

# No limit of time: a slow processor may take what it needs, and nothing here can hang.
pytestmark = [pytest.mark.efficacy, pytest.mark.timeout(0)]

SCENES = 2  # one curved, and one with two things, which move straight, in opposite directions, and far
FIRST = 203
STEPS = 6  # of denoising; the model's own 20 cost three times as much

Scores = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def scores() -> Scores:
    """By method, of every subject: distance of the center in diagonals, and overlap.

    In float32: a processor without instructions for bfloat16 takes minutes for a clip in it.
    """
    pipeline = load_pipeline("sprites-t2v", dtype="float32", device="cpu")
    scenes = list(text_scenes(SCENES, first=FIRST))

    def of(method: str) -> tuple[np.ndarray, np.ndarray]:
        chosen = MethodChoice(name=method)
        found = [
            scored(made, generate(made.scene.replace(method=chosen), pipe=pipeline, steps=STEPS)) for made in scenes
        ]
        return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])

    return {method: of(method) for method in ("none", "peekaboo", "ivg-da")}


def scored(made: TextScene, result: Result) -> tuple[list[float], list[float]]:
    """Center distance and overlap of a clip's subjects, by the observer's best guess in every frame."""
    distances, overlaps = [], []
    for (name, color), track in zip(made.sprites, result.tracks, strict=True):
        seen = find_sprite(result.frames, name, color)
        boxes = sprite_boxes(seen, name) / 64
        found = box_scores(track.boxes, boxes, np.ones_like(seen.found), track.visible, 1.0)
        distances.append(found.center_distance)
        overlaps.append(found.overlap)
    return distances, overlaps


@pytest.mark.parametrize(("method", "share", "more"), [("peekaboo", 0.8, 0.05), ("ivg-da", 0.4, 0.25)])
def test_what_is_named_comes_to_its_box(scores: Scores, method: str, share: float, more: float) -> None:
    """On 64 other scenes: 0.65 of the distance and 0.19 more overlap; 0.24 and 0.44 (docs/methods/ivg-da.md)."""
    free, controlled = scores["none"], scores[method]
    print(method, "distance:", free[0].mean(), controlled[0].mean(), "overlap:", free[1].mean(), controlled[1].mean())
    print("of each:", free[0].round(3), controlled[0].round(3), free[1].round(3), controlled[1].round(3))
    assert controlled[0].mean() < share * free[0].mean()
    assert controlled[1].mean() > free[1].mean() + more
