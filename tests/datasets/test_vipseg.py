"""VIPSeg: numbers of 16 bits, names of classes, the protocol."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hitmark.datasets import DatasetError, open_dataset

from .fakes import vipseg


def test_things_are_objects_and_stuff_is_not(tmp_path):
    (tmp_path / "panoVIPSeg_categories.json").write_text(json.dumps([{"id": 60, "name": "person", "isthing": 1}]))
    dataset = open_dataset(vipseg(tmp_path))
    item = dataset["12_abc"]
    assert item.truth.names == ("person 1", "person 2")
    np.testing.assert_allclose(item.truth.boxes[0, 3], [0.2, 0.3, 0.4, 0.7])
    np.testing.assert_allclose(item.truth.points[1], [[0.75, 0.75]] * 15)
    assert item.truth.masks().shape == (2, 15, 10, 20)
    assert item.notes == ()
    assert dataset.notes == ()


def test_without_the_names_of_classes(tmp_path):
    dataset = open_dataset(vipseg(tmp_path))
    assert dataset["12_abc"].truth.names == ("class 61 1", "class 61 2")
    assert "panoVIPSeg_categories.json is not there" in dataset.notes[0]


def test_the_layout_of_720_lines_with_its_lists_above(tmp_path):
    vipseg(tmp_path / "VIPSeg_720P", "1_a", pictures="images")
    vipseg(tmp_path / "VIPSeg_720P", "2_b", pictures="images")
    (tmp_path / "val.txt").write_text("2_b\n\n")
    assert open_dataset(tmp_path, split="val").ids == ("2_b",)
    assert open_dataset(tmp_path).ids == ("1_a", "2_b")


def test_the_protocol_sets_frames_size_and_split_and_says_what_is_not_known(tmp_path):
    vipseg(tmp_path, "a")
    vipseg(tmp_path, "b", frames=9)
    vipseg(tmp_path, "c")
    (tmp_path / "val.txt").write_text("a\nb\n")
    dataset = open_dataset(tmp_path, protocol="sg-i2v")
    assert dataset.ids == ("a", "b")
    assert dataset["a"].scene.frames == 14
    assert dataset["a"].truth.boxes.shape == (2, 14, 4)
    assert (dataset["a"].scene.width, dataset["a"].scene.height) == (1024, 576)
    assert dataset["a"].picture().shape == (576, 1024, 3)
    assert dataset.counts.dropped == {"b": "9 frames at every 1, and 14 are needed"}
    assert "not published" in dataset.notes[0]
    assert open_dataset(tmp_path, protocol="sg-i2v", frames=8, size=(32, 18))["b"].picture().shape == (18, 32, 3)
    with pytest.raises(DatasetError, match="expected \"sg-i2v\", got 'fvd'"):
        open_dataset(tmp_path, protocol="fvd")


def test_frames_missing_in_the_middle_are_named(tmp_path):
    vipseg(tmp_path)
    (tmp_path / "imgs/12_abc/00000986.jpg").unlink()
    with pytest.raises(DatasetError, match=r"imgs.12_abc: 1 of 15 frames are missing: 00000986"):
        open_dataset(tmp_path)["12_abc"]
    (tmp_path / "panomasks/12_abc/00000986.png").unlink()
    assert open_dataset(tmp_path)["12_abc"].notes == ("frames are not evenly numbered, these are not there: 986",)


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "panomasks").mkdir()
    with pytest.raises(DatasetError, match=r"expected the folder imgs in it.*VIPSeg-Dataset"):
        open_dataset(tmp_path)
    vipseg(tmp_path)
    with pytest.raises(DatasetError, match=r"val\.txt: expected the list of split 'val'"):
        open_dataset(tmp_path, split="val")
    (tmp_path / "val.txt").write_text("gone\n")
    with pytest.raises(DatasetError, match=r"imgs.gone: expected this folder"):
        open_dataset(tmp_path, split="val")["gone"]
    (tmp_path / "panoVIPSeg_categories.json").write_text('{"id": 1')
    with pytest.raises(DatasetError, match="expected a JSON list of objects with id and name"):
        open_dataset(tmp_path)
