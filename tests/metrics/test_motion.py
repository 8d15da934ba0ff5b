"""Co-motion and motion fidelity against hand-worked cases and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.motion import background_co_motion, motion_fidelity

SIZE = (60, 80)  # diagonal 100
SUBJECT = np.array([[10.0, 10.0], [20.0, 10.0], [30.0, 20.0], [40.0, 20.0]])
NOWHERE = np.zeros((0, 4, 4))
"""No boxes."""
STILL = np.array([[5.0, 70.0], [50.0, 70.0]])
"""Where two points of the background begin."""


def going_along(factors) -> np.ndarray:
    """Points (points, frames, 2) that move by these multiples of the subject's motion."""
    return STILL[: len(factors), None] + np.array(factors)[:, None, None] * (SUBJECT - SUBJECT[0])


def test_zero_where_it_stays_and_one_where_it_goes_along() -> None:
    for factor in (0.0, 1.0, 0.5, -1.0):
        motion = background_co_motion(going_along([factor, factor]), NOWHERE, SUBJECT, SIZE)
        assert motion.mean == pytest.approx(factor)
        assert motion.median == pytest.approx(factor)
        assert motion.share == (1.0 if factor >= 0.5 else 0.0)
        assert (motion.points, motion.entries) == (2, 6)
    assert motion.travel == pytest.approx(math.sqrt((100 + 500 + 1000) / 3) / 100)


def test_motion_across_the_subjects_path_is_none_along_it() -> None:
    line = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
    aside = (STILL[0] + line[:, ::-1] * 0.1)[None]
    assert background_co_motion(aside, NOWHERE, line, SIZE).mean == pytest.approx(0, abs=1e-12)


def test_points_in_a_box_count_neither_there_nor_when_they_began_there() -> None:
    boxes = np.zeros((1, 4, 4)) + np.array([0.0, 0.8, 0.2, 1.0])  # x to 12, y from 64: the first point begins inside
    points = going_along([1.0, 0.0])
    motion = background_co_motion(points, boxes, SUBJECT, SIZE)
    assert (motion.mean, motion.points, motion.entries) == (0.0, 1, 3)
    assert math.isnan(motion.by_point[0])
    covered = np.zeros((2, 4, 4))
    covered[1, 2] = [0.8, 0.8, 1.0, 1.0]  # the second subject comes over the second point in frame 3 only
    motion = background_co_motion(points, covered, SUBJECT, SIZE)
    assert (motion.points, motion.entries) == (2, 5)


def test_hidden_entries_and_frames_without_the_subject_do_not_count() -> None:
    points = going_along([1.0, 0.0])
    visible = np.ones((2, 4), dtype=bool)
    visible[0, 2], points[0, 2] = False, np.nan
    subject, present = SUBJECT.copy(), np.array([True, True, True, False])
    subject[3] = np.nan
    motion = background_co_motion(points, NOWHERE, subject, SIZE, visible=visible, present=present)
    np.testing.assert_allclose(motion.by_point, [1.0, 0.0])
    assert motion.entries == 1 + 2


def test_the_first_frame_with_the_subject_is_where_motion_begins() -> None:
    points, subject = going_along([1.0, 1.0]), SUBJECT.copy()
    points[:, 0] += 1000
    subject[0] = np.nan
    present = np.array([False, True, True, True])
    motion = background_co_motion(points, NOWHERE, subject, SIZE, present=present)
    assert (motion.mean, motion.entries) == (pytest.approx(1.0), 4)


def test_a_subject_that_stays_gives_no_figure() -> None:
    points = going_along([1.0, 1.0])
    for subject in (np.full((4, 2), 10.0), 10.0 + SUBJECT * 0.01):  # not at all, and 0.23 of 100 pixels
        motion = background_co_motion(points, NOWHERE, subject, SIZE)
        assert math.isnan(motion.mean)
        assert math.isnan(motion.median)
        assert math.isnan(motion.share)
        assert (motion.points, motion.entries) == (0, 0)
    assert motion.travel == pytest.approx(0.01 * math.sqrt(1600 / 3) / 100)
    assert background_co_motion(points * 0.01, NOWHERE, 0.01 * SUBJECT, SIZE, still=0).mean == pytest.approx(1)


