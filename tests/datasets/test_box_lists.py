"""Box lists: layouts found out, degenerate boxes, ids, counts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.datasets import DatasetError, LeftOutError, open_dataset
from hitmark.datasets.box_lists import read_as
from hitmark.errors import HitmarkError
from hitmark.scene import evaluate

BOXES = [[0.6, 0.1, 0.9, 0.3], [0.5, 0.2, 0.8, 0.4], [0.4, 0.3, 0.7, 0.5]]
PLACEHOLDER = [0.5] * 4


def record(number=7, boxes=BOXES, **changes):
    return {"id": number, "caption": "A black swan swims", "subject": "Black Swan", "bboxes": boxes} | changes


def save(tmp_path, *records):
    (tmp_path / "boxes.json").write_text(json.dumps(list(records)))
    return tmp_path / "boxes.json"


def test_documented_layout(tmp_path):
    dataset = open_dataset(save(tmp_path, record(1), record(2, caption="A swan")))
    assert dataset.ids == ("boxes-1", "boxes-2")
    item = dataset["boxes-1"]
    assert (item.scene.prompt, item.scene.frames, item.scene.subjects[0].phrase) == (
        "A black swan swims",
        3,
        "black swan",
    )
    np.testing.assert_allclose(item.truth.boxes, [BOXES])
    np.testing.assert_allclose(item.truth.points[0, 0], [0.75, 0.2])
    assert item.notes == ()
    assert (item.picture(), item.frames(), item.image) == (None, None, None)
    assert dataset.notes[0].startswith("boxes are x1, y1, x2, y2 in fractions of the picture (found out: of 6, 6 as")
    assert str(dataset.counts) == "2 kept, 0 dropped"


def as_layout(boxes, layout):
    """The slow way from corners to the order of a layout."""
    written = []
    for x0, y0, x1, y1 in boxes:
        written.append({"xyxy": [x0, y0, x1, y1], "xxyy": [x0, x1, y0, y1], "xywh": [x0, y0, x1 - x0, y1 - y0]}[layout])
    return written


@pytest.mark.parametrize("layout", ["xyxy", "xxyy", "xywh"])
@pytest.mark.parametrize("size", [None, (224, 112)])
def test_layouts_and_pixels_are_found_out(tmp_path, layout, size):
    boxes = as_layout(BOXES, layout)
    if size:
        by = np.array({"xxyy": [224, 224, 112, 112]}.get(layout, [224, 112, 224, 112]))
        boxes = (np.array(boxes) * by).tolist()
    dataset = open_dataset(save(tmp_path, record(boxes=boxes)), size=size)
    item = dataset["boxes-7"]
    np.testing.assert_allclose(evaluate(item.scene, 3)[0].boxes, BOXES, atol=1e-12)
    np.testing.assert_allclose(item.truth.boxes[0], BOXES, atol=1e-12)
    assert len(item.notes) == (layout != "xyxy" or size is not None)
    assert ("pixels of 224 x 112" in dataset.notes[0]) == (size is not None)


corners = st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 1), st.floats(0.05, 1)).map(
    lambda each: [each[0], each[1], min(1.0, each[0] + each[2]), min(1.0, each[1] + each[3])]
)


@settings(max_examples=40)
@given(st.lists(corners, min_size=1, max_size=20))
def test_documented_boxes_are_never_taken_for_another_layout(boxes):
    reading, _ = read_as([record(boxes=boxes)], "boxes.json")
    assert (reading.layout, reading.scale) == ("xyxy", (1.0, 1.0))
    np.testing.assert_array_equal(reading.boxes(np.array(boxes)), boxes)


@settings(max_examples=40)
@given(st.lists(corners, min_size=1, max_size=20), st.sampled_from(["xyxy", "xxyy", "xywh"]))
def test_an_asked_layout_gives_the_boxes_back(boxes, layout):
    reading, told = read_as([record(boxes=as_layout(boxes, layout))], "boxes.json", layout)
    np.testing.assert_allclose(reading.boxes(np.array(as_layout(boxes, layout))), boxes, atol=1e-12)
    assert "as was asked" in told[0]


def test_pixels_need_the_size(tmp_path):
    path = save(tmp_path, record(boxes=[[10, 20, 30, 40], [12, 20, 32, 40]]))
    with pytest.raises(DatasetError, match=r"got pixels \(up to 40\); give the picture's `size`"):
        open_dataset(path)


def test_degenerate_boxes_by_choice(tmp_path):
    path = save(tmp_path, record(1, [BOXES[0], PLACEHOLDER, BOXES[2]]), record(2), record(3, [PLACEHOLDER] * 3))
    item = open_dataset(path)["boxes-1"]
    np.testing.assert_allclose(evaluate(item.scene, 3)[0].boxes[1], [0.5, 0.2, 0.8, 0.4])
    np.testing.assert_array_equal(item.truth.visible, [[True, False, True]])
    assert np.isnan(item.truth.boxes[0, 1]).all()
    assert item.notes == ("1 degenerate boxes interpolated",)
    item = open_dataset(path, degenerate="frames")["boxes-1"]
    np.testing.assert_allclose(item.truth.boxes[0], [BOXES[0], BOXES[2]])
    assert item.scene.frames == 2
    assert item.notes == ("1 frames with degenerate boxes removed, 2 are left",)
    counts = open_dataset(path, degenerate="clips").counts
    assert counts.kept == 1
    assert counts.dropped == {
        "boxes-1": "1 of 3 boxes are degenerate", "boxes-3": "3 of 3 boxes are degenerate"
    }  # fmt: skip
    assert open_dataset(path).counts.dropped == {"boxes-3": "3 of 3 boxes are degenerate"}


@pytest.mark.parametrize("layout", ["xyxy", "xywh"])
def test_placeholders_do_not_decide_the_layout_and_are_degenerate_in_any(tmp_path, layout):
    boxes = [[0.6, 0.6, 0.9, 0.9], *[PLACEHOLDER] * 5, [0.5, 0.6, 0.8, 0.9]]
    written = [box if box == PLACEHOLDER else as_layout([box], layout)[0] for box in boxes]
    dataset = open_dataset(save(tmp_path, record(boxes=written)))
    truth = dataset["boxes-7"].truth
    np.testing.assert_array_equal(truth.visible, [[True, *[False] * 5, True]])
    np.testing.assert_allclose(truth.boxes[0, [0, 6]], [boxes[0], boxes[6]])
    assert "of 2, " in dataset.notes[0]


def test_records_that_are_too_short_are_left_out(tmp_path):
    path = save(tmp_path, record(1, BOXES[:1]), record(2))
    with pytest.raises(LeftOutError, match="1 of 1 frames have a box, and 2 are needed"):
        open_dataset(path)["boxes-1"]


def test_ids_that_are_missing_twice_or_no_file_names(tmp_path):
    nameless = record()
    del nameless["id"]
    dataset = open_dataset(save(tmp_path, record(1), record(1), record("a/../b"), nameless))
    assert dataset.ids == ("boxes-at-0", "boxes-at-1", "boxes-a-..-b", "boxes-at-3")
    assert dataset.counts.kept == 4


def test_damaged_records_stop_or_are_dropped(tmp_path):
    path = save(tmp_path, record(1), record(2, [[0, 0, 1]]), "nothing", record(4, subject=""))
    with pytest.raises(DatasetError, match=r"boxes-2: bboxes: expected a list of boxes of four numbers"):
        list(open_dataset(path))
    counts = open_dataset(path, broken="drop").counts
    assert (counts.kept, list(counts.dropped)) == (1, ["boxes-2", "boxes-at-2", "boxes-4"])
    assert "text `subject`" in counts.dropped["boxes-4"]


@pytest.mark.parametrize("text", ["{}", "[]", "[1", ""])
def test_files_that_are_no_list(tmp_path, text):
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(HitmarkError, match=r"boxes\.json"):
        open_dataset(f"peekaboo:{tmp_path / 'boxes.json'}")
