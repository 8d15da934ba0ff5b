from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.boxes import BoxAverages, BoxScores, box_scores, frame_overlaps

ALL = np.ones(3, dtype=bool)
WANTED = np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.5, 0, 1, 0.5]])


def test_by_hand() -> None:
    """Exact; shifted by half its width (overlap 1/3); not found."""
    seen = np.array([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [9, 9, 9, 9]])
    scores = box_scores(WANTED, seen, np.array([True, True, False]), ALL, aspect=1.0)
    assert scores.overlap == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert scores.volume_overlap == pytest.approx((0.25 + 0.125) / (0.25 + 0.375 + 0.25))
    assert scores.precise == pytest.approx(1 / 3)
    assert scores.center_distance == pytest.approx((0 + 0.25 / np.sqrt(2) + 1) / 3)
    assert scores.found_share == pytest.approx(2 / 3)
    assert scores.covered


def test_distances_are_in_diagonals_of_the_picture() -> None:
    seen = WANTED + np.array([0.1, 0, 0.1, 0])
    wide = box_scores(WANTED, seen, ALL, ALL, aspect=16 / 9)
    assert wide.center_distance == pytest.approx(0.1 * 16 / np.hypot(16, 9))


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


def slow_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Cells of a grid that both hold, over those that one holds; edges are whole numbers."""
    cells = []
    for x0, y0, x1, y1 in (first, second):
        cells.append({(x, y) for x in range(round(x0), round(x1)) for y in range(round(y0), round(y1))})
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


def slow_areas(wanted: np.ndarray, seen: np.ndarray, *, found: bool) -> tuple[int, int]:
    """Cells that both hold, and that one of them holds; what is not found holds none."""
    cells = []
    for x0, y0, x1, y1 in (wanted, seen) if found else (wanted,):
        cells.append({(x, y) for x in range(round(x0), round(x1)) for y in range(round(y0), round(y1))})
    return (len(cells[0] & cells[1]), len(cells[0] | cells[1])) if found else (0, len(cells[0]))


edges = st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 5), st.integers(1, 5))


@given(st.lists(st.tuples(edges, edges, st.booleans(), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_against_cells_counted_one_by_one(rows) -> None:
    wanted, seen = (
        np.array([(x, y, x + w, y + h) for x, y, w, h in (row[which] for row in rows)]) / 16 for which in (0, 1)
    )
    found = np.array([row[2] for row in rows])
    visible = np.array([row[3] for row in rows])
    visible[0] = True
    counted = [
        slow_overlap(wanted[frame] * 16, seen[frame] * 16) if found[frame] else 0.0 for frame in range(len(rows))
    ]
    np.testing.assert_allclose(frame_overlaps(wanted, seen, found), counted, atol=1e-12)
    scores = box_scores(wanted, seen, found, visible, 1.5)
    assert scores.overlap == pytest.approx(np.mean(np.array(counted)[visible]))
    assert scores.precise == pytest.approx(np.mean(np.array(counted)[visible] >= 0.5))  # edges are sixteenths: exact
    assert scores.frames == visible.sum()
    volumes = [
        slow_areas(wanted[frame] * 16, seen[frame] * 16, found=bool(found[frame])) for frame in np.flatnonzero(visible)
    ]
    assert scores.volume_overlap == pytest.approx(sum(each[0] for each in volumes) / sum(each[1] for each in volumes))
    gaps = [
        math.hypot(
            *(
                (wanted[f, side] + wanted[f, side + 2] - seen[f, side] - seen[f, side + 2]) / 2 * scale
                for side, scale in ((0, 1.5), (1, 1.0))
            )
        )
        / math.hypot(1.5, 1)
        if found[f]
        else 1.0
        for f in np.flatnonzero(visible)
    ]
    assert scores.center_distance == pytest.approx(sum(gaps) / len(gaps))


def test_distance_where_found_only() -> None:
    seen = WANTED + np.array([0.3, 0.4, 0.3, 0.4])
    seen[2] = np.nan
    scores = box_scores(WANTED, seen, np.array([True, True, False]), ALL, aspect=1.0)
    assert scores.found_distance == pytest.approx(0.5 / np.sqrt(2))
    assert scores.center_distance == pytest.approx((1 / np.sqrt(2) + 1) / 3)
    nowhere = box_scores(WANTED, seen, ~ALL, ALL, aspect=1.0)
    assert np.isnan(nowhere.found_distance)
    assert nowhere.center_distance == 1


def test_numbers_that_are_not_finite_are_refused_where_they_count() -> None:
    broken = WANTED.copy()
    broken[1, 2] = np.nan
    with pytest.raises(HitmarkError, match="finite"):
        box_scores(WANTED, broken, ALL, ALL, 1.0)
    with pytest.raises(HitmarkError, match="finite"):
        frame_overlaps(broken, WANTED)
    assert box_scores(broken, broken, ALL, np.array([True, False, True]), 1.0).overlap == 1
    with pytest.raises(HitmarkError, match="aspect"):
        box_scores(WANTED, WANTED, ALL, ALL, float("nan"))


def entry(found_frames: int, frames: int = 4) -> BoxScores:
    wanted = np.tile(np.array([0.0, 0.0, 0.5, 0.5]), (frames, 1))
    seen = np.tile(np.array([0.0, 0.0, 0.5, 0.25]), (frames, 1))  # overlap a half
    return box_scores(wanted, seen, np.arange(frames) < found_frames, np.ones(frames, dtype=bool), 1.0)


def test_summary_by_hand() -> None:
    averages = BoxAverages()
    for found in (4, 3, 2, 0):
        averages.add(entry(found))
    summary = averages.summary()
    assert summary.overlap == pytest.approx(0.5 * (1 + 0.75 + 0.5 + 0) / 4)
    assert summary.covered_overlap == pytest.approx(0.5 * (1 + 0.75) / 2)  # two of four frames is not more than a half
    assert summary.precise == pytest.approx((1 + 0.75 + 0.5 + 0) / 4)
    assert summary.volume_overlap == pytest.approx(summary.overlap)
    assert summary.coverage == 0.5
    distance = 0.125 / np.sqrt(2)
    assert summary.found_distance == pytest.approx(distance)
    assert summary.center_distance == pytest.approx((distance * 9 + 7) / 16)
    assert (summary.clips, summary.covered_clips, summary.found_clips, summary.frames) == (4, 2, 3, 16)


def test_clips_count_the_same_whatever_their_length() -> None:
    summary = BoxAverages().add(entry(1, frames=1)).add(entry(0, frames=9)).summary()
    assert summary.overlap == pytest.approx(0.25)
    assert summary.frames == 10


def test_coverage_takes_any_share() -> None:
    entries = [entry(found) for found in (4, 3, 2, 0)]
    for threshold, covered in ((0.0, 3), (0.49, 3), (0.5, 2), (0.75, 1)):
        averages = BoxAverages(threshold)
        for scores in entries:
            averages.add(scores)
        summary = averages.summary()
        assert (summary.covered_clips, summary.covered_above) == (covered, threshold)
        assert summary.coverage == covered / 4


def test_nothing_covered_has_no_covered_overlap() -> None:
    summary = BoxAverages().add(entry(0)).summary()
    assert np.isnan(summary.covered_overlap)
    assert np.isnan(summary.found_distance)
    assert (summary.overlap, summary.coverage, summary.covered_clips, summary.found_clips) == (0, 0, 0, 0)


def test_averages_refuse_nothing_and_figures_that_are_none() -> None:
    with pytest.raises(HitmarkError, match="no entry"):
        BoxAverages().summary()
    with pytest.raises(HitmarkError, match="finite"):
        BoxAverages().add(replace(entry(4), overlap=float("nan")))
    with pytest.raises(HitmarkError, match="covered_above"):
        BoxAverages(1.0)
