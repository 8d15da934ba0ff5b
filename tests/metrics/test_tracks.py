"""ObjMC against distances worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.metrics.tracks import object_motion_control_error, summarise_control_errors

WANTED = np.array([[10.0, 10.0], [20.0, 10.0], [30.0, 10.0], [40.0, 10.0]])
SIZE = (60, 80)  # diagonal 100


def test_mean_over_frames_two_to_last_in_pixels_and_diagonals():
    found = WANTED + np.array([[50.0, 0.0], [3.0, 4.0], [0.0, 0.0], [6.0, 8.0]])
    error = object_motion_control_error(WANTED, found, SIZE)
    assert error.pixels == pytest.approx(5.0)  # (5 + 0 + 10) / 3; the 50 of frame 1 does not count
    assert error.fraction == pytest.approx(0.05)
    assert (error.last, error.found_share, error.frames, error.width) == (10.0, 1.0, 3, 60.0)


def test_stated_width_rescales_pixels_only():
    found = WANTED + np.array([3.0, 4.0])
    error = object_motion_control_error(WANTED, found, SIZE, width=600)
    assert (error.pixels, error.last, error.width) == pytest.approx((50.0, 50.0, 600.0))
    assert error.fraction == pytest.approx(0.05)


def test_missing_last_counts_from_the_last_place_and_skip_leaves_out():
    found = np.full((4, 2), np.nan)
    found[:2] = WANTED[:2]
    present = np.array([True, True, False, False])
    last = object_motion_control_error(WANTED, found, SIZE, present=present)
    assert (last.pixels, last.last, last.frames) == pytest.approx((10.0, 20.0, 3))  # (0 + 10 + 20) / 3
    assert last.found_share == pytest.approx(1 / 3)
    skip = object_motion_control_error(WANTED, found, SIZE, present=present, missing="skip")
    assert (skip.pixels, skip.frames, skip.found_share) == pytest.approx((0.0, 1, 1 / 3))


def test_missing_guess_counts_every_guess():
    found = WANTED + np.array([0.0, 6.0])
    present = np.array([True, False, False, True])
    guess = object_motion_control_error(WANTED, found, SIZE, present=present, missing="guess")
    assert (guess.pixels, guess.frames, guess.found_share) == pytest.approx((6.0, 3, 1 / 3))
    found[2] = np.nan
    with pytest.raises(HitmarkError, match="finite"):
        object_motion_control_error(WANTED, found, SIZE, present=present, missing="guess")


def test_never_found_counts_from_the_first_wanted_place():
    nothing = np.zeros(4, dtype=bool)
    found = np.full((4, 2), np.nan)
    assert object_motion_control_error(WANTED, found, SIZE, present=nothing).pixels == pytest.approx(20.0)
    skipped = object_motion_control_error(WANTED, found, SIZE, present=nothing, missing="skip")
    assert np.isnan(skipped.pixels)
    assert skipped.found_share == 0


def test_frames_where_it_is_not_wanted_never_count():
    found = WANTED + np.array([[0.0, 0.0], [0.0, 5.0], [0.0, 90.0], [0.0, 1.0]])
    error = object_motion_control_error(WANTED, found, SIZE, visible=np.array([True, True, False, True]))
    assert (error.pixels, error.frames) == pytest.approx((3.0, 2))
    late = object_motion_control_error(WANTED, found, SIZE, visible=np.array([True, False, False, False]))
    assert np.isnan(late.pixels)
    assert np.isnan(late.found_share)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"found": WANTED[:3]}, "same"),
        ({"wanted": WANTED[:, :1]}, "wanted"),
        ({"wanted": WANTED * np.nan}, "finite"),
        ({"size": (0, 5)}, "positive"),
        ({"width": -1.0}, "positive"),
        ({"missing": "drop"}, "missing"),
        ({"visible": np.ones(4)}, "visible"),
        ({"present": np.ones(3, dtype=bool)}, "present"),
    ],
)
def test_bad_input_names_the_field(change, word):
    with pytest.raises(HitmarkError, match=word):
        object_motion_control_error(**{"wanted": WANTED, "found": WANTED, "size": SIZE, **change})


def test_summary():
    errors = [object_motion_control_error(WANTED, WANTED + np.array([0.0, d]), SIZE) for d in (0.0, 1.0, 5.0)]
    lost = object_motion_control_error(WANTED, WANTED, SIZE, present=np.zeros(4, dtype=bool), missing="skip")
    summary = summarise_control_errors([*errors, lost])
    assert (summary.mean, summary.median, summary.fraction, summary.last) == pytest.approx((2.0, 1.0, 0.02, 2.0))
    assert (summary.count, summary.without_figure, summary.width) == (3, 1, 60.0)
    assert (summary.found_share, summary.found_in_half) == pytest.approx((0.75, 0.75))


def test_summary_refuses_nothing_and_mixed_widths():
    one = object_motion_control_error(WANTED, WANTED, SIZE)
    other = object_motion_control_error(WANTED, WANTED, SIZE, width=512)
    with pytest.raises(HitmarkError, match="at least one"):
        summarise_control_errors([])
    with pytest.raises(HitmarkError, match="one width"):
        summarise_control_errors([one, other])
