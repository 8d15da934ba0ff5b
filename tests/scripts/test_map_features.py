"""Figures of the map of features, on features that were made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hitmark.control import Layout, SelfAttention
from hitmark.methods.box_features import box_matches
from hitmark.scene import Track
from scripts.map_features import judged

SIDE = 8
PLACES = ((0, 0), (4, 5), (1, 0))
"""Left and top cell of a thing of 2 x 2 cells by frame; in the last it has hardly moved."""


def layout() -> Layout:
    boxes = np.array([[x, y, x + 2, y + 2] for x, y in PLACES], float) / SIDE
    return Layout(3, SIDE, SIDE, 8, (Track("a", "subject", None, 0, boxes, np.ones(3, bool)),))


def features(knows: bool) -> SelfAttention:
    """Cells of the thing look for what its cells in the first frame have; or every place looks for itself."""
    content = torch.zeros(3, SIDE, SIDE, dtype=torch.long)
    for frame, (x, y) in enumerate(PLACES):
        content[frame, y : y + 2, x : x + 2] = 1
    if not knows:
        content[:] = content[0].clone()
    codes = 100 * torch.eye(2)[content].reshape(3, 1, SIDE * SIDE, 2)
    return SelfAttention("0", codes, codes[:1], codes[:1], SIDE, SIDE)


def test_features_that_know_the_thing_hit_and_point_to_it() -> None:
    scene = layout()
    hits, chance, here, there = judged(features(True), box_matches(scene), scene)
    assert hits == 1
    assert chance == pytest.approx(4 / 64)  # of the frame in which it is away; that in which it stayed does not count
    assert here < 0.01 * there


def test_features_that_know_the_place_only_miss_and_point_back() -> None:
    scene = layout()
    hits, _, here, there = judged(features(False), box_matches(scene), scene)
    assert hits == 0
    assert there < 0.01 * here


def test_a_thing_that_stays_has_no_figures() -> None:
    scene = layout()
    stays = [match for match in box_matches(scene) if match.frame == 2]
    assert np.isnan(judged(features(True), stays, scene)).all()
