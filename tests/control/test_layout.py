"""Labels on token grids, in space and in time, against loops written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from hitmark.control import POOLINGS, Layout
from hitmark.control.pooling import check_pooling, frame_groups, pooled
from hitmark.errors import HitmarkError
from hitmark.scene.grid import region_labels
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

SCENE = Scene.from_dict(
    {
        "subjects": [
            {
                "name": name,
                "depth": depth,
                "keyframes": [{"time": 0, "box": start}, {"time": 1, "box": end}],
            }
            for name, depth, start, end in (
                ("near", 1, [0.0, 0.0, 0.4, 0.5], [0.5, 0.4, 1.0, 1.0]),
                ("far", 0, [0.5, 0.5, 1.0, 1.0], [0.2, 0.2, 0.7, 0.7]),
            )
        ]
    }
)


def _layout(frames: int, pooling: Any = "mid", **more: Any) -> Layout:
    """Of a causal autoencoder with 4 frames a latent frame."""
    groups = frame_groups(frames, 4, causal=True)
    shown = tuple(evaluate(SCENE, groups[-1].stop))
    tracks = tuple(pooled(track, groups, pooling) for track in shown)
    return Layout(frames, 8, 12, 8, tracks, shown=shown, groups=groups, pooling=pooling, **more)


def test_groups_of_frames() -> None:
    assert [list(each) for each in frame_groups(3, 4, causal=True)] == [[0], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert [list(each) for each in frame_groups(3, 1, causal=False)] == [[0], [1], [2]]
    padded = frame_groups(4, 4, causal=True, padded=1)
    assert [list(each) for each in padded] == [[0], [0], [1, 2, 3, 4], [5, 6, 7, 8]]
    chunked = frame_groups(5, 2, causal=True, chunk=3)
    assert [list(each) for each in chunked] == [[0], [1, 2], [3, 4], [5], [6, 7]]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_labels_pooled_in_time(pooling: Any) -> None:
    """Latent frame n has the label of one of its frames; "any": of the nearest subject that is there in one of them."""
    layout = _layout(3, pooling)
    whole = region_labels(evaluate(SCENE, 9), 9, 8, 12)
    own = [region_labels([track], 9, 8, 12) > 0 for track in evaluate(SCENE, 9)]
    got = layout.regions((3, 8, 12))
    for frame, group in enumerate(layout.groups):
        if pooling == "any":
            near, far = (mask[group.start : group.stop].any(0) for mask in own)
            assert np.array_equal(got[frame], np.where(near, 1, np.where(far, 2, 0)))
        else:
            at = {"first": group[0], "last": group[-1], "mid": group[len(group) // 2]}[pooling]
            assert np.array_equal(got[frame], whole[at])


def test_boxes_of_latent_frames() -> None:
    layout, shown = _layout(3, "any"), evaluate(SCENE, 9)[0]
    for frame, group in enumerate(layout.groups):
        boxes = shown.boxes[list(group)]
        assert np.array_equal(layout.tracks[0].boxes[frame], [*boxes[:, :2].min(0), *boxes[:, 2:].max(0)])
    assert np.array_equal(_layout(3, "last").tracks[0].boxes, shown.boxes[[0, 4, 8]])


def test_tokens_of_several_cells_are_painted_by_themselves() -> None:
    layout = _layout(3, patch=(1, 2, 2))
    frames = [0, 3, 7]
    wanted = region_labels(evaluate(SCENE, 9), 9, 4, 6)[frames]
    assert np.array_equal(layout.regions((3, 4, 6)), wanted)


def test_levels_of_a_network_take_every_second_cell() -> None:
    layout = Layout(4, 10, 18, 8, tuple(evaluate(SCENE, 4)))
    whole = layout.regions((4, 10, 18))
    assert np.array_equal(layout.regions((4, 5, 9)), whole[:, ::2, ::2])
    assert np.array_equal(layout.regions((4, 3, 5)), whole[:, ::2, ::2][:, ::2, ::2])


@pytest.mark.parametrize("grid", [(4, 7, 7), (4, 1, 2), (4, 11, 18), (4, 40, 72)])
def test_any_grid_has_labels(grid: tuple[int, int, int]) -> None:
    """One that is no level of the latents is painted by itself, and the search for a level ends."""
    layout = Layout(4, 10, 18, 8, tuple(evaluate(SCENE, 4)))
    assert layout.regions(grid).shape == grid
    assert set(np.unique(layout.regions(grid))) <= {0, 1, 2}


def test_labels_are_made_once_for_a_layout_and_kept_by_it() -> None:
    layout = _layout(3)
    assert layout.subject_bits((3, 8, 12)) is layout.subject_bits((3, 8, 12))


def test_token_frames_that_stand_for_two_latent_frames() -> None:
    layout = _layout(4, patch=(2, 2, 2))
    for frames, pair in itertools.pairwise([None, 0, 1]):
        del frames
        assert np.array_equal(layout.regions((2, 4, 6))[pair], layout.regions((4, 4, 6))[2 * pair + 1])
    assert np.array_equal(layout.tracks_on(2)[0].boxes, layout.tracks[0].boxes[[1, 3]])


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(HitmarkError, match="pooling must be one of first, last, mid, any, but got 'mean'"):
        check_pooling("mean", POOLINGS)


@pytest.mark.parametrize("count", [62, 63])
def test_so_many_subjects_have_labels_and_more_are_refused(count: int) -> None:
    boxes = [[row / 8, column / 8, (row + 1) / 8, (column + 1) / 8] for row in range(8) for column in range(8)]
    subjects = [{"name": str(n), "keyframes": [{"time": 0, "box": box}]} for n, box in enumerate(boxes[:count])]
    layout = Layout(2, 16, 16, 8, tuple(evaluate(Scene.from_dict({"subjects": subjects}), 2)))
    if count > 62:
        with pytest.raises(HitmarkError, match="62 boxes apart, but this scene has 63"):
            layout.regions((2, 16, 16))
    else:
        assert set(np.unique(layout.regions((2, 16, 16)))) == set(range(63))