def test_a_subject_that_is_never_found_gives_no_figure() -> None:
    nowhere = background_co_motion(going_along([1.0]), NOWHERE, SUBJECT * np.nan, SIZE, present=np.zeros(4, dtype=bool))
    assert math.isnan(nowhere.mean)
    assert math.isnan(nowhere.travel)
    assert nowhere.points == 0


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_co_motion_against_loops(seed) -> None:
    generator = np.random.default_rng(seed)
    points, subject = generator.uniform(0, 60, (3, 5, 2)), generator.uniform(0, 60, (5, 2))
    visible, present = generator.random((3, 5)) < 0.8, generator.random(5) < 0.8
    present[0] |= not present.any()
    corners = generator.uniform(0, 0.6, (2, 5, 2))
    boxes = np.concatenate([corners, corners + 0.3], axis=-1)
    start = list(present).index(True)

    def free(point: int, frame: int) -> bool:
        x, y = points[point, frame] / np.array(SIZE)
        return visible[point, frame] and not any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes[:, frame])

    expected, entries = [], 0
    for point in range(3):
        along = power = count = 0
        for frame in range(start + 1, 5):
            if present[frame] and free(point, frame) and free(point, start):
                went = subject[frame] - subject[start]
                along += float(np.dot(points[point, frame] - points[point, start], went))
                power += float(np.dot(went, went))
                count += 1
        counts = count > 0 and power / count >= 30.0**2
        expected.append(along / power if counts else math.nan)
        entries += count if counts else 0
    motion = background_co_motion(points, boxes, subject, SIZE, visible=visible, present=present, still=0.3)
    np.testing.assert_allclose(motion.by_point, expected, rtol=1e-9)
    assert motion.entries == entries


def track(*steps) -> np.ndarray:
    """Points of one track (frames, 2) from its steps."""
    return np.cumsum([(30.0, 30.0), *steps], axis=0)


RIGHT, DOWN, LEFT, REST = (3.0, 0.0), (0.0, 4.0), (-2.0, 0.0), (0.0, 0.0)


def test_the_same_motion_elsewhere_and_in_another_order_is_alike() -> None:
    reference = np.stack([track(RIGHT, DOWN, LEFT), track(REST, REST, REST), track(DOWN, DOWN, DOWN)])
    fidelity = motion_fidelity(reference, reference[::-1] * 0.5 + 7, SIZE)
    assert fidelity.symmetric == pytest.approx(1.0)
    assert (fidelity.generated_tracks, fidelity.reference_tracks, fidelity.left_out) == (3, 3, 0)


def test_a_clip_against_itself_is_one_with_points_at_rest() -> None:
    """The published script takes 1 off the diagonal and divides 0 by 0 here."""
    clip = np.stack([track(RIGHT, DOWN, RIGHT), track(REST, REST, REST)])
    assert motion_fidelity(clip, clip, SIZE).symmetric == pytest.approx(1.0)


def test_similarity_of_two_tracks_by_hand() -> None:
    """Cosines 1, 0 and -1, then at rest both, then one only: (1 + 0 - 1 + 1 + 0) / 5."""
    one = track(RIGHT, RIGHT, RIGHT, REST, REST)[None]
    other = track(RIGHT, DOWN, LEFT, REST, RIGHT)[None]
    assert motion_fidelity(one, other, SIZE).symmetric == pytest.approx(0.2)


def test_both_directions_are_measured() -> None:
    """The generated clip moves right, as one reference track does; the other one, to the left, has no counterpart."""
    reference = np.stack([track(RIGHT, RIGHT), track(LEFT, LEFT)])
    fidelity = motion_fidelity(reference, track(RIGHT, RIGHT)[None], SIZE)
    assert fidelity.generated == pytest.approx(1.0)
    assert fidelity.reference == pytest.approx((1 - 1) / 2)
    assert fidelity.symmetric == pytest.approx(0.5)


def test_rest_is_below_a_share_of_the_diagonal() -> None:
    trembling = track((0.05, 0.0), (0.0, -0.05))[None]  # of 100 pixels; rest ends at 0.1
    at_rest = track(REST, REST)[None]
    assert motion_fidelity(at_rest, trembling, SIZE).symmetric == pytest.approx(1.0)
    assert motion_fidelity(at_rest, trembling, SIZE, still=1e-4).symmetric == pytest.approx(0.0)


def test_moving_only_leaves_a_still_background_out() -> None:
    reference = np.stack([track(RIGHT, RIGHT), track(REST, REST), track(REST, REST)])
    generated = np.stack([track(DOWN, DOWN), track(REST, REST), track(REST, REST)])
    assert motion_fidelity(reference, generated, SIZE).symmetric == pytest.approx(2 / 3)
    moving = motion_fidelity(reference, generated, SIZE, moving_only=True)
    assert moving.symmetric == pytest.approx(0.0)
    assert (moving.generated_tracks, moving.reference_tracks, moving.left_out) == (1, 1, 4)
    nothing = motion_fidelity(reference[1:], generated, SIZE, moving_only=True)
    assert math.isnan(nothing.reference)
    assert math.isnan(nothing.symmetric)
    assert nothing.reference_tracks == 0


