"""Peekaboo's evaluation as released: every quirk by hand, and all of it against masks painted pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.boxes import box_scores
from hitmark.metrics.peekaboo_boxes import (
    PublishedBoxAverages,
    PublishedBoxScores,
    published_box_scores,
)

SIZE = (20, 10)
"""Of the clips here: a wanted box of half the width and the whole height has 100 pixels."""
LEFT = np.array([0.0, 0.0, 0.5, 1.0])
LEFT_PIXELS = np.array([0, 0, 10, 10])


def scores_of(wanted, seen, detected=None, size=SIZE) -> PublishedBoxScores:
    seen = np.array(seen)
    detected = np.ones(len(seen), dtype=bool) if detected is None else np.array(detected)
    return published_box_scores(np.array(wanted, dtype=float), seen, detected, size)


def clip(detections: int, overlap: float = 0.5, precise: float = 1.0, distance: float = 0.0, pixels: int = 100):
    return PublishedBoxScores(overlap, precise, distance, detections, pixels, frames=24)


def test_overlap_is_that_of_the_volume() -> None:
    """A large frame with overlap 1 and a small one with overlap 0 (quirk 4)."""
    small, elsewhere = [0.0, 0.0, 0.1, 0.2], [10, 5, 12, 7]  # 4 pixels each
    scores = scores_of([LEFT, small], [LEFT_PIXELS, elsewhere])
    assert scores.overlap == pytest.approx(100 / (108 + 1e-5), abs=1e-12)
    strict = box_scores(
        np.array([LEFT, small]),
        np.array([LEFT_PIXELS, elsewhere]) / [20, 10, 20, 10],
        np.ones(2, bool),
        np.ones(2, bool),
        2.0,
    )
    assert strict.overlap == pytest.approx(0.5)
    assert strict.volume_overlap == pytest.approx(100 / 108)


def test_a_half_is_not_reached_by_an_overlap_of_exactly_a_half() -> None:
    """Quirk 5: 50 of 100 pixels, then 51."""
    assert scores_of([LEFT], [[0, 0, 5, 10]]).precise == 0
    assert scores_of([[0, 0, 0.5, 1]], [[0, 0, 6, 10]]).precise == 1


def test_frames_without_a_detection_do_not_count_for_precision() -> None:
    """Quirk 5: one of one detected frame, though three of four were missed."""
    seen, detected = [LEFT_PIXELS, [0] * 4, [0] * 4, [0] * 4], [True, False, False, False]
    scores = scores_of([LEFT] * 4, seen, detected)
    assert scores.precise == 1
    assert scores.overlap == pytest.approx(100 / (400 + 1e-5), abs=1e-12)
    assert scores.detections == 1
    assert math.isnan(scores_of([LEFT] * 4, seen, [False] * 4).precise)


def test_an_empty_mask_has_its_center_in_the_corner() -> None:
    """Quirk 6: the wanted box's pixels have columns 0..9 and rows 0..9, so its center is (4.5, 4.5)."""
    seen, detected = [LEFT_PIXELS, LEFT_PIXELS], [True, False]
    assert scores_of([LEFT, LEFT], seen, detected).center_distance == pytest.approx(math.hypot(4.5, 4.5) / 2)
    near_corner = [[0.0, 0.0, 0.05, 0.1]]  # the first pixel only: a missed frame is a perfect one
    assert scores_of(near_corner, [[0] * 4], [False]).center_distance == 0
    empty = [[0.5, 0.5, 0.5, 0.5]]  # a placeholder of the ssv2 list; the found pixels are columns and rows 6..9
    assert scores_of(empty, [[6, 6, 10, 10]]).center_distance == pytest.approx(math.hypot(7.5, 7.5))


def test_edges_are_cut_off_towards_zero() -> None:
    """Quirk 1: 0.19 * 20 = 3.8 pixels are 3, 0.99 * 20 = 19.8 are 19, and -0.02 * 20 = -0.4 is 0."""
    assert scores_of([[0.19, 0, 0.99, 1]], [[3, 0, 19, 10]]).overlap == pytest.approx(1, abs=1e-6)
    assert scores_of([[-0.02, 0, 0.5, 1]], [LEFT_PIXELS]).overlap == pytest.approx(1, abs=1e-6)
    assert scores_of([LEFT], [[0.9, 0.9, 10.9, 10.9]]).overlap == pytest.approx(1, abs=1e-6)


