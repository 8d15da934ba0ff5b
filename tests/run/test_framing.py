"""A picture of another shape is cut or padded, its boxes carried along, and never squeezed in silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.run.framing import frame_picture
from hitmark.scene import Scene, SceneError, evaluate

QUICK = settings(max_examples=40, deadline=None, derandomize=True)


def scene(start=(0.4, 0.4, 0.6, 0.6), end=(0.45, 0.4, 0.65, 0.6), **fields):
    keyframes = [{"time": 0, "box": start}, {"time": 1, "box": end}]
    return Scene.from_dict({"subjects": [{"name": "a", "keyframes": keyframes}], **fields})


def marked(width, height, box):
    """Black, with the box white: where it goes, the box must go."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = (round(side * (width, height)[index % 2]) for index, side in enumerate(box))
    pixels[y0:y1, x0:x1] = 255
    return Image.fromarray(pixels)


def where_white(picture):
    rows, columns = np.nonzero(np.asarray(picture)[..., 0] == 255)
    width, height = picture.size
    found = columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height
    return np.array(found)


@QUICK
@given(
    sides=st.tuples(st.integers(40, 300), st.integers(40, 300)),
    size=st.sampled_from([(64, 64), (1024, 576), (576, 1024), (32, 24)]),
    fit=st.sampled_from(["auto", "crop", "pad"]),
    corner=st.tuples(st.floats(0.42, 0.48), st.floats(0.42, 0.48)),
)
def test_boxes_stay_on_what_they_show(sides, size, fit, corner):
    box = (*corner, corner[0] + 0.1, corner[1] + 0.1)
    pixels = [round(side * sides[index % 2]) / sides[index % 2] for index, side in enumerate(box)]
    framed = frame_picture(scene(pixels, pixels, fit=fit), marked(*sides, pixels), size)
    width, height = framed.picture.size
    assert abs(width / height / (size[0] / size[1]) - 1) < 0.05
    shown = np.clip(framed.scene.subjects[0].keyframes[0].box, 0, 1)
    np.testing.assert_allclose(shown, where_white(framed.picture), atol=1e-9)
    assert bool(framed.notes) == (framed.picture.size != sides)


def test_auto_cuts_where_no_box_is_lost_and_pads_else():
    portrait = Image.new("RGB", (1080, 1920), (90, 90, 90))
    middle = frame_picture(scene(), portrait, (64, 64))
    assert middle.picture.size == (1080, 1080)
    assert "1080x1920 and the clip 64x64: the middle of it is taken (crop)" in middle.notes[0]
    top = frame_picture(scene((0.1, 0.02, 0.3, 0.1)), portrait, (64, 64))
    assert top.picture.size == (1920, 1920)
    assert "bars are added to it (pad)" in top.notes[0]
    assert np.asarray(top.picture).min() == np.asarray(top.picture).max() == 90
    leaving = frame_picture(scene(end=(1.1, 0.4, 1.3, 0.6)), portrait, (64, 64))  # what lies outside is not lost
    assert leaving.picture.size == (1080, 1080)


def test_cutting_a_subject_off_is_refused():
    portrait = Image.new("RGB", (1080, 1920))
    with pytest.raises(SceneError, match=r"fit: cutting the picture.*let fit be pad or auto"):
        frame_picture(scene((0.1, 0.02, 0.3, 0.1), fit="crop"), portrait, (64, 64))


def test_stretching_is_said_and_the_same_shape_is_left_alone():
    stretched = frame_picture(scene(fit="stretch"), Image.new("RGB", (64, 48)), (64, 64))
    assert stretched.picture.size == (64, 48)
    assert "squeezed" in stretched.notes[0]
    assert "--" not in stretched.notes[0]  # `score` and the studio say it too, and have no such option
    given = scene()
    same = frame_picture(given, Image.new("RGB", (1025, 576)), (1024, 576))
    assert (same.scene, same.notes, same.picture.size) == (given, (), (1025, 576))


def test_anchors_and_camera_are_carried_along_and_a_second_time_nothing_is_done():
    given = scene(anchors=[{"name": "rock", "box": [0.3, 0.45, 0.4, 0.55]}], camera={"pan": [0.1, 0.2]})
    framed = frame_picture(given, Image.new("RGB", (100, 200)), (64, 64))
    assert framed.scene.camera.pan == pytest.approx((0.1, 0.4))
    np.testing.assert_allclose(framed.scene.anchors[0].box, [0.3, 0.4, 0.4, 0.6])
    again = frame_picture(framed.scene, framed.picture, (64, 64))
    assert (again.scene, again.notes) == (framed.scene, ())
    assert evaluate(framed.scene, 5)[0].boxes.shape == (5, 4)
