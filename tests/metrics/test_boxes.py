from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.metrics.boxes import box_scores

ALL = np.ones(3, dtype=bool)
WANTED = np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.5, 0, 1, 0.5]])


def test_by_hand() -> None:
    """Exact; shifted by half its width (overlap 1/3); not found."""
    seen = np.array([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [9, 9, 9, 9]])
    scores = box_scores(WANTED, seen, np.array([True, True, False]), ALL, aspect=1.0)
    assert scores.overlap == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert scores.volume_overlap == pytest.approx((0.25 + 0.125) / (0.25 + 0.375 + 0.25))
    assert scores.precise == pytest.approx(1 / 3)
    assert scores.centre_distance == pytest.approx((0 + 0.25 / np.sqrt(2) + 1) / 3)
    assert scores.found_share == pytest.approx(2 / 3)
    assert scores.covered


def test_distances_are_in_diagonals_of_the_picture() -> None:
    seen = WANTED + np.array([0.1, 0, 0.1, 0])
    wide = box_scores(WANTED, seen, ALL, ALL, aspect=16 / 9)
    assert wide.centre_distance == pytest.approx(0.1 * 16 / np.hypot(16, 9))


def test_frames_in_which_it_is_not_wanted_do_not_count() -> None:
    seen = WANTED.copy()
    seen[0] = [0.9, 0.9, 1, 1]
    scores = box_scores(WANTED, seen, ALL, np.array([False, True, True]), aspect=1.0)
    assert scores.overlap == pytest.approx(1)
    assert scores.precise == 1


def test_found_in_half_of_the_frames_is_not_covered() -> None:
    twice = np.concatenate([WANTED[:2]] * 2)
    found = np.array([True, False, True, False])
    assert not box_scores(twice, twice, found, np.ones(4, bool), 1.0).covered


def test_wrong_shapes() -> None:
    with pytest.raises(HitmarkError, match="boxes"):
        box_scores(WANTED, WANTED[:2], ALL, ALL, 1.0)
    with pytest.raises(HitmarkError, match="no frame"):
        box_scores(WANTED, WANTED, ALL, ~ALL, 1.0)