def test_a_negative_edge_counts_from_the_other_side() -> None:
    """Quirk 1: from -2 of 20 columns to 10 is from 18 to 10: empty. From -2 to 20 is the last two columns."""
    assert scores_of([[-0.1, 0, 0.5, 1]], [LEFT_PIXELS]).wanted_pixels == 0
    assert scores_of([[-0.1, 0, 1.0, 1]], [LEFT_PIXELS]).wanted_pixels == 20
    assert scores_of([[0.5, 0, 1.7, 1.2]], [LEFT_PIXELS]).wanted_pixels == 100
    assert scores_of([[-3.0, -3.0, 0.5, 1.0]], [LEFT_PIXELS]).wanted_pixels == 100  # farther than the picture is wide


def test_a_detection_beyond_the_edge_counts_without_a_mask() -> None:
    """Quirks 1 and 2."""
    scores = scores_of([LEFT, LEFT], [[-2, 0, 10, 10], LEFT_PIXELS])
    assert scores.detections == 2
    assert scores.precise == 1
    assert scores.overlap == pytest.approx(0.5, abs=1e-6)
    assert scores.center_distance == pytest.approx(math.hypot(4.5, 4.5) / 2)


@pytest.mark.parametrize("box", [[math.nan, 0, 0.5, 1], [0, 0, math.inf, 1], [0.5, 1, 0, 0], [0.5, 0.5, 0.5, 0.5]])
def test_wanted_boxes_that_are_none_have_empty_masks(box) -> None:
    scores = scores_of([box, LEFT], [LEFT_PIXELS, LEFT_PIXELS])
    assert scores.wanted_pixels == 100
    assert scores.precise == 0.5


def test_lists_in_another_order_are_read_as_empty_boxes() -> None:
    """The LaSOT list holds x0, x1, y0, y1: here 0.6, 0.9, 0.1, 0.4, read as corners (0.6, 0.9) and (0.1, 0.4)."""
    scores = scores_of([[0.6, 0.9, 0.1, 0.4]], [LEFT_PIXELS])
    assert scores.wanted_pixels == 0
    with pytest.raises(HitmarkError, match="1 were dropped"):
        PublishedBoxAverages().add(scores).filtered()


def test_detections_are_counted_before_frames_are_cut() -> None:
    """Quirk 2: 24 frames, 16 wanted boxes, detected in the last 9 frames: covered, though one of 16 was found."""
    detected = np.arange(24) >= 15
    scores = scores_of([LEFT] * 16, [LEFT_PIXELS] * 24, detected)
    assert (scores.detections, scores.frames) == (9, 16)
    assert scores.overlap == pytest.approx(1 / 16, abs=1e-6)
    assert PublishedBoxAverages().add(scores).filtered().coverage == 1
    assert scores_of([LEFT] * 9, [LEFT_PIXELS] * 4).frames == 4


def test_more_than_eight_detections_cover_a_clip_of_any_length() -> None:
    """Quirk 3."""
    averages = PublishedBoxAverages()
    for detections in (8, 9):
        averages.add(scores_of([LEFT] * 24, [LEFT_PIXELS] * 24, np.arange(24) < detections))
    assert averages.filtered().coverage == 0.5
    assert averages.filtered().overlap_clips == 1
    assert averages.filtered().overlap == pytest.approx(9 / 24, abs=1e-6)
    assert averages.unfiltered().overlap == pytest.approx((8 + 9) / 48, abs=1e-6)


def test_precision_is_weighted_by_detections_in_the_first_line_only() -> None:
    """Quirk 8: 16 frames at 1, 2 at 0, and 2 detections without a mask, which only enlarge the divisor."""
    averages = PublishedBoxAverages()
    for scores in (clip(16, precise=1.0), clip(2, precise=0.0), clip(2, precise=math.nan)):
        averages.add(scores)
    assert averages.filtered().precise == pytest.approx(16 / 20)
    assert averages.unfiltered().precise == pytest.approx(1 / 2)
    assert (averages.filtered().precise_clips, averages.filtered().detections) == (2, 20)


def test_distance_is_over_all_clips_in_units_of_one_resolution() -> None:
    """Quirk 6: whatever the clip's size, |(320, 576)|; a clip that is not covered counts."""
    averages = PublishedBoxAverages().add(clip(24, distance=0.0)).add(clip(0, precise=math.nan, distance=60.0))
    expected = 30 / math.sqrt(320**2 + 576**2)
    assert averages.filtered().center_distance == pytest.approx(expected)
    assert averages.unfiltered().center_distance == pytest.approx(expected)


