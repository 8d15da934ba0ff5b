from __future__ import annotations

import numpy as np
import pytest

from hitmark.scene.boxes import centers, check_box, corner_boxes, in_picture, overlap, sizes, tiled_boxes


def test_a_good_box_comes_back_as_floats():
    assert check_box([0, 0, np.float32(0.5), 1]) == (0.0, 0.0, 0.5, 1.0)
    assert all(type(value) is float for value in check_box([0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ([0, 0, 1], "four finite numbers"),
        ([0, 0, 1, 1, 1], "four finite numbers"),
        ([0, 0, "1", 1], "write four numbers"),
        ([0, 0, True, 1], "write four numbers"),
        ([0, 0, float("nan"), 1], "finite"),
        ([0, 0, float("inf"), 1], "finite"),
        ([0.5, 0, 0.1, 1], "exchange the two corners"),
        ([0, 0.5, 1, 0.2], "exchange the two corners"),
        ([0, 0, 0, 1], "make the box larger"),
        ([320, 100, 400, 300], "divide pixel x by the width"),
    ],
)
def test_a_bad_box_is_refused_with_its_numbers_and_the_fix(box, says):
    with pytest.raises(ValueError, match=says):
        check_box(box)


def test_centers_and_sizes():
    boxes = np.array([[[0.1, 0.2, 0.5, 0.4]]])
    np.testing.assert_allclose(centers(boxes), [[[0.3, 0.3]]])
    np.testing.assert_allclose(sizes(boxes), [[[0.4, 0.2]]])


def test_touching_edges_do_not_overlap():
    assert overlap((0, 0, 0.5, 0.5), (0.4, 0.4, 1, 1))
    assert overlap((0, 0, 1, 1), (0.4, 0.4, 0.5, 0.5))
    assert not overlap((0, 0, 0.5, 1), (0.5, 0, 1, 1))
    assert not overlap((0, 0, 0.5, 0.5), (0.1, 0.6, 0.4, 0.9))


def test_in_picture_needs_an_area_inside():
    boxes = np.array([[-0.5, 0, 0.1, 1], [-0.5, 0, 0, 1], [1, 0, 2, 1], [0.9, 0.9, 2, 2], [0, 1, 1, 2], [0, -1, 1, 0]])
    assert in_picture(boxes).tolist() == [True, False, False, True, False, False]


def test_nine_places_four_of_them_corners():
    tiles = tiled_boxes(0.22)
    assert len(tiles) == 9
    assert tiles["top-left"] == (0.0, 0.0, 0.22, 0.22)
    np.testing.assert_allclose(tiles["center"], (0.39, 0.39, 0.61, 0.61))
    np.testing.assert_allclose(tiles["bottom-middle"], (0.39, 0.78, 0.61, 1.0))
    corners = corner_boxes(0.18)
    assert set(corners) == {"top-left", "top-right", "bottom-left", "bottom-right"}
    assert corners["bottom-right"] == (0.8200000000000001, 0.8200000000000001, 1.0, 1.0)
    names = list(tiles)
    assert not any(overlap(tiles[a], tiles[b]) for a in names for b in names if a < b)