def test_tracks_that_share_few_steps_are_not_compared() -> None:
    whole = track(RIGHT, RIGHT, DOWN, DOWN)[None]
    short = np.ones((1, 5), dtype=bool)
    short[0, 2:] = False  # one step of four
    fidelity = motion_fidelity(whole, whole, SIZE, generated_visible=short)
    assert (fidelity.generated, fidelity.generated_tracks) == (pytest.approx(1.0), 1)
    assert math.isnan(fidelity.reference)
    assert (fidelity.reference_tracks, fidelity.left_out) == (0, 1)
    assert math.isnan(fidelity.symmetric)
    assert motion_fidelity(whole, whole, SIZE, generated_visible=short, shared=0.25).symmetric == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_fidelity_against_loops(seed, many, others, moving_only) -> None:
    generator = np.random.default_rng(seed)
    clips = [np.cumsum(generator.integers(-1, 2, (count, 5, 2)), axis=1).astype(float) for count in (many, others)]
    flags = [generator.random(clip.shape[:2]) < 0.8 for clip in clips]
    for clip, flag in zip(clips, flags, strict=True):
        clip[~flag] = np.nan

    def seen(which: int, point: int) -> list[int]:
        return [step for step in range(4) if flags[which][point, step] and flags[which][point, step + 1]]

    def went(which: int, point: int, step: int) -> np.ndarray:
        return clips[which][point, step + 1] - clips[which][point, step]

    def alike(which: int, point: int, other: int) -> float | None:
        steps = [step for step in seen(which, point) if step in seen(1 - which, other)]
        if not steps or len(steps) < 0.5 * len(seen(which, point)):
            return None
        total = 0.0
        for step in steps:
            first, second = went(which, point, step), went(1 - which, other, step)
            if first.any() and second.any():
                total += float(first @ second) / math.hypot(*first) / math.hypot(*second)
            elif not first.any() and not second.any():
                total += 1
        return total / len(steps)

    expected = []
    for which in (0, 1):
        best = []
        for point in range(len(clips[which])):
            values = [alike(which, point, other) for other in range(len(clips[1 - which]))]
            moves = any(went(which, point, step).any() for step in seen(which, point))
            if any(value is not None for value in values) and (moves or not moving_only):
                best.append(max(value for value in values if value is not None))
        expected.append((sum(best) / len(best) if best else math.nan, len(best)))
    fidelity = motion_fidelity(
        *clips, SIZE, reference_visible=flags[0], generated_visible=flags[1], still=0.001, moving_only=moving_only
    )
    got = fidelity.reference, fidelity.reference_tracks, fidelity.generated, fidelity.generated_tracks
    np.testing.assert_allclose(got, (*expected[0], *expected[1]), atol=1e-12, equal_nan=True)
    assert fidelity.left_out == many + others - expected[0][1] - expected[1][1]


POINTS = np.zeros((2, 4, 2))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"points": POINTS[..., 0]}, "points"),
        ({"points": POINTS * np.nan}, "points must be finite"),
        ({"visible": np.ones((2, 4))}, "visible"),
        ({"subject": SUBJECT[:3]}, "subject"),
        ({"subject": SUBJECT * np.nan}, "subject must be finite"),
        ({"present": np.ones(4)}, "present"),
        ({"boxes": np.zeros((4, 4))}, "boxes"),
        ({"boxes": np.full((1, 4, 4), np.nan)}, "boxes"),
        ({"size": (0, 1)}, "size"),
        ({"still": -1.0}, "still"),
    ],
)
def test_co_motion_names_the_field(change, word) -> None:
    with pytest.raises(HitmarkError, match=word):
        background_co_motion(**{"points": POINTS, "boxes": NOWHERE, "subject": SUBJECT, "size": SIZE, **change})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"reference": POINTS[0]}, "reference"),
        ({"generated": POINTS[:, :3]}, "same >= 2 frames"),
        ({"reference": POINTS[:, :1], "generated": POINTS[:, :1]}, "same >= 2 frames"),
        ({"generated": POINTS * np.nan}, "generated must be finite"),
        ({"generated_visible": np.ones((2, 3), dtype=bool)}, "visible of generated"),
        ({"shared": 0.0}, "shared"),
        ({"still": float("nan")}, "still"),
    ],
)
def test_fidelity_names_the_field(change, word) -> None:
    with pytest.raises(HitmarkError, match=word):
        motion_fidelity(**{"reference": POINTS, "generated": POINTS, "size": SIZE, **change})