def test_tiny_ground_truths_are_dropped_from_everything() -> None:
    """Quirk 7: 2 x 2 pixels in one frame are dropped, in two frames they stay."""
    tiny = [0.0, 0.0, 0.1, 0.2]
    averages = PublishedBoxAverages()
    averages.add(scores_of([tiny], [LEFT_PIXELS])).add(scores_of([tiny] * 2, [LEFT_PIXELS] * 2))
    summary = averages.unfiltered()
    assert (summary.clips, summary.dropped) == (1, 1)
    assert summary.overlap == pytest.approx(8 / 200, abs=1e-6)


def test_lines_as_printed() -> None:
    averages = PublishedBoxAverages()
    averages.add(clip(24, overlap=0.3614, precise=0.5, distance=131.79)).add(clip(6, overlap=0.1, precise=1.0))
    heading, filtered, unfiltered = averages.lines().split("\n")
    assert heading == "mIoU , Coverage , CD , AP50"
    assert filtered == "36.1 , 0.5 , 0.10 , 60.0"  # AP50: (24 * 0.5 + 6) / 30
    assert unfiltered == "23.1 , 0.5 , 0.10 , 75.0"


def test_without_any_detection_means_are_missing_and_not_zero() -> None:
    summary = PublishedBoxAverages().add(clip(0, overlap=0.0, precise=math.nan)).filtered()
    assert math.isnan(summary.overlap)
    assert math.isnan(summary.precise)
    assert (summary.coverage, summary.overlap_clips, summary.precise_clips, summary.clips) == (0, 0, 0, 1)


def painted(wanted, seen, detected, size):
    """The same figures from masks, pixel by pixel, in plain Python."""
    width, height = size
    everywhere = [(x, y) for x in range(width) for y in range(height)]

    def mask(box):
        if not all(math.isfinite(value) for value in box):
            return set()
        x0, y0, x1, y1 = (int(value) for value in box)
        columns, rows = set(list(range(width))[x0:x1]), set(list(range(height))[y0:y1])
        return {(x, y) for x, y in everywhere if x in columns and y in rows}

    def center(pixels):
        if not pixels:
            return 0.0, 0.0
        return tuple((min(p[axis] for p in pixels) + max(p[axis] for p in pixels)) / 2 for axis in (0, 1))

    pairs = []
    for (x0, y0, x1, y1), box, there in zip(wanted, seen, detected, strict=False):
        pairs.append((mask((x0 * width, y0 * height, x1 * width, y1 * height)), mask(box) if there else set()))
    shared, united = sum(len(a & b) for a, b in pairs), sum(len(a | b) for a, b in pairs)
    precise = [len(a & b) / (len(a | b) + 1e-5) >= 0.5 for a, b in pairs if b]
    distances = [math.dist(center(a), center(b)) for a, b in pairs]
    return (
        shared / (united + 1e-5),
        sum(precise) / len(precise) if precise else math.nan,
        sum(distances) / len(distances),
        sum(detected),
        sum(len(a) for a, _ in pairs),
        len(pairs),
    )


edge = st.floats(-1.5, 1.5) | st.just(math.nan) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
pixel = st.integers(-9, 14)


@given(
    st.lists(st.tuples(edge, edge, edge, edge), min_size=1, max_size=4),
    st.lists(st.tuples(pixel, pixel, pixel, pixel, st.booleans()), min_size=1, max_size=4),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
@settings(max_examples=150, deadline=None)
def test_against_masks_painted_pixel_by_pixel(wanted, found, size) -> None:
    seen, detected = [row[:4] for row in found], [row[4] for row in found]
    scores = scores_of(wanted, seen, detected, size)
    got = (
        scores.overlap,
        scores.precise,
        scores.center_distance,
        scores.detections,
        scores.wanted_pixels,
        scores.frames,
    )
    np.testing.assert_allclose(got, painted(wanted, seen, detected, size), atol=1e-12, equal_nan=True)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"wanted": LEFT}, "expected"),
        ({"seen": np.zeros((2, 4))}, "expected"),
        ({"detected": np.ones(1)}, "expected"),
        ({"wanted": np.zeros((0, 4))}, "at least one box"),
        ({"seen": np.full((1, 4), np.nan)}, "finite"),
        ({"size": (0, 10)}, "size"),
    ],
)
def test_bad_input_names_the_field(change, word) -> None:
    good = {"wanted": LEFT[None], "seen": LEFT_PIXELS[None], "detected": np.ones(1, dtype=bool), "size": SIZE}
    with pytest.raises(HitmarkError, match=word):
        published_box_scores(**{**good, **change})
