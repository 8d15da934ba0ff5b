"""MC-Bench folders: paths against scipy's PCHIP, brushed boxes against scipy's labels; broken folders are named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import find_objects, label

from hitmark.datasets import DatasetError, LeftOutError, open_dataset
from hitmark.datasets.brush import brushed_box
from hitmark.datasets.pchip import pchip
from hitmark.scene import evaluate
from hitmark.scene.boxes import centers

from .fakes import mc_bench, painted, save_picture, save_plain

SIZE = np.array([20, 10])


def test_boxes_are_brushed_parts_that_move_with_their_tracks(tmp_path):
    dataset = open_dataset(mc_bench(tmp_path))
    assert dataset.ids == ("animal-dog_1",)
    assert "tracks of meta_data.json, by PCHIP" in dataset.notes[0]
    item = dataset["animal-dog_1"]
    first, second = evaluate(item.scene, 16)
    np.testing.assert_allclose(first.boxes[0], [0.1, 0.3, 0.3, 0.7])
    np.testing.assert_allclose(first.boxes[-1], [0.1 + 9 / 20, 0.3 + 4 / 10, 0.3 + 9 / 20, 0.7 + 4 / 10])
    np.testing.assert_allclose(second.boxes, [[13.5 / 20, 0.5 / 10, 16.5 / 20, 3.5 / 10]] * 16)
    scene = item.scene
    assert (scene.prompt, scene.width, scene.height, scene.frames, scene.fps) == ("", 20, 10, 16, 8.0)
    assert item.image == tmp_path / "animal/dog_1/first_frame.png"
    assert item.picture().shape == (10, 20, 3)
    assert (item.truth, item.frames(), item.kind) == (None, None, "animal")
    assert item.notes == ("no brush under the first click, a square box instead: subject-2",)


def test_the_path_at_the_16_frames_is_pchip(tmp_path):
    clicks = [[3, 4], [3, 9], [17, 8], [12.5, 0], [20, 10]]
    item = open_dataset(mc_bench(tmp_path, tracks=[clicks]))["animal-dog_1"]
    (track,) = evaluate(item.scene, 16)
    expected = PchipInterpolator(np.linspace(0, 1, 5), np.array(clicks, float))(np.linspace(0, 1, 16))
    moved = (centers(track.boxes) - centers(track.boxes[:1])) * SIZE
    np.testing.assert_allclose(moved, expected - expected[0], atol=1e-9)
    assert [keyframe.time for keyframe in item.scene.subjects[0].keyframes] == pytest.approx(np.arange(16) / 15)


KNOTS = st.integers(2, 7).flatmap(
    lambda count: arrays.arrays(np.float64, (count, 2), elements=st.integers(0, 4) | st.floats(0, 4096, width=32))
)


@settings(max_examples=150)
@given(KNOTS, st.integers(2, 20))
def test_pchip_is_that_of_scipy(knots, count):
    found = pchip(knots, count)
    with np.errstate(all="ignore"):
        expected = PchipInterpolator(np.linspace(0, 1, len(knots)), knots)(np.linspace(0, 1, count))
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert (found <= knots.max(axis=0) + 1e-9).all(), "it does not overshoot"


def test_pchip_of_one_knot_stays_and_of_two_is_straight():
    np.testing.assert_array_equal(pchip(np.array([[3.0, 4.0]]), 3), [[3, 4]] * 3)
    np.testing.assert_allclose(pchip(np.array([0.0, 6.0]), 4), [0, 2, 4, 6])


@settings(max_examples=100)
@given(arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.data())
def test_brushed_boxes_are_those_of_scipys_labels(mask, data):
    y, x = (data.draw(st.integers(0, side - 1)) for side in mask.shape)
    labels, _ = label(mask)
    found = brushed_box(mask, x, y)
    if not labels[y, x]:
        assert found is None
        return
    rows, columns = find_objects(labels)[labels[y, x] - 1]
    assert found == (columns.start, rows.start, columns.stop, rows.stop)


def test_a_spiral_is_one_part():
    mask = np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]], bool)
    assert brushed_box(mask, 2, 2) == (0, 0, 5, 5)
    mask[4, 2] = False
    assert brushed_box(mask, 2, 2) == (0, 2, 3, 5)


@pytest.mark.parametrize("flip", [False, True])
def test_pixels_that_touch_by_a_corner_are_two_parts(flip):
    mask = np.eye(3, dtype=bool)[:, ::-1] if flip else np.eye(3, dtype=bool)
    assert [brushed_box(mask, 2 - each if flip else each, each) for each in range(3)] == [
        (2 - each if flip else each, each, 3 - each if flip else each + 1, each + 1) for each in range(3)
    ]


def test_many_random_masks_agree_with_scipy():
    generator = np.random.default_rng(0)
    for density in (0.4, 0.6, 0.7) * 20:
        mask = generator.random((12, 15)) < density
        labels, count = label(mask)
        for number, (rows, columns) in enumerate(find_objects(labels), start=1):
            y, x = generator.choice(np.argwhere(labels == number))
            assert brushed_box(mask, x, y) == (columns.start, rows.start, columns.stop, rows.stop)
        assert count


def test_two_tracks_in_one_part_share_its_box(tmp_path):
    tracks = [[[3, 4], [9, 4]], [[9, 9], [9, 5]], [[5, 6], [5, 2]]]
    item = open_dataset(mc_bench(tmp_path, tracks=tracks))["animal-dog_1"]
    boxes = [subject.keyframes[0].box for subject in item.scene.subjects]
    assert boxes[0] == boxes[2] != boxes[1]
    note = "subjects with the same brushed box, each moving it on a track of its own: subject-1, subject-3"
    assert item.notes == (note,)


def test_no_brush_and_clicks_on_the_edge(tmp_path):
    mc_bench(tmp_path, tracks=[[[20, 10], [0, 0]]], mask=painted())
    item = open_dataset(tmp_path, point_size=0.1)["animal-dog_1"]
    (track,) = evaluate(item.scene, 16)
    np.testing.assert_allclose(track.boxes[0], [19 / 20, 9 / 10, 21 / 20, 11 / 10])
    assert "no brush" in item.notes[0]


def test_any_color_is_brush_and_transparency_is_not(tmp_path):
    mc_bench(tmp_path, tracks=[[[3, 4]]], mask=painted())
    values = np.zeros((10, 20, 4), np.uint8)
    values[..., 3] = 255
    values[3:5, 3:6, 2] = 1
    Image.fromarray(values).save(tmp_path / "animal/dog_1/first_frame_mask.png")
    (track,) = evaluate(open_dataset(tmp_path)["animal-dog_1"].scene, 16)
    np.testing.assert_allclose(track.boxes[0], [0.15, 0.3, 0.3, 0.5])


def test_the_newer_tracks_are_a_choice(tmp_path):
    mc_bench(tmp_path, "a/1")
    mc_bench(tmp_path, "a/1", tracks=[[[3, 4]]], file="meta_data_new.json")
    mc_bench(tmp_path, "a/2")
    assert len(open_dataset(tmp_path)["a-1"].scene.subjects) == 2
    dataset = open_dataset(tmp_path, tracks="meta_data_new")
    assert [(item.id, len(item.scene.subjects)) for item in dataset] == [("a-1", 1)]
    assert dataset.counts.dropped == {"a-2": "it has no meta_data_new.json, only meta_data.json"}
    with pytest.raises(DatasetError, match="tracks: expected meta_data or meta_data_new, got 'old'"):
        open_dataset(tmp_path, tracks="old")


def test_classes_samples_and_one_sample_in_natural_order(tmp_path):
    for name in ("dogs/10", "dogs/9", "cats/1", ".cache/1"):
        mc_bench(tmp_path, name)
    (tmp_path / "readme.txt").write_text("x")
    assert open_dataset(tmp_path).ids == ("cats-1", "dogs-9", "dogs-10")
    inner = open_dataset(tmp_path / "dogs")
    assert inner.ids == ("9", "10")
    assert inner["9"].kind == "dogs"
    assert open_dataset(f"mc-bench:{tmp_path / 'dogs/10'}").ids == ("10",)


def test_a_sample_without_tracks_is_left_out(tmp_path):
    mc_bench(tmp_path, tracks=[])
    dataset = open_dataset(tmp_path)
    assert "nothing is asked to move" in dataset.counts.dropped["animal-dog_1"]
    with pytest.raises(LeftOutError):
        dataset["animal-dog_1"]


@pytest.mark.parametrize("name", ["first_frame.png", "first_frame_mask.png", "meta_data.json"])
def test_half_a_download_names_the_file(tmp_path, name):
    mc_bench(tmp_path)
    mc_bench(tmp_path, "animal/whole")
    (tmp_path / "animal/empty").mkdir()
    (tmp_path / "animal/dog_1" / name).unlink()
    with pytest.raises(DatasetError, match=rf"dog_1.{name}: expected .* found no such file"):
        list(open_dataset(tmp_path))
    dataset = open_dataset(tmp_path, broken="drop")
    assert [item.id for item in dataset] == ["animal-whole"]
    assert list(dataset.counts.dropped) == ["animal-dog_1", "animal-empty"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"meta_data\.json: "),
        ("[]", "expected an object with `traj_key_points`, a list of tracks, got"),
        ('{"traj_key_points": 3}', "expected an object with `traj_key_points`"),
        ('{"traj_key_points": [[]]}', r"traj_key_points\[0\]: expected a track"),
        ('{"traj_key_points": [[[1, 2], [1, NaN]]]}', r"meta_data\.json: "),
        ('{"traj_key_points": [[[1, 2], [1]]]}', r"traj_key_points\[0\]\[1\]: expected \[x, y\] in pixels"),
        ('{"traj_key_points": [[[1, 2]], [[1, true]]]}', r"traj_key_points\[1\]\[0\]: expected"),
        ('{"traj_key_points": [[[21, 2]]]}', r"of the 20 x 10 picture, got \[21, 2\]"),
        ('{"traj_key_points": [[[1, -0.5]]]}', r"of the 20 x 10 picture, got \[1, -0\.5\]"),
        ('{"traj_key_points": [[["1", 2]]]}', r"got \['1', 2\]"),
    ],
)
def test_tracks_that_are_none(tmp_path, text, message):
    mc_bench(tmp_path)
    (tmp_path / "animal/dog_1/meta_data.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path)["animal-dog_1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.integers() | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=12,
)
CLICK = st.tuples(st.integers(-1, 21) | st.floats(0, 20), st.floats(0, 10))
TRACKS = st.lists(st.lists(CLICK, max_size=4), max_size=3)


@settings(max_examples=60)
@given(JSON | TRACKS)
def test_whatever_stands_there_is_a_scene_or_a_clear_error(tmp_path_factory, value):
    folder = mc_bench(tmp_path_factory.mktemp("mc"))
    (folder / "animal/dog_1/meta_data.json").write_text(json.dumps({"traj_key_points": value}))
    dataset = open_dataset(folder, broken="drop")
    kept = [len(item.scene.subjects) for item in dataset]
    if kept:
        assert kept == [len(value)]
    else:
        assert "meta_data.json" in dataset.counts.dropped["animal-dog_1"]


def test_pictures_and_masks_that_do_not_fit(tmp_path):
    mc_bench(tmp_path)
    mask = tmp_path / "animal/dog_1/first_frame_mask.png"
    save_plain(mask, painted(size=(12, 10)))
    with pytest.raises(DatasetError, match=r"first_frame_mask\.png: expected 20 x 10 pixels.*got 12 x 10"):
        open_dataset(tmp_path)["animal-dog_1"]
    mask.write_bytes(mask.read_bytes()[:40])
    with pytest.raises(DatasetError, match=r"first_frame_mask\.png: the picture is damaged"):
        open_dataset(tmp_path)["animal-dog_1"]
    (tmp_path / "animal/dog_1/first_frame.png").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"first_frame\.png: the picture is damaged"):
        open_dataset(tmp_path)["animal-dog_1"]


def test_nothing_there_says_how_to_get_it(tmp_path):
    save_picture(tmp_path / "a/picture.png")
    (tmp_path / "other.json").write_text(json.dumps({}))
    with pytest.raises(DatasetError, match=r"expected folders CLASS/SAMPLE.*hf download HiDream-ai/MotionPro"):
        open_dataset(f"mc-bench:{tmp_path}")
    with pytest.raises(DatasetError, match="mc-bench: it takes no choice frames"):
        open_dataset(mc_bench(tmp_path), frames=8)
