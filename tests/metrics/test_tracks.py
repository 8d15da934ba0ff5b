"""ObjMC against distances worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.published_tracks import published_control_error
from hitmark.metrics.tracks import object_motion_control_error, summarize_control_errors

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


@given(st.integers(2, 8), st.integers(0, 10_000), st.sampled_from(["last", "skip", "guess"]))
def test_against_a_loop(frames, seed, missing):
    generator = np.random.default_rng(seed)
    wanted, found = generator.uniform(0, 50, size=(2, frames, 2))
    visible, present = generator.random((2, frames)) < 0.6
    distances, seen, first = [], [], np.flatnonzero(visible)
    place = wanted[first[0]] if len(first) else wanted[0]
    for frame in range(frames):
        if present[frame]:
            place = found[frame]
        if frame == 0 or not visible[frame]:
            continue
        seen.append(present[frame])
        if missing != "skip" or present[frame]:
            at = found[frame] if missing == "guess" else place
            distances.append(math.hypot(at[0] - wanted[frame, 0], at[1] - wanted[frame, 1]))
    error = object_motion_control_error(
        wanted, found, SIZE, visible=visible, present=present, missing=missing, width=120
    )
    assert error.frames == len(distances)
    assert error.found_share == pytest.approx(np.mean(seen) if seen else math.nan, nan_ok=True)
    mean = sum(distances) / len(distances) if distances else math.nan
    assert error.pixels == pytest.approx(2 * mean, nan_ok=True)
    assert error.fraction == pytest.approx(mean / 100, nan_ok=True)
    assert error.last == pytest.approx(2 * distances[-1] if distances else math.nan, nan_ok=True)


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
    summary = summarize_control_errors([*errors, lost])
    assert (summary.mean, summary.median, summary.fraction, summary.last) == pytest.approx((2.0, 1.0, 0.02, 2.0))
    assert (summary.count, summary.without_figure, summary.width) == (3, 1, 60.0)
    assert (summary.found_share, summary.found_in_half) == pytest.approx((0.75, 0.75))


def test_summary_refuses_nothing_and_mixed_widths():
    one = object_motion_control_error(WANTED, WANTED, SIZE)
    other = object_motion_control_error(WANTED, WANTED, SIZE, width=512)
    with pytest.raises(HitmarkError, match="at least one"):
        summarize_control_errors([])
    with pytest.raises(HitmarkError, match="one width"):
        summarize_control_errors([one, other])


def clip_of(distances: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """A clip whose points are off by these distances, each (points)(frames), along a 3-4-5 triangle."""
    wanted = np.arange(np.size(distances) * 2, dtype=float).reshape(*np.shape(distances), 2)
    return wanted, wanted + np.array(distances)[..., None] * np.array([0.6, -0.8])


def test_published_mean_is_over_all_points_frames_and_clips():
    first, second = clip_of([[0.0, 1.0], [2.0, 3.0]]), clip_of([[10.0, 20.0]])
    error = published_control_error([first, second])
    assert error.pixels == pytest.approx((0 + 1 + 2 + 3 + 10 + 20) / 6)  # frame 1 counts, and clips by their points
    assert (error.distances, error.points, error.clips, error.shortest, error.longest) == (6, 3, 2, 2, 2)


def test_published_reading_counts_what_the_strict_one_leaves_out():
    wanted, found = clip_of([[0.0, 4.0, 8.0]])
    strict = object_motion_control_error(wanted[0], found[0], SIZE, visible=np.array([True, True, False]))
    assert strict.pixels == pytest.approx(4.0)
    assert published_control_error([(wanted, found)]).pixels == pytest.approx(4.0)  # (0 + 4 + 8) / 3
    doubled = published_control_error([(wanted * 2, found * 2)])
    assert doubled.pixels == pytest.approx(8.0)  # nothing is divided by the picture's size


def test_published_reading_is_over_fourteen_frames_and_the_shorter_track():
    wanted, found = clip_of([[1.0] * 14 + [100.0] * 6])
    assert published_control_error([(wanted, found)]).pixels == pytest.approx(1.0)
    whole = published_control_error([(wanted, found), (wanted, found[:, :7])], frames=None)
    assert whole.pixels == pytest.approx((14 + 600 + 7) / 27)
    assert (whole.shortest, whole.longest, whole.distances) == (7, 20, 27)


def test_published_reading_against_a_loop():
    generator = np.random.default_rng(0)
    clips = [tuple(generator.normal(size=(2, points, 5, 2)) * 50) for points in (1, 3, 2)]
    distances = [
        ((x - u) ** 2 + (y - v) ** 2) ** 0.5
        for wanted, found in clips
        for line, other in zip(wanted, found, strict=True)
        for (x, y), (u, v) in zip(line, other, strict=True)
    ]
    assert published_control_error(clips).pixels == pytest.approx(sum(distances) / len(distances), rel=1e-12)


@pytest.mark.parametrize(
    ("clips", "word"),
    [
        ([], "no clip"),
        ([(WANTED, WANTED)], "points, frames"),
        ([(np.zeros((2, 3, 2)), np.zeros((1, 3, 2)))], "as many points"),
        ([(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)))], "at least one point"),
        ([(np.zeros((1, 3, 2)), np.zeros((1, 0, 2)))], "one frame"),
        ([(np.zeros((1, 3, 2)), np.full((1, 3, 2), np.nan))], "finite"),
    ],
)
def test_published_reading_refuses_what_has_no_mean(clips, word):
    with pytest.raises(HitmarkError, match=word):
        published_control_error(clips)
