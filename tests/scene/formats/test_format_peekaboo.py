"""Peekaboo box lists: choosing a record, the LaSOT layout, placeholder boxes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hitmark.scene import SceneError, evaluate
from hitmark.scene.formats import read, remarks

BOXES = [[0.6, 0.1, 0.9, 0.3], [0.5, 0.2, 0.8, 0.4], [0.4, 0.3, 0.7, 0.5]]


def record(number=7, boxes=BOXES, **changes):
    return {
        "id": number,
        "caption": "A black swan swims",
        "subject": "Black Swan",
        "bboxes": boxes,
        "metadata": {},
    } | changes


def save(tmp_path, *records):
    (tmp_path / "boxes.json").write_text(json.dumps(list(records)))
    return tmp_path / "boxes.json"


def test_one_record_needs_no_choice(tmp_path):
    scene = read(save(tmp_path, record()))
    assert scene.prompt == "A black swan swims"
    assert (scene.subjects[0].name, scene.subjects[0].phrase, scene.frames) == ("Black Swan", "black swan", 3)
    np.testing.assert_array_equal(evaluate(scene, 3)[0].boxes, BOXES)
    assert remarks(scene) == []


def test_records_are_chosen_by_id_then_by_position(tmp_path):
    path = save(tmp_path, record(1100, caption="one"), record(1101, caption="two"), record(2, caption="three"))
    assert read(path, record=1101).prompt == "two"
    assert read(f"{path}#1100").prompt == "one"
    assert read(path, record="2").prompt == "three"
    assert read(path, record=0).prompt == "one"
    with pytest.raises(SceneError, match=r"boxes\.json#1100.*The ids are 1100, 1101, 2"):
        read(path)
    with pytest.raises(SceneError, match="position from 0 to 2, got '9'"):
        read(f"{path}#9")


def test_repeated_ids_are_an_error(tmp_path):
    with pytest.raises(SceneError, match="expected one record with id 7, got 2"):
        read(save(tmp_path, record(), record()), record=7)


def test_lasot_layout_is_found_over_the_whole_file_and_told(tmp_path):
    swapped = [[x0, x1, y0, y1] for x0, y0, x1, y1 in BOXES]
    scene = read(save(tmp_path, record(1, swapped), record(2, swapped), record(3, BOXES[:1])), record=1)
    np.testing.assert_array_equal(evaluate(scene, 3)[0].boxes, BOXES)
    assert "x1, x2, y1, y2" in remarks(scene)[0]
    assert scene.notes["peekaboo"]["layout"] == "xxyy"


def test_layout_can_be_told(tmp_path):
    both = [[0.1, 0.2, 0.3, 0.4]]  # valid either way: the documented order wins
    path = save(tmp_path, record(boxes=both))
    assert read(path).subjects[0].keyframes[0].box == (0.1, 0.2, 0.3, 0.4)
    assert read(path, layout="xxyy").subjects[0].keyframes[0].box == (0.1, 0.3, 0.2, 0.4)
    with pytest.raises(SceneError, match="expected xyxy or xxyy"):
        read(path, layout="yx")


def test_placeholders_are_interpolated_over_and_counted(tmp_path):
    gap = [0.5, 0.5, 0.5, 0.5]
    scene = read(save(tmp_path, record(boxes=[gap, BOXES[0], gap, BOXES[2], [0.4, 0.4, 0.4, 0.6]])))
    np.testing.assert_allclose(evaluate(scene, 5)[0].boxes, [BOXES[0], BOXES[0], BOXES[1], BOXES[2], BOXES[2]])
    assert remarks(scene)[0].startswith("2 placeholder boxes")
    assert remarks(scene)[1].startswith("1 boxes without area")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (record(boxes=[]), "bboxes: expected a list of boxes"),
        (record(boxes=[[0.5] * 4]), "at least one box with an area"),
        (record(boxes=[[0, 0, 1]]), r"bboxes\[0\]: expected four numbers"),
        (record(boxes=[[0, 0, True, 1]]), r"bboxes\[0\]: expected four numbers"),
        (record(boxes=[[0, 0, 1, 1], [0, 0, "1", 1]]), r"bboxes\[1\]: expected four numbers"),
        (record(boxes=[[0, 0, 640, 480]]), "which are pixels; give the size"),
        (record(boxes=[[2, 2, 3, 3]]), "partly in the picture"),
        (record(subject=""), "a text `subject`"),
        (record(caption=3), "a text `caption`"),
    ],
)
def test_broken_records_are_named(tmp_path, broken, message):
    with pytest.raises(SceneError, match=message) as caught:
        read(save(tmp_path, broken))
    assert "boxes.json: record 7" in str(caught.value)
