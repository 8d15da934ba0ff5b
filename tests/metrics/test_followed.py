from __future__ import annotations

import numpy as np
import pytest

from hitmark.metrics.followed import followed

BOXES = np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.5, 0, 1, 0.5]])
SEEN = np.ones(3, bool)


def figures(centers, found, visible=SEEN):
    return followed(BOXES, visible, np.array(centers, float), np.array(found), (64, 64))


def test_distances_count_where_it_was_found_and_guesses_everywhere():
    got = figures([[16, 16], [16, 16], [16, 48]], [True, True, False])
    assert got.found_share == 0.5
    assert got.pixels == 16
    assert got.guess == pytest.approx((16 + np.hypot(32, 32)) / 2)
    assert got.last == pytest.approx(np.hypot(32, 32))


def test_what_was_not_found_has_no_distance_even_where_it_was_wanted_still():
    still = followed(BOXES[[0, 0, 0]], SEEN, np.full((3, 2), 16.0), np.zeros(3, bool), (64, 64))
    assert still.pixels is None
    assert still.found_share == 0
    assert still.guess == 0


def test_a_subject_that_is_wanted_in_the_first_frame_alone_has_no_figures():
    got = figures(np.full((3, 2), 16.0), [True] * 3, np.array([True, False, False]))
    assert (got.found_share, got.pixels, got.guess, got.last) == (None, None, None, None)
