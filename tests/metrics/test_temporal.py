"""Flicker, identity, text match and dynamic degree against loops and cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.metrics.temporal import dynamic_degree, identity_similarity, temporal_flicker, text_match


def test_flicker_by_hand() -> None:
    """One of three channels changes by 30 and back by 30, all of them by 250 in the last step."""
    frames = np.zeros((4, 5, 6, 3), dtype=np.uint8)
    frames[1, ..., 0] = 30
    frames[3] = 250
    flicker = temporal_flicker(frames)
    assert flicker.difference == pytest.approx((10 + 10 + 250) / 3)
    assert flicker.score == pytest.approx(1 - 90 / 255)
    assert temporal_flicker(frames[::-1]).difference == pytest.approx(90)  # falling values do not wrap around


def test_flicker_equals_a_loop() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)
    sums = [abs(int(a) - int(b)) for k in (0, 1) for a, b in zip(frames[k].flat, frames[k + 1].flat, strict=True)]
    assert temporal_flicker(frames).difference == pytest.approx(sum(sums) / len(sums))


def test_identity_by_hand() -> None:
    """First seen in frame 2, then turned by 60 degrees and longer, then absent, then opposite."""
    features = np.array([[np.nan, 0], [2, 0], [5, 5 * math.sqrt(3)], [np.nan, np.nan], [-1, 0]])
    present = np.array([False, True, True, False, True])
    scores = identity_similarity(features, present)
    assert scores.per_frame == pytest.approx([np.nan, np.nan, 0.5, np.nan, -1], nan_ok=True)
    assert scores.mean == pytest.approx(-0.25)
    assert identity_similarity(features[1:3]).mean == pytest.approx(0.5)


def test_identity_of_what_is_seen_once_is_unknown() -> None:
    for present in (np.array([False, True, False]), np.zeros(3, dtype=bool)):
        scores = identity_similarity(np.ones((3, 2)), present)
        assert np.isnan(scores.mean)
        assert np.isnan(scores.per_frame).all()


def test_text_match_by_hand() -> None:
    """Along the text, at 60 degrees, across, opposite: cut off at 0 in each frame."""
    pictures = np.array([[3.0, 0], [1, math.sqrt(3)], [0, 7], [-2, 0]])
    scores = text_match(pictures, np.array([0.1, 0]))
    assert scores.per_frame == pytest.approx([100, 50, 0, 0])
    assert scores.mean == pytest.approx(37.5)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_text_match_does_not_depend_on_lengths(frames: int, width: int, seed: int, factor: float) -> None:
    generator = np.random.default_rng(seed)
    pictures, text = generator.normal(size=(frames, width)), generator.normal(size=width)
    expected = []
    for picture in pictures:
        product = sum(float(a) * float(b) for a, b in zip(picture, text, strict=True))
        expected.append(100 * max(0.0, product / math.sqrt(sum(picture**2)) / math.sqrt(sum(text**2))))
    scores = text_match(factor * pictures, text / factor)
    assert scores.per_frame == pytest.approx(expected, abs=1e-9)
    assert scores.mean == pytest.approx(sum(expected) / frames, abs=1e-9)


def test_dynamic_degree_by_hand() -> None:
    """128x256: the limit is 6 * 128 / 256 = 3 pixels; the fastest 5 % are 1,638 pixels; 8 frames need 2 pairs."""
    magnitudes = np.zeros((7, 128, 256))
    magnitudes.reshape(7, -1)[:2, :1638] = 3.5
    degree = dynamic_degree(magnitudes)
    assert degree.moves
    assert (degree.threshold, degree.needed) == (3, 2)
    assert degree.speeds == pytest.approx([3.5, 3.5, 0, 0, 0, 0, 0])
    magnitudes.reshape(7, -1)[1, :300] = 0  # fewer pixels are fast: 3.5 * 1338 / 1638 = 2.86
    still = dynamic_degree(magnitudes)
    assert not still.moves
    assert still.speeds[1] == pytest.approx(3.5 * 1338 / 1638)
    assert not dynamic_degree(np.full((7, 128, 256), 3.0)).moves  # the limit itself is not above the limit


def test_dynamic_degree_scales_with_the_picture_and_the_frame_rate() -> None:
    magnitudes = np.random.default_rng(0).uniform(2.0, 4.0, (3, 64, 96))
    assert dynamic_degree(magnitudes).threshold == pytest.approx(1.5)
    larger = np.repeat(np.repeat(2 * magnitudes, 2, axis=1), 2, axis=2)
    assert dynamic_degree(larger).threshold == pytest.approx(3)
    assert dynamic_degree(larger).speeds == pytest.approx(2 * dynamic_degree(magnitudes).speeds, rel=1e-2)
    assert dynamic_degree(magnitudes, frames_per_second=24).threshold == pytest.approx(1.5)
    assert dynamic_degree(magnitudes, frames_per_second=4).threshold == pytest.approx(3)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(0, 100))
def test_dynamic_degree_equals_a_loop(pairs: int, height: int, width: int, seed: int) -> None:
    """VBench's rule, one pair at a time; speeds are drawn around the limit."""
    limit = 6 * min(height, width) / 256
    magnitudes = np.random.default_rng(seed).uniform(0, 1.5 * limit, (pairs, height, width))
    fast = 0
    for pair in magnitudes:
        values = sorted(pair.flat, reverse=True)[: max(1, int(height * width * 0.05))]
        fast += sum(values) / len(values) > limit
    assert dynamic_degree(magnitudes).moves == (fast >= max(1, round(4 * (pairs + 1) / 16)))


def test_a_still_pair_does_not_move() -> None:
    """With two frames VBench's own rule needs no moving pair at all."""
    assert not dynamic_degree(np.zeros((1, 8, 8))).moves
    assert dynamic_degree(np.ones((1, 8, 8))).moves


def test_wrong_input() -> None:
    with pytest.raises(HitmarkError, match="at least 2"):
        temporal_flicker(np.zeros((1, 4, 4, 3), dtype=np.uint8))
    with pytest.raises(HitmarkError, match="present"):
        identity_similarity(np.ones((3, 2)), np.ones(2, dtype=bool))
    with pytest.raises(HitmarkError, match="not all zero"):
        identity_similarity(np.zeros((3, 2)))
    with pytest.raises(HitmarkError, match=r"\(width,\)"):
        text_match(np.ones((3, 2)), np.ones(3))
    with pytest.raises(HitmarkError, match="text: expected finite"):
        text_match(np.ones((3, 2)), np.array([np.nan, 1]))
    with pytest.raises(HitmarkError, match="lengths"):
        dynamic_degree(np.full((1, 4, 4), -1.0))
    with pytest.raises(HitmarkError, match="frames_per_second"):
        dynamic_degree(np.zeros((1, 4, 4)), frames_per_second=0)
