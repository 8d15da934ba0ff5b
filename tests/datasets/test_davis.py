"""DAVIS folders: boxes, points and masks against hand-computed ones; broken folders are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.datasets import DatasetError, LeftOutError, open_dataset
from hitmark.scene import evaluate

from .fakes import HEIGHT, WIDTH, davis, painted, save_palette, save_picture, save_plain


def test_boxes_points_and_masks_of_every_object(tmp_path):
    item = open_dataset(davis(tmp_path))["bear"]
    truth = item.truth
    assert truth.names == ("object-1", "object-2")
    np.testing.assert_allclose(truth.boxes[0], [[(2 + 2 * t) / 20, 0.3, (6 + 2 * t) / 20, 0.7] for t in range(3)])
    np.testing.assert_allclose(truth.points[0], [[(4 + 2 * t) / 20, 0.5] for t in range(3)])
    np.testing.assert_allclose(truth.boxes[1, [0, 2]], [[0, 0.8, 0.15, 1]] * 2)
    assert np.isnan(truth.boxes[1, 1]).all()
    np.testing.assert_array_equal(truth.visible, [[True] * 3, [True, False, True]])
    masks = truth.masks()
    assert masks.shape == (2, 3, HEIGHT, WIDTH)
    assert masks.dtype == bool
    assert masks[0, 1].sum() == 16
    assert masks[0, 1, 3:7, 4:8].all()
    assert not masks[1, 1].any()
    assert item.notes == ("object-2: 1 frames without a mask; the scene's path is interpolated over them",)


def test_the_scene_asks_for_the_true_motion(tmp_path):
    item = open_dataset(davis(tmp_path))["bear"]
    tracks = evaluate(item.scene, 3)
    np.testing.assert_allclose(tracks[0].boxes, item.truth.boxes[0])
    assert (item.scene.width, item.scene.height, item.scene.frames) == (20, 10, 3)
    assert item.image == tmp_path / "JPEGImages/480p/bear/00000.jpg"
    assert item.picture().shape == (10, 20, 3)
    frames = item.frames()
    assert frames.shape == (3, 10, 20, 3)
    assert frames[2].mean() > frames[0].mean()


def test_an_object_that_leaves_ends_there(tmp_path):
    masks = [painted((1, 0, 0, 4, 4)), painted((1, 1, 0, 5, 4)), painted()]
    item = open_dataset(davis(tmp_path, masks=masks))["bear"]
    assert item.scene.subjects[0].visible == (0.0, 0.5)
    assert "not seen after frame 2 of 3" in item.notes[0]


def test_masks_of_2016_are_one_object(tmp_path):
    masks = [painted((255, t, 0, t + 5, 5)) for t in range(2)]
    item = open_dataset(davis(tmp_path, masks=masks, save=save_plain))["bear"]
    assert item.truth.names == ("object-1",)
    np.testing.assert_allclose(item.truth.boxes[0, 1], [0.05, 0, 0.3, 0.5])


def test_objects_together(tmp_path):
    item = open_dataset(davis(tmp_path), objects="together")["bear"]
    assert item.truth.names == ("object-1",)
    np.testing.assert_allclose(item.truth.boxes[0, 0], [0, 0.3, 0.3, 1])


@settings(max_examples=30)
@given(st.integers(0, 15), st.integers(0, 7), st.integers(1, 5), st.integers(1, 3))
def test_any_rectangle_gives_its_own_box(tmp_path_factory, left, top, width, height):
    masks = [painted((1, left, top, left + width, top + height))] * 2
    item = open_dataset(davis(tmp_path_factory.mktemp("davis"), masks=masks))["bear"]
    expected = [left / 20, top / 10, (left + width) / 20, (top + height) / 10]
    np.testing.assert_allclose(item.truth.boxes[0], [expected] * 2, atol=1e-12)
    np.testing.assert_allclose(item.truth.points[0, 0], [(left + width / 2) / 20, (top + height / 2) / 10])


def test_a_crop_keeps_the_middle_and_boxes_follow(tmp_path):
    item = open_dataset(davis(tmp_path, masks=[painted((1, 3, 2, 9, 6))] * 2), size=(8, 8), fit="crop")["bear"]
    np.testing.assert_allclose(item.truth.boxes[0, 0], [0, 0.2, 0.4, 0.6])  # columns 5..14 are kept
    assert item.image is None
    assert item.picture().shape == (8, 8, 3)
    masks = item.truth.masks()
    assert masks.shape == (1, 2, 8, 8)
    rows = (np.floor((np.arange(8) + 0.5) * 10 / 8) >= 2) & (np.floor((np.arange(8) + 0.5) * 10 / 8) < 6)
    columns = np.floor(5 + (np.arange(8) + 0.5) * 10 / 8) < 9
    np.testing.assert_array_equal(masks[0, 0], rows[:, None] & columns)


def test_stretching_keeps_the_fractions(tmp_path):
    plain = open_dataset(davis(tmp_path))["bear"]
    item = open_dataset(tmp_path, size=(16, 16))["bear"]
    np.testing.assert_array_equal(item.truth.boxes, plain.truth.boxes)
    assert (item.scene.width, item.scene.height) == (16, 16)


def test_frames_stride_and_choice_of_objects(tmp_path):
    davis(tmp_path)
    item = open_dataset(tmp_path, frames=2, stride=2, most_objects=1)["bear"]
    np.testing.assert_allclose(item.truth.boxes[0, :, 0], [0.1, 0.3])
    assert item.notes == ("object-2 left out: 1 are larger",)
    item = open_dataset(tmp_path, least_area=0.05)["bear"]
    assert item.truth.names == ("object-1",)
    assert "0.0300 of the first frame" in item.notes[0]


def test_short_and_empty_clips_are_dropped_with_their_reason(tmp_path):
    davis(tmp_path)
    davis(tmp_path, "ant", [painted((1, 0, 0, 3, 3))] * 5)
    davis(tmp_path, "cat", [painted()] * 5)
    davis(tmp_path, "dog", [painted(), *[painted((1, 0, 0, 3, 3))] * 4])
    dataset = open_dataset(tmp_path, frames=4)
    assert dataset.ids == ("ant", "bear", "cat", "dog")
    assert [item.id for item in dataset] == ["ant"]
    assert dataset.counts.kept == 1
    assert "3 frames" in dataset.counts.dropped["bear"]
    assert "the masks show none" in dataset.counts.dropped["cat"]
    assert "not in the first frame" in dataset.counts.dropped["dog"]
    assert str(dataset.counts).startswith("1 kept, 3 dropped\n")
    with pytest.raises(LeftOutError):
        dataset["cat"]


PAIRS = "/JPEGImages/480p/dog/00000.jpg /Annotations/480p/dog/00000.png\n" * 2


@pytest.mark.parametrize("lines", ["dog\nbear\n", PAIRS])
def test_lists_choose_and_order(tmp_path, lines):
    for name in ("ant", "bear", "dog"):
        davis(tmp_path, name)
    (tmp_path / "ImageSets/2017").mkdir(parents=True)
    (tmp_path / "ImageSets/2017/val.txt").write_text(lines)
    ids = open_dataset(tmp_path, split="2017/val").ids
    assert ids[0] == "dog"
    assert "ant" not in ids
    with pytest.raises(DatasetError, match="the lists here are 2017/val"):
        open_dataset(tmp_path, split="2016/val")


def test_missing_frames_are_named(tmp_path):
    root = davis(tmp_path)
    (root / "Annotations/480p/bear/00001.png").unlink()
    with pytest.raises(DatasetError, match=r"Annotations.480p.bear: 1 of 3 frames are missing: 00001"):
        open_dataset(root)["bear"]
    (root / "JPEGImages/480p/bear/00001.jpg").unlink()
    with pytest.raises(DatasetError, match=r"1 frames are missing: 00001 \(pictures and masks\)"):
        list(open_dataset(root))
    dataset = open_dataset(root, broken="drop")
    assert list(dataset) == []
    assert "00001" in dataset.counts.dropped["bear"]


def test_a_mask_of_another_size(tmp_path):
    root = davis(tmp_path)
    save_palette(root / "Annotations/480p/bear/00002.png", painted((1, 0, 0, 3, 3), size=(12, 10)))
    with pytest.raises(DatasetError, match=r"00002\.png: expected 20 x 10 pixels.*got 12 x 10"):
        open_dataset(root)["bear"]


def test_a_truncated_mask_and_picture(tmp_path):
    root = davis(tmp_path)
    item = open_dataset(root)["bear"]
    picture = root / "JPEGImages/480p/bear/00002.jpg"
    picture.write_bytes(picture.read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"00002\.jpg: the picture is damaged"):
        item.frames()
    mask = root / "Annotations/480p/bear/00001.png"
    mask.write_bytes(mask.read_bytes()[:-30])
    with pytest.raises(DatasetError, match=r"00001\.png: the mask is damaged"):
        open_dataset(root)["bear"]


def test_a_picture_of_another_size(tmp_path):
    root = davis(tmp_path)
    save_picture(root / "JPEGImages/480p/bear/00001.jpg", (22, 10))
    with pytest.raises(DatasetError, match=r"00001\.jpg: expected 20 x 10.*got 22 x 10"):
        open_dataset(root)["bear"].frames()


def test_a_mask_in_colors(tmp_path):
    root = davis(tmp_path)
    Image.new("RGB", (20, 10), (200, 0, 0)).save(root / "Annotations/480p/bear/00000.png")
    with pytest.raises(DatasetError, match="got colors"):
        open_dataset(root)["bear"]


def test_half_a_download_and_unknown_ids(tmp_path):
    (tmp_path / "JPEGImages/480p/bear").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"expected the folder Annotations.480p in it.*davischallenge"):
        open_dataset(tmp_path)
    davis(tmp_path)
    with pytest.raises(DatasetError, match="got 'bare'; the ids are bear"):
        open_dataset(tmp_path)["bare"]
    (tmp_path / "JPEGImages/480p/wolf").mkdir()
    with pytest.raises(DatasetError, match=r"Annotations.480p.wolf: expected this folder"):
        open_dataset(tmp_path)["wolf"]
