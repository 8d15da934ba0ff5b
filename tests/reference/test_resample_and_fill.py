"""Moving and filling against loops and one dense linear system in float64."""

import numpy as np
import pytest

from hitmark.reference.fill import filled
from hitmark.reference.resample import moved, pixels_in
from tests.reference import slow


def whole(values, source, target, height, width):
    part, where = moved(values, np.array(source), np.array(target), height, width)
    result = np.zeros((height, width, values.shape[2]))
    result[where] = part
    return result


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((2.0, 1.0, 7.0, 6.0), (4.3, 2.2, 9.3, 7.2)),  # dragged
        ((2.0, 1.0, 7.0, 6.0), (1.0, 1.0, 11.0, 10.0)),  # larger
        ((0.0, 0.0, 10.0, 8.0), (3.0, 2.5, 5.5, 4.0)),  # smaller
        ((2.0, 1.0, 7.0, 6.0), (-3.0, -2.0, 2.0, 3.0)),  # leaving the picture
        ((-2.5, 1.0, 4.0, 6.0), (5.0, 1.0, 8.0, 9.0)),  # cut from beyond the edge, each side by its own scale
        ((2.0, 1.0, 7.0, 6.0), (40.0, 40.0, 45.0, 45.0)),  # gone
    ],
)
def test_moving_is_what_a_loop_over_pixels_gives(source, target):
    values = np.random.default_rng(0).random((8, 10, 4))
    np.testing.assert_allclose(
        whole(values, source, target, 9, 12), slow.moved(values, source, target, 9, 12), atol=1e-12
    )


def test_a_box_that_rests_gives_the_picture_back():
    values = np.random.default_rng(1).integers(0, 256, (7, 9, 3)).astype(float)
    np.testing.assert_allclose(whole(values, (2.3, 1.1, 6.7, 5.0), (2.3, 1.1, 6.7, 5.0), 7, 9), values, atol=1e-9)


def test_shrinking_averages_instead_of_picking():
    board = np.indices((16, 16)).sum(axis=0)[..., None] % 2 * 1.0
    small = whole(board, (0.0, 0.0, 16.0, 16.0), (0.0, 0.0, 4.0, 4.0), 4, 4)
    assert np.abs(small[1:3, 1:3] - 0.5).max() < 0.02


def test_pixels_of_a_box_have_their_middles_in_it():
    inside = pixels_in(np.array([0.25, 0.3, 0.75, 0.9]), 10, 8)
    expected = [[0.25 <= (x + 0.5) / 8 < 0.75 and 0.3 <= (y + 0.5) / 10 < 0.9 for x in range(8)] for y in range(10)]
    assert (inside == expected).all()


@pytest.mark.parametrize("seed", range(4))
def test_filling_solves_the_equation_of_a_soap_film(seed):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (17, 23, 3))
    hole = np.zeros((17, 23), bool)
    hole[3:12, 5:20] = True
    hole[10:17, 0:4] = True  # at the picture's corner
    hole[rng.random(hole.shape) < 0.1] = True
    hole[0, 0] = False
    given = picture.copy()
    given[hole] = 999  # what lies in the hole is not looked at
    result = filled(given, hole)
    assert (result[~hole] == picture[~hole]).all()
    assert np.abs(result - slow.filled(picture, hole)).max() < 0.25  # gray levels


def test_filling_a_large_hole_reaches_its_middle():
    picture = np.broadcast_to(np.linspace(0, 200, 160)[None, :, None], (120, 160, 1)).copy()
    hole = np.zeros((120, 160), bool)
    hole[10:110, 10:150] = True
    ramp = filled(np.where(hole[..., None], 0, picture), hole)
    assert np.abs(ramp - picture).max() < 1.0


def test_nothing_to_fill_and_nothing_to_fill_from():
    picture = np.arange(24.0).reshape(2, 4, 3)
    assert (filled(picture, np.zeros((2, 4), bool)) == picture).all()
    assert (filled(picture, np.ones((2, 4), bool)) == picture).all()
