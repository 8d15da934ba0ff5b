from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.scene import (
    Anchor,
    Keyframe,
    Scene,
    SceneError,
    Subject,
    Track,
    clip_cells,
    evaluate,
    gaussian_weights,
    latent_cells,
    pixel_boxes,
    region_labels,
)

from .strategies import subjects


def still(*box, name="it", depth=0, frames=1, visible=True) -> Track:
    return Track(name, "subject", None, depth, np.tile(np.array(box, float), (frames, 1)), np.full(frames, visible))


@settings(max_examples=300)
@given(
    st.integers(8, 8192), st.integers(8, 8192), st.integers(-4000, 8000), st.integers(-4000, 8000),
    st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([4, 8, 16]),
)  # fmt: skip
def test_whole_pixels_survive_normalizing_and_give_the_published_cells(width, height, x, y, w, h, factor):
    track = still(x / width, y / height, (x + w) / width, (y + h) / height)
    assert pixel_boxes(track, width, height).tolist() == [[x, y, x + w, y + h]]
    x0, y0 = x // factor, y // factor
    expected = [x0, y0, max(x0 + 1, (x + w) // factor), max(y0 + 1, (y + h) // factor)]
    cells = latent_cells(track, width, height, factor)
    assert cells.dtype == np.int64
    assert cells.tolist() == [expected]


@settings(max_examples=300)
@given(st.integers(100, 8000), st.integers(-3000, 8000), st.integers(1, 3000))
def test_resized_pictures_give_the_cells_of_exact_arithmetic(original, x, w):
    # A picture of `original` pixels is resized to 1024: pixel k goes to 1024 k / original.
    track = still(x / original, 0, (x + w) / original, 1)
    start = 1024 * x // (8 * original)
    stop = max(start + 1, 1024 * (x + w) // (8 * original))
    assert latent_cells(track, 1024, 64, 8)[0, [0, 2]].tolist() == [start, stop]
    if start < 128 and stop > 0:
        columns = np.flatnonzero(region_labels([track], 1, 8, 128)[0, 0])
        assert columns.tolist() == list(range(max(start, 0), min(stop, 128)))


def test_only_noise_is_snapped():
    pixels = pixel_boxes(still(0.1, 0.2, 0.3, 0.4), 1000, 10)
    assert pixels.tolist() == [[100.0, 2.0, 300.0, 4.0]]
    assert pixel_boxes(still(0.1002, 0.2, 0.3, 0.4), 1000, 10)[0, 0] == pytest.approx(100.2, abs=1e-9)
    assert pixel_boxes(still(0.0999995, 0.2, 0.3, 0.4), 1000, 10)[0, 0] == pytest.approx(99.9995, abs=1e-9)


def test_whole_cells_survive_normalizing():
    lost = [(k, size) for size in range(2, 200) for k in range(size) if math.floor(k / size * size) < k]
    assert lost  # plain flooring loses a cell here
    for k, size in lost:
        labels = region_labels([still(k / size, 0, 1, 1)], 1, 1, size)
        assert np.flatnonzero(labels)[0] == k


def test_a_box_within_one_cell_keeps_one_cell():
    assert latent_cells(still(0.51, 0.51, 0.52, 0.52), 64, 64, 8).tolist() == [[4, 4, 5, 5]]


def test_cells_are_clipped_to_the_grid():
    cells = np.array([[-2, 1, 3, 9], [8, 0, 9, 1], [-3, 0, 0, 2], [7, 7, 8, 8]])
    clipped, present = clip_cells(cells, height=8, width=8)
    assert present.tolist() == [True, False, False, True]
    assert clipped[present].tolist() == [[0, 1, 3, 8], [7, 7, 8, 8]]


def slow_labels(tracks, frames, height, width):
    """One cell at a time, straight from the definition."""
    labels = np.zeros((frames, height, width), dtype=int)
    moving = [track for track in tracks if track.kind == "subject"]
    for frame in range(frames):
        for row in range(height):
            for column in range(width):
                best = None
                for number, track in enumerate(moving, start=1):
                    if not track.visible[frame]:
                        continue
                    x0, y0, x1, y1 = track.boxes[frame]
                    left, top = math.floor(x0 * width), math.floor(y0 * height)
                    right = max(left + 1, math.floor(x1 * width))
                    bottom = max(top + 1, math.floor(y1 * height))
                    covers = left <= column < right and top <= row < bottom
                    if covers and (best is None or (track.depth, number) > best):
                        best = (track.depth, number)
                labels[frame, row, column] = best[1] if best else 0
    return labels


@settings(deadline=None, max_examples=60)
@given(
    st.lists(subjects(most=3), min_size=1, max_size=3),
    st.integers(2, 4),
    st.integers(2, 9),
    st.integers(2, 9),
)
def test_labels_agree_with_a_loop_over_cells(moving, frames, height, width):
    moving = [subject.model_copy(update={"name": f"s{index}"}) for index, subject in enumerate(moving)]
    tracks = evaluate(Scene(subjects=moving, anchors=[Anchor(name="a", box=(0, 0, 1, 1))]), frames)
    try:
        labels = region_labels(tracks, frames, height, width)
    except SceneError:
        slow = [slow_labels([track], frames, height, width) for track in tracks[:-1]]
        assert not all(labels[0].any() for labels in slow)
        return
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, slow_labels(tracks, frames, height, width))


def test_depth_decides_then_order():
    near = still(0, 0, 0.5, 1, name="near", depth=2)
    far = still(0, 0, 1, 1, name="far", depth=1)
    assert region_labels([near, far], 1, 1, 4).tolist() == [[[1, 1, 2, 2]]]
    assert region_labels([far, near], 1, 1, 4).tolist() == [[[2, 2, 1, 1]]]
    twins = [still(0, 0, 0.75, 1, name="a"), still(0.25, 0, 1, 1, name="b")]
    assert region_labels(twins, 1, 1, 4).tolist() == [[[1, 2, 2, 2]]]


def test_some_subjects_only_keep_their_numbers():
    tracks = [still(0, 0, 0.5, 1, name="a", depth=5), still(0.25, 0, 1, 1, name="b")]
    assert region_labels(tracks, 1, 1, 4, only={"b"}).tolist() == [[[0, 2, 2, 2]]]
    assert region_labels(tracks, 1, 1, 4, only=[]).tolist() == [[[0, 0, 0, 0]]]
    with pytest.raises(SceneError, match=r"only: expected names of subjects \(a, b\), got c"):
        region_labels(tracks, 1, 1, 4, only={"c"})


def test_hidden_and_departed_subjects_have_no_labels():
    keyframes = [Keyframe(time=0, box=(0, 0, 0.5, 1)), Keyframe(time=1, box=(1.5, 0, 2, 1))]
    late = Subject(name="late", keyframes=keyframes, visible=(0.25, 1))
    counts = (region_labels(evaluate(Scene(subjects=[late]), 5), 5, 4, 8) > 0).sum(axis=(1, 2))
    assert counts.tolist() == [0, 16, 8, 0, 0]


def test_an_empty_box_in_the_first_shown_frame_is_an_error():
    # Less than half a cell looks in from the left; floor rounds its right edge to cell 0.
    with pytest.raises(SceneError, match=r"track 'it': expected it to cover a cell of the 8 x 4 grid in frame 0"):
        region_labels([still(-0.5, 0, 0.05, 1)], 1, 4, 8)


def test_a_track_with_another_number_of_frames_is_an_error():
    with pytest.raises(SceneError, match="track 'it': expected 14 frames, got 8; evaluate the scene for 14"):
        region_labels([still(0, 0, 1, 1, frames=8)], 14, 4, 4)


@pytest.mark.parametrize("sizes", [(0, 4), (4, -1)])
def test_sizes_are_positive(sizes):
    for call in (
        lambda: region_labels([], 1, *sizes),
        lambda: gaussian_weights(*sizes),
        lambda: pixel_boxes(still(0, 0, 1, 1), *sizes),
        lambda: latent_cells(still(0, 0, 1, 1), 8, 8, min(sizes)),
    ):
        with pytest.raises(SceneError, match="expected at least 1"):
            call()


def slow_gaussian(height, width, sigma):
    values = [
        [
            math.exp(
                -0.5
                * (
                    ((x + 0.5 - width / 2) / (sigma * width / 2)) ** 2
                    + ((y + 0.5 - height / 2) / (sigma * height / 2)) ** 2
                )
            )
            for x in range(width)
        ]
        for y in range(height)
    ]
    peak = max(map(max, values))
    return [[value / peak for value in row] for row in values]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 24), st.integers(1, 24), st.floats(0.2, 3))
def test_gaussian_weights_agree_with_a_double_loop(height, width, sigma):
    weights = gaussian_weights(height, width, sigma)
    assert weights.shape == (height, width)
    assert weights.dtype == np.float32
    assert weights.max() == 1
    np.testing.assert_allclose(weights, slow_gaussian(height, width, sigma), rtol=1e-5, atol=1e-7)


def test_gaussian_weights_known_values_and_limits():
    np.testing.assert_allclose(gaussian_weights(1, 3), [[math.exp(-0.5 / 0.36), 1, math.exp(-0.5 / 0.36)]], rtol=1e-6)
    assert gaussian_weights(2, 2, sigma=1e-6).tolist() == [[1, 1], [1, 1]]
    for sigma in (0, -1, float("nan"), float("inf")):
        with pytest.raises(SceneError, match="sigma: expected a finite number"):
            gaussian_weights(2, 2, sigma)
