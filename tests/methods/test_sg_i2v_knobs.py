"""The knobs, the step window and the boxes of SG-I2V."""

import numpy as np
import pytest
import torch

from hitmark.control import Layout, Step
from hitmark.errors import HitmarkError
from hitmark.methods import METHODS, build
from hitmark.methods.box_features import alignment_loss, box_matches
from hitmark.methods.sg_i2v import SGI2V
from hitmark.scene.tracks import Track


def step(index, count):
    return Step(index, count, 1.0, 1.0, None, False, None)


@pytest.mark.parametrize(
    ("count", "active"), [(50, range(5, 21)), (25, range(3, 11)), (20, range(2, 9)), (100, range(10, 42))]
)
def test_the_window_is_the_papers(count, active):
    knobs = SGI2V()
    assert [index for index in range(count) if step(index, count).within(knobs.start, knobs.stop)] == list(active)


def test_paper_defaults():
    knobs = SGI2V()
    assert (knobs.iterations, knobs.learning_rate, knobs.weight_decay) == (5, 0.21, 0.01)
    assert knobs.gradient_every == 1
    assert (knobs.gaussian_sigma, knobs.merge_cutoff, knobs.features) == (0.4, 0.5, "first-frame")


@pytest.mark.parametrize(
    ("knobs", "match"),
    [
        ({"start": -0.1}, "start must be a number from 0 to 1, but got -0.1"),
        ({"start": 0.5, "stop": 0.2}, "start must not be after stop"),
        ({"iterations": 2.5}, "iterations must be a whole number"),
        ({"gradient_every": 0}, "gradient_every must be a whole number"),
        ({"iterations": True}, "iterations must be a whole number"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"learning_rate": None}, "learning_rate must be a number"),
        ({"gaussian_sigma": 0}, "gaussian_sigma must be a number"),
        ({"features": "temporal"}, "features must be 'first-frame' or 'self'"),
        ({"layers": 7}, "layers must be"),
        ({"layers": [2.1]}, "layers must be"),
        ({"stopp": 1}, r"Unknown knob 'stopp' of method 'sg-i2v' \(did you mean 'stop'\?\); it has: start, stop"),
    ],
)
def test_bad_knobs(knobs, match):
    with pytest.raises(HitmarkError, match=match):
        build("sg-i2v", knobs)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ((None,), "method: expected a name, such as 'sg-i2v', got None; there are: none, sg-i2v"),
        ((["sg-i2v"],), r"method: expected a name.*got \['sg-i2v'\]"),
        (("sg-i2v", [3]), r"knobs: expected a table of names and values, such as \{'iterations': 5\}, got \[3\]"),
        (("sg-i2v", "iterations=3"), "knobs: expected a table.*got 'iterations=3'"),
    ],
)
def test_what_is_no_name_or_no_table_is_told(given, match):
    with pytest.raises(HitmarkError, match=match):
        build(*given)


def test_methods_by_name():
    assert build("none") == []
    assert build("sg-i2v", {"iterations": 3}) == [SGI2V(iterations=3)]
    assert set(METHODS) >= {"none", "sg-i2v"}
    with pytest.raises(HitmarkError, match=r"Unknown method 'sgi2v' \(did you mean 'sg-i2v'\?\)"):
        build("sgi2v")
    with pytest.raises(HitmarkError, match="it has: none at all"):
        build("none", {"start": 0.2})


def layout(boxes, visible=None, height=8, width=12):
    boxes = np.array(boxes, dtype=float) / [width, height, width, height]
    shown = np.ones(len(boxes), bool) if visible is None else np.array(visible)
    return Layout(len(boxes), height, width, 8, (Track("a", "subject", None, 0, boxes, shown),))


def test_matches_leave_out_what_is_not_seen():
    scene = layout([[1, 1, 4, 4], [2, 1, 5, 4], [10, 1, 13, 4], [14, 1, 17, 4]], [True, False, True, True])
    (match,) = box_matches(scene)
    assert (match.frame, match.source, match.box, match.inside) == (2, (1, 1, 4, 4), (10, 1, 13, 4), (10, 1, 12, 4))


def test_a_subject_that_enters_late_takes_its_look_from_its_box_in_the_first_picture():
    scene = layout([[1, 1, 4, 4], [2, 1, 5, 4], [3, 1, 6, 4]], [False, False, True])
    SGI2V().check(scene)
    assert [match.frame for match in box_matches(scene)] == [2]


def test_features_that_already_follow_the_box_have_no_loss():
    boxes = [[1, 1, 4, 5], [2, 2, 5, 6], [6, 3, 9, 7]]
    scene = layout(boxes)
    features = torch.randn(3, 5, 8, 12, generator=torch.Generator().manual_seed(0))
    matches = box_matches(scene)
    assert alignment_loss([features], matches, scene, 0.4) > 0.1
    for frame, (x0, y0, x1, y1) in enumerate(boxes):
        features[frame, :, y0:y1, x0:x1] = features[0, :, 1:5, 1:4]
    assert alignment_loss([features], matches, scene, 0.4) == 0


def test_without_weights_every_cell_counts_the_same():
    scene = layout([[0, 0, 2, 2], [4, 4, 6, 6]])
    features = torch.zeros(2, 1, 8, 12)
    features[1, :, 4, 4] = 2.0
    assert alignment_loss([features], box_matches(scene), scene, None).item() == pytest.approx(1.0)
