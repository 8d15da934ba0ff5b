"""Wan-Move and ComfyUI tracks: canvas, box size, visibility, spellings."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from hitmark.scene import SceneError, evaluate
from hitmark.scene.formats import read, remarks, sniff, write

# frames 3, points 2
POINTS = np.array([[[100.0, 50.0], [20.0, 80.0]], [[150.0, 60.0], [20.0, 80.0]], [[200.0, 70.0], [20.0, 80.0]]])
SIZE = {"width": 400, "height": 100}


def test_wan_move_with_visibility_and_batch_axis(tmp_path):
    np.save(tmp_path / "example_tracks.npy", POINTS[None].astype(np.float32))
    seen = np.array([[1, 0], [1, 1], [1, 0]], dtype=np.float32)
    np.save(tmp_path / "example_visibility.npy", seen[None])
    scene = read(tmp_path / "example_tracks.npy", **SIZE)
    assert (scene.frames, scene.width, scene.height) == (3, None, None)  # the canvas is not the clip to be made
    assert scene.notes["wan-move"]["canvas"] == [400, 100]
    one, two = evaluate(scene, 3)
    np.testing.assert_allclose(one.boxes[1], [0.375 - 0.075, 0.6 - 0.3, 0.375 + 0.075, 0.6 + 0.3])
    assert one.visible.tolist() == [True, True, True]
    assert two.visible.tolist() == [False, True, False]
    assert scene.notes["wan-move"]["visibility"] == "example_visibility.npy"
    assert "0.15 of the width" in remarks(scene)[0]


def test_size_of_the_box_can_be_chosen(tmp_path):
    np.save(tmp_path / "a.npy", POINTS)
    box = read(tmp_path / "a.npy", point_size=0.05, **SIZE).subjects[0].keyframes[0].box
    assert box == pytest.approx((0.225, 0.4, 0.275, 0.6))
    with pytest.raises(SceneError, match="point_size"):
        read(tmp_path / "a.npy", point_size=3, **SIZE)


def test_gaps_are_told_and_unseen_points_left_out(tmp_path):
    np.save(tmp_path / "a.npy", POINTS)
    np.save(tmp_path / "seen.npy", np.array([[True, False], [False, False], [True, False]]))
    scene = read(tmp_path / "a.npy", visibility=str(tmp_path / "seen.npy"), **SIZE)
    assert [subject.name for subject in scene.subjects] == ["subject-1"]
    assert any("1 points that are never seen" in sentence for sentence in remarks(scene))
    assert any("vanish for a while" in sentence for sentence in remarks(scene))


def test_point_that_starts_outside_is_seen_when_it_enters(tmp_path):
    np.save(tmp_path / "a.npy", POINTS - [150.0, 0.0])
    scene = read(tmp_path / "a.npy", point_size=0.02, **SIZE)
    assert evaluate(scene, 3)[0].visible.tolist() == [False, True, True]


def test_canvas_comes_from_the_picture_beside(tmp_path):
    np.save(tmp_path / "cat_tracks.npy", POINTS)
    with pytest.raises(SceneError, match=r"--canvas 832x480.*cat_tracks\.png"):
        read(tmp_path / "cat_tracks.npy")
    Image.new("RGB", (200, 100)).save(tmp_path / "cat.jpg")
    scene = read(tmp_path / "cat_tracks.npy")
    assert (scene.notes["wan-move"]["canvas"], scene.image) == ([200, 100], "cat.jpg")
    assert any("pixels of cat.jpg, 200 x 100" in remark for remark in remarks(scene))
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (50, 100)).save(tmp_path / "pictures" / "p.png")
    scene = read(tmp_path / "cat_tracks.npy", image=str(tmp_path / "pictures" / "p.png"))
    assert (scene.notes["wan-move"]["canvas"], scene.image) == ([50, 100], "pictures/p.png")
    with pytest.raises(SceneError, match="go together"):
        read(tmp_path / "cat_tracks.npy", width=100)


SPELLINGS = {
    "several": [[{"x": 1, "y": 2}, {"x": 3.5, "y": 4}]] * 2,
    "one": [{"x": 1, "y": 2}, {"x": 3.5, "y": 4}],
    "texts": [json.dumps([{"x": 1, "y": 2}, {"x": 3.5, "y": 4}])] * 2,
    "texts of numbers": [{"x": "1", "y": "2"}, {"x": "3.5", "y": "4"}],
    "pairs": [[1, 2], [3.5, 4]],
    "text in a file": json.dumps([[{"x": 1, "y": 2}, {"x": 3.5, "y": 4}]]),
    "texts of several": [json.dumps([[{"x": 1, "y": 2}, {"x": 3.5, "y": 4}]] * 2)],
    "object": {"tracks": [[{"x": 1, "y": 2}, {"x": 3.5, "y": 4}]], "width": 10},
    "columns": {"x": [1, 3.5], "y": [2, 4]},
    "text in an object": {"coordinates": json.dumps([[1, 2], [3.5, 4]])},
    "quotes": None,
}
SEVERAL = ("several", "texts", "texts of several")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_coordinate_lists_in_every_spelling(tmp_path, spelling):
    value = SPELLINGS[spelling]
    text = "[{'x': 1, 'y': 2}, {'x': 3.5, 'y': 4}]" if value is None else json.dumps(value)
    (tmp_path / "c.json").write_text(text)
    assert sniff(tmp_path / "c.json") == "comfy-coordinates"
    scene = read(tmp_path / "c.json", width=10, height=10)
    assert len(scene.subjects) == (2 if spelling in SEVERAL else 1)
    np.testing.assert_allclose(evaluate(scene, 2)[0].boxes.reshape(2, 2, 2).mean(axis=1), [[0.1, 0.2], [0.35, 0.4]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[{"x": 1, "y": 2}, {"x": 1}]], "track 0, point 1"),
        ([[{"x": 1, "y": 2}], []], "track 1: expected a list of points"),
        ([{"x": 1, "y": "two"}], "track 0, point 0"),
        ([{"x": 1e8, "y": 2}, {"x": 1e8, "y": 2}], "seen in the 10 x 10 picture"),
    ],
)
def test_broken_coordinates(tmp_path, value, message):
    (tmp_path / "c.json").write_text(json.dumps(value))
    with pytest.raises(SceneError, match=re.escape(message)):
        read(tmp_path / "c.json", width=10, height=10)


def test_comfy_tracks_without_visibility_and_with_a_mask_for_all(tmp_path):
    np.savez(tmp_path / "a.npz", track_path=POINTS)
    assert all(track.visible.all() for track in evaluate(read(tmp_path / "a.npz", **SIZE), 3))
    np.savez_compressed(tmp_path / "b.npz", track_path=POINTS, track_visibility=np.array([[1], [1], [0]]))
    assert [track.visible.tolist() for track in evaluate(read(tmp_path / "b.npz", **SIZE), 3)] == [
        [True, True, False]
    ] * 2


def test_npz_written_is_an_ordinary_one_and_always_the_same(tmp_path):
    np.savez(tmp_path / "a.npz", track_path=POINTS)
    scene = read(tmp_path / "a.npz", **SIZE)
    for name in ("b.npz", "c.npz"):
        write(scene, tmp_path / name)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "c.npz").read_bytes()
    with np.load(tmp_path / "b.npz", allow_pickle=False) as arrays:
        np.testing.assert_allclose(arrays["track_path"], POINTS, rtol=1e-6)
        assert arrays["track_visibility"].dtype == bool


def save_npz(path, **arrays):
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": POINTS, "more": POINTS}, "expected an array track_path"),
        ({"track_path": POINTS[0, 0]}, r"shape [frames, points, 2]"),
        ({"track_path": POINTS * np.nan}, "finite, got nan"),
        ({"track_path": POINTS[:0]}, "at least one point and one frame"),
        ({"track_path": POINTS, "track_visibility": np.ones((2, 2))}, "[frames, points] = [3, 2]"),
        ({"track_path": np.array([{}])}, "pickled objects are refused"),
    ],
)
def test_broken_tracks(tmp_path, arrays, message):
    save_npz(tmp_path / "a.npz", **arrays)
    with pytest.raises(SceneError, match=re.escape(message)):
        read(tmp_path / "a.npz", **SIZE)


def test_visibility_read_as_tracks_is_told(tmp_path):
    np.save(tmp_path / "cat_visibility.npy", np.ones((3, 2), bool))
    with pytest.raises(SceneError, match="is this another file"):
        read(tmp_path / "cat_visibility.npy", **SIZE)


@pytest.mark.parametrize("name", ["visible", "visibility"])
@pytest.mark.parametrize("values", [[True, False], [1, 0], ["1", "0"]], ids=str)
def test_points_that_say_whether_they_are_seen(tmp_path, name, values):
    yes, no = values
    late = [{"x": 10.0 * step, "y": 20.0, name: no if step < 2 else yes} for step in range(5)]
    plain = [{"x": 10.0 * step, "y": 60.0} for step in range(3)]
    (tmp_path / "c.json").write_text(json.dumps([late, plain]))
    scene = read(tmp_path / "c.json", **SIZE)
    one, two = evaluate(scene, 5)
    assert one.visible.tolist() == [False, False, True, True, True]
    assert two.visible.tolist() == [True, True, True, False, False]
    assert "1 of 2 tracks end before" in " ".join(remarks(scene))


def test_columns_that_say_whether_points_are_seen(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"x": [1, 2, 3], "y": [4, 5, 6], "visible": [0, 1, 1]}))
    scene = read(tmp_path / "c.json", **SIZE)
    assert evaluate(scene, 3)[0].visible.tolist() == [False, True, True]
    assert not [each for each in remarks(scene) if "end before" in each]


def test_a_visibility_that_is_none_is_named(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps([{"x": 1, "y": 2}, {"x": 1, "y": 2, "visible": "perhaps"}]))
    with pytest.raises(SceneError, match="track 0, point 1: visible: expected true, false, 0 or 1, got 'perhaps'"):
        read(tmp_path / "c.json", **SIZE)
