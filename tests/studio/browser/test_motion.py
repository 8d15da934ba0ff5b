"""The page draws paths with arithmetic of its own: it must be that of hitmark.scene."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.scene import Scene, evaluate

EASINGS = ("linear", "in", "out", "in-out", "hold")
SCENES = 300
EVALUATE = """async (orders) => {
  const { tracks } = (await import("/assets/page.js")).of("scene/motion.js");
  return JSON.stringify(JSON.parse(orders).map(([scene, frames]) => tracks(scene, frames)));
}"""


def random_box(random):
    x, y = random.uniform(-0.3, 0.9, 2)
    width, height = random.uniform(0.02, 0.5, 2)
    return [x, y, x + width, y + height]


def random_subject(random, number):
    count = int(random.integers(1, 7))
    times = np.sort(random.uniform(0, 1, count))
    if random.random() < 0.5:
        times[0], times[-1] = 0, 1 if count > 1 else times[-1]
    keyframes = [
        {"time": float(time), "box": random_box(random), "easing": str(random.choice(EASINGS))} for time in times
    ]
    for before, after in itertools.pairwise(keyframes):
        if random.random() < 0.2:
            after["box"] = before["box"]  # a pause
    visible = sorted(random.uniform(0, 1, 2).tolist()) if random.random() < 0.3 else [0, 1]
    path = str(random.choice(["straight", "smooth"]))
    more = {"path": path, "visible": visible, "depth": int(random.integers(-3, 4))}
    return {"name": f"thing {number}", "keyframes": keyframes, **more}


def random_scene(random):
    scene = {"subjects": [random_subject(random, number) for number in range(random.integers(0, 5))]}
    if random.random() < 0.4:
        scene["anchors"] = [{"name": "rock", "box": random_box(random)}]
    kind = random.integers(3)
    if kind == 1:
        scene["pin_camera"] = True
    if kind == 2:
        easing = str(random.choice(EASINGS[:4]))
        scene["camera"] = {
            "pan": random.uniform(-1, 1, 2).tolist(),
            "zoom": float(random.uniform(0.3, 3)),
            "easing": easing,
        }
    return scene


def valid_scenes(random):
    found = []
    while len(found) < SCENES:
        scene, frames = random_scene(random), int(random.integers(2, 30))
        try:
            found.append((scene, frames, evaluate(Scene.from_dict(scene), frames)))
        except HitmarkError:
            continue
    return found


def evaluated(asked, orders):
    """The tracks as the page's module computes them."""
    return json.loads(asked.page.evaluate(EVALUATE, json.dumps(orders)))


def test_motion_is_that_of_python(asked):
    orders = valid_scenes(np.random.default_rng(5))
    kinds = {track.kind for _, _, expected in orders for track in expected}
    assert kinds == {"subject", "anchor", "camera"}
    answers = evaluated(asked, [[scene, frames] for scene, frames, _ in orders])
    for (scene, _, expected), found in zip(orders, answers, strict=True):
        assert [track["name"] for track in found] == [track.name for track in expected], scene
        for track, given in zip(expected, found, strict=True):
            assert (given["kind"], given["phrase"], given["depth"]) == (track.kind, track.phrase, track.depth)
            np.testing.assert_allclose(given["boxes"], track.boxes, rtol=0, atol=1e-9, err_msg=str(scene))
            assert given["visible"] == track.visible.tolist(), scene


def test_a_hand_computed_quarter(asked):
    done = {"linear": 0.25, "in": 0.0625, "out": 0.4375, "in-out": 0.125, "hold": 0}
    first, last = [0, 0, 0.2, 0.2], [0.8, 0.4, 1, 0.6]
    orders = []
    for easing in EASINGS:
        keyframes = [{"time": 0, "box": first, "easing": easing}, {"time": 1, "box": last}]
        orders.append([{"subjects": [{"name": "a", "keyframes": keyframes}]}, 5])
    for easing, (track,) in zip(EASINGS, evaluated(asked, orders), strict=True):
        share = done[easing]
        assert track["boxes"][1] == pytest.approx([0.8 * share, 0.4 * share, 0.2 + 0.8 * share, 0.2 + 0.4 * share])
