"""End-point errors and accuracies against hand-worked cases and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.point_averages import summarize_accuracies, summarize_point_errors
from hitmark.metrics.points import (
    accuracy_in_diagonals,
    end_point_errors,
    tap_vid_accuracy,
)

SIZE = (60, 80)  # diagonal 100


def off_by(distances, direction=(0.6, 0.8)) -> tuple[np.ndarray, np.ndarray]:
    """Wanted and found points (points, frames, 2) that are these distances apart."""
    wanted = np.arange(np.size(distances) * 2, dtype=float).reshape(*np.shape(distances), 2)
    return wanted, wanted + np.array(distances, dtype=float)[..., None] * np.array(direction)


def test_each_point_counts_the_same_and_hidden_entries_do_not() -> None:
    wanted, found = off_by([[50, 2, 4], [50, 10, 90], [50, 90, 90]])
    visible = np.array([[True, True, True], [True, True, False], [True, False, False]])
    errors = end_point_errors(wanted, found, SIZE, visible=visible)
    np.testing.assert_allclose(errors.by_point, [3, 10, np.nan])  # frame 1 is given
    assert errors.pixels == pytest.approx(6.5)
    assert errors.pooled == pytest.approx(16 / 3)
    assert errors.fraction == pytest.approx(0.065)
    assert (errors.points, errors.entries, errors.width) == (2, 3, 60.0)


def test_given_frames_and_stated_width() -> None:
    wanted, found = off_by([[3, 6, 9]])
    assert end_point_errors(wanted, found, SIZE, given=0).pixels == pytest.approx(6)
    assert end_point_errors(wanted, found, SIZE, given=2).pixels == pytest.approx(9)
    wide = end_point_errors(wanted, found, SIZE, width=600)
    assert (wide.pixels, wide.pooled, wide.by_point[0], wide.width) == pytest.approx((75, 75, 75, 600))
    assert wide.fraction == pytest.approx(0.075)


def test_nothing_visible_is_no_figure_and_not_zero() -> None:
    wanted, found = off_by([[1, 2]])
    hidden = np.zeros((1, 2), dtype=bool)
    errors = end_point_errors(wanted, found, SIZE, visible=hidden)
    assert math.isnan(errors.pixels)
    assert math.isnan(errors.pooled)
    assert (errors.points, errors.entries) == (0, 0)
    accuracy = tap_vid_accuracy(wanted, found, SIZE, visible=hidden)
    assert math.isnan(accuracy.mean)
    assert accuracy.entries == 0


def test_the_callers_flags_stay_as_they_are() -> None:
    visible = np.ones((1, 2), dtype=bool)
    end_point_errors(*off_by([[1, 2]]), SIZE, visible=visible)
    assert visible.all()


def test_shares_within_diagonals() -> None:
    wanted, found = off_by([[0, 0.5, 1.0, 3, 5.5]], (1, 0))
    accuracy = accuracy_in_diagonals(wanted, found, SIZE)
    assert accuracy.thresholds == (0.01, 0.05)
    assert accuracy.shares == pytest.approx((0.25, 0.75))  # 1.0 pixels are not nearer than 0.01 diagonals
    assert accuracy.mean == pytest.approx(0.5)
    assert accuracy.entries == 4
    assert accuracy_in_diagonals(wanted, found, SIZE, thresholds=[0.1], given=0).shares == (1.0,)


def test_tap_vid_scales_both_axes_to_256() -> None:
    """In a picture of 512 x 128, 12 pixels across are 6 of the grid, and 3 pixels down are 6 as well."""
    across, down = off_by([[0, 12]], (1, 0)), off_by([[0, 3]], (0, 1))
    for wanted, found in (across, down):
        accuracy = tap_vid_accuracy(wanted, found, (512, 128))
        assert accuracy.shares == (0, 0, 0, 1, 1)
        assert accuracy.mean == pytest.approx(0.4)
    exact = tap_vid_accuracy(*off_by([[0, 4]], (1, 0)), (256, 256))
    assert exact.shares == (0, 0, 0, 1, 1)  # a distance of 4 is not below 4


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 5), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_against_loops(seed, points, frames, given_frames) -> None:
    generator = np.random.default_rng(seed)
    given_frames = min(given_frames, frames - 1)
    wanted, found = generator.uniform(0, 60, (2, points, frames, 2))
    found = wanted + (found - wanted) * 0.2
    visible = generator.random((points, frames)) < 0.7
    found[~visible] = np.nan
    by_point, near, tap = [], [], []
    for point in range(points):
        distances = []
        for frame in range(given_frames, frames):
            if visible[point, frame]:
                dx, dy = wanted[point, frame] - found[point, frame]
                distances.append(math.hypot(dx, dy))
                near.append(math.hypot(dx, dy) < 0.05 * 100)
                tap.append([math.hypot(dx * 256 / 60, dy * 256 / 80) < pixels for pixels in (1, 2, 4, 8, 16)])
        by_point.append(sum(distances) / len(distances) if distances else math.nan)
    errors = end_point_errors(wanted, found, SIZE, visible=visible, given=given_frames)
    np.testing.assert_allclose(errors.by_point, by_point, rtol=1e-12)
    assert errors.entries == len(near)
    assert errors.points == sum(not math.isnan(value) for value in by_point)
    if near:
        assert errors.pixels == pytest.approx(np.nanmean(by_point))
        accuracy = accuracy_in_diagonals(wanted, found, SIZE, thresholds=[0.05], visible=visible, given=given_frames)
        assert accuracy.shares == pytest.approx((np.mean(near),))
        delta = tap_vid_accuracy(wanted, found, SIZE, visible=visible, given=given_frames)
        assert delta.shares == pytest.approx(tuple(np.mean(tap, axis=0)))
        assert delta.mean == pytest.approx(np.mean(tap))


def test_summaries_over_clips() -> None:
    clips = [off_by([[0, 2, 2]]), off_by([[0, 8, 8], [0, 16, 16]]), off_by([[0, 1, 1]])]
    hidden = np.zeros((1, 3), dtype=bool)
    flags = [None, None, hidden]
    errors = [end_point_errors(*clip, SIZE, visible=flag) for clip, flag in zip(clips, flags, strict=True)]
    summary = summarize_point_errors(errors)
    assert summary.pixels == pytest.approx((2 + 12) / 2)
    assert summary.fraction == pytest.approx(0.07)
    assert summary.by_entry == pytest.approx((2 * 2 + 2 * 8 + 2 * 16) / 6)
    assert (summary.clips, summary.without_figure, summary.points, summary.entries) == (2, 1, 3, 6)
    accuracies = [
        accuracy_in_diagonals(*clip, SIZE, thresholds=(0.05, 0.1), visible=flag)
        for clip, flag in zip(clips, flags, strict=True)
    ]
    averages = summarize_accuracies(accuracies)
    assert averages.shares == pytest.approx((0.5, 0.75))
    assert averages.mean == pytest.approx((1 + 0.25) / 2)
    assert (averages.clips, averages.without_figure, averages.entries) == (2, 1, 6)
    nothing = summarize_point_errors(errors[2:])
    assert math.isnan(nothing.pixels)
    assert math.isnan(nothing.by_entry)
    assert math.isnan(summarize_accuracies(accuracies[2:]).mean)


def test_summaries_refuse_nothing_and_what_does_not_compare() -> None:
    clip = off_by([[0, 2]])
    with pytest.raises(HitmarkError, match="one width"):
        summarize_point_errors([end_point_errors(*clip, SIZE), end_point_errors(*clip, SIZE, width=512)])
    with pytest.raises(HitmarkError, match="same thresholds"):
        summarize_accuracies([accuracy_in_diagonals(*clip, SIZE), tap_vid_accuracy(*clip, SIZE)])
    with pytest.raises(HitmarkError, match="at least one"):
        summarize_point_errors([])
    with pytest.raises(HitmarkError, match="at least one"):
        summarize_accuracies([])


POINTS = np.zeros((2, 3, 2))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"found": POINTS[:1]}, "must both be"),
        ({"wanted": POINTS[..., 0], "found": POINTS[..., 0]}, "must both be"),
        ({"found": POINTS * np.nan}, "finite"),
        ({"visible": np.ones((2, 3))}, "visible"),
        ({"visible": np.ones((3, 2), dtype=bool)}, "visible"),
        ({"size": (0, 4)}, "size"),
        ({"given": 3}, "given"),
        ({"given": -1}, "given"),
        ({"width": 0.0}, "width"),
    ],
)
def test_bad_input_names_the_field(change, word) -> None:
    with pytest.raises(HitmarkError, match=word):
        end_point_errors(**{"wanted": POINTS, "found": POINTS, "size": SIZE, **change})


def test_thresholds_must_be_positive() -> None:
    for thresholds in ((), (0.0,), (float("nan"),)):
        with pytest.raises(HitmarkError, match="thresholds"):
            accuracy_in_diagonals(POINTS, POINTS, SIZE, thresholds=thresholds)
