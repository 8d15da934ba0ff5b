"""References drawn from scenes."""

import numpy as np
import pytest
from PIL import Image

from hitmark.reference import CrudeVideoError, draw_reference, reference_of
from hitmark.scene import Scene, evaluate
from hitmark.scene.tracks import camera_boxes, frame_times
from tests.reference import slow


def picture(height=18, width=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def subject(name, *boxes, **fields):
    times = np.linspace(0, 1, len(boxes))
    keys = [{"time": float(time), "box": list(box)} for time, box in zip(times, boxes, strict=True)]
    return {"name": name, "keyframes": keys} | fields


def scene(*subjects, **fields):
    return Scene.from_dict({"subjects": list(subjects)} | fields)


LEFT, RIGHT = (0.1, 0.2, 0.4, 0.6), (0.55, 0.3, 0.95, 0.9)


def close(signal, frames, meant):
    clear = np.abs(meant - 0.5) > 1e-6
    assert np.abs(signal.frames - frames).max() <= 0.75 + 0.25
    assert (signal.mask == (meant >= 0.5))[clear].all()


def test_two_subjects_that_cross_by_depth_and_size_are_what_a_loop_paints():
    near = subject("near", LEFT, RIGHT, depth=3)
    far = subject("far", RIGHT, (0.05, 0.1, 0.35, 0.5))
    tracks = evaluate(scene(near, far), 4)
    close(draw_reference(picture(), tracks), *slow.dragged(picture(), tracks))


@pytest.mark.parametrize("camera", [{"pan": [0.3, -0.2]}, {"zoom": 1.6}, {"zoom": 0.5, "pan": [0.1, 0.1]}])
def test_a_camera_move_is_what_a_loop_paints(camera):
    made = scene(subject("one", (0.3, 0.3, 0.6, 0.7), (0.4, 0.3, 0.7, 0.7)), camera=camera)
    tracks = evaluate(made, 3)
    view = camera_boxes(np.array([0.0, 0, 1, 1]), made.camera, frame_times(3))
    close(draw_reference(picture(), tracks, camera=view), *slow.dragged(picture(), tracks, view))


def test_the_first_frame_is_the_picture_to_the_byte():
    made = scene(subject("a", LEFT, RIGHT), subject("b", (0.33, 0.11, 0.71, 0.77), LEFT), camera={"zoom": 2})
    given = Image.fromarray(picture(40, 60))
    first = reference_of(made, given, (5, 32, 48)).frames[0]
    assert (first == np.asarray(given.resize((48, 32)))).all()


def test_a_picture_of_16_bits_is_scaled():
    deep = Image.fromarray(np.linspace(0, 65535, 18 * 24).astype(np.uint16).reshape(18, 24))
    first = reference_of(scene(subject("a", LEFT, RIGHT)), deep, (3, 18, 24)).frames[0]
    assert np.abs(first[..., 0].astype(int) - np.asarray(deep) / 257).max() <= 1


def test_what_is_dragged_is_meant_and_what_is_filled_is_not():
    signal = draw_reference(picture(), evaluate(scene(subject("a", (0, 0, 0.25, 0.5), (0.5, 0.5, 0.75, 1))), 2))
    assert signal.mask[0, :9, :6].all()
    assert signal.mask[0].sum() == 9 * 6
    assert signal.mask[1, 9:, 12:18].all()
    assert signal.mask[1].sum() == 9 * 6
    assert (signal.frames[1, 9:, 12:18] == picture()[:9, :6]).all()
    assert (signal.frames[1, :9, 6:] == picture()[:9, 6:]).all()  # the background stays


def test_with_a_moving_camera_the_background_is_meant_where_it_is_known():
    made = scene(subject("a", (0.5, 0.5, 0.75, 1), (0, 0, 0.25, 0.5)), camera={"pan": [0.25, 0]})
    view = camera_boxes(np.array([0.0, 0, 1, 1]), made.camera, frame_times(2))
    signal = draw_reference(picture(), evaluate(made, 2), camera=view)
    assert signal.mask[0].all()
    assert not signal.mask[1, 9:, :6].any()  # came in from outside
    assert not signal.mask[1, 9:, 18:].any()  # the hole, which moved along
    assert (signal.frames[1, 9:, 6:18] == picture()[9:, :12]).all()


def test_the_later_of_two_equal_depths_covers_the_earlier():
    place = (0.25, 0.5, 0.5, 1.0)
    first, second = subject("a", (0, 0, 0.25, 0.5), place), subject("b", (0.5, 0, 0.75, 0.5), place)
    last = draw_reference(picture(), evaluate(scene(first, second), 2)).frames[1]
    assert (last[9:, 6:12] == picture()[:9, 12:18]).all()
    last = draw_reference(picture(), evaluate(scene(first | {"depth": 1}, second), 2)).frames[1]
    assert (last[9:, 6:12] == picture()[:9, :6]).all()


def test_a_hidden_subject_is_not_painted_and_an_anchor_holds_still():
    gone = subject("a", (0, 0, 0.25, 0.5), (0.5, 0.5, 0.75, 1), visible=[0, 0.5])
    still = {"name": "still", "box": [0.75, 0, 1, 0.5]}
    signal = draw_reference(picture(), evaluate(scene(gone, anchors=[still]), 3))
    assert signal.mask[2].sum() == 9 * 6
    assert signal.mask[:, :9, 18:].all()
    assert (signal.frames[:, :9, 18:] == picture()[:9, 18:]).all()


def test_a_mask_picture_cuts_what_it_shows_instead_of_the_box():
    gray = np.zeros((18, 24), np.uint8)
    gray[2:5, 2:4] = 255
    made = evaluate(scene(subject("a", (0, 0, 0.25, 0.5), (0.5, 0.5, 0.75, 1))), 2)
    signal = draw_reference(picture(), made, cutouts={"a": Image.fromarray(gray)})
    assert signal.mask[0].sum() == signal.mask[1].sum() == 6
    assert (signal.frames[1, 11:14, 14:16] == picture()[2:5, 2:4]).all()


def test_a_picture_with_transparency_comes_in_from_outside():
    sprite = np.zeros((9, 6, 4), np.uint8)
    sprite[..., 0], sprite[3:, :, 3] = 200, 255
    late = subject("a", (-0.25, 0, 0, 0.5), (0.5, 0.5, 0.75, 1), visible=[0.5, 1])
    signal = draw_reference(picture(), evaluate(scene(late), 3), cutouts={"a": Image.fromarray(sprite)})
    assert (signal.frames[0] == picture()).all()
    assert (signal.frames[2, 12:, 12:18] == [200, 0, 0]).all()
    assert signal.mask.sum(axis=(1, 2)).tolist()[::2] == [0, 36]


def test_subjects_that_cannot_be_cut_are_refused_with_what_to_do():
    late = subject("late", LEFT, RIGHT, visible=[0.5, 1])
    under = subject("under", (0.2, 0.3, 0.3, 0.5), RIGHT)
    for made, name in ((scene(late), "late"), (scene(under, subject("over", LEFT, depth=1)), "under")):
        with pytest.raises(CrudeVideoError, match=f"'{name}'.*`--cutout {name}=PICTURE.png` of `hitmark generate`"):
            draw_reference(picture(), evaluate(made, 3))
    with pytest.raises(CrudeVideoError, match="subject, an anchor or a camera"):
        draw_reference(picture(), [])
    with pytest.raises(CrudeVideoError, match="name of a subject \\(a\\), got 'b'"):
        draw_reference(picture(), evaluate(scene(subject("a", LEFT)), 2), cutouts={"b": Image.new("L", (3, 3))})


def test_a_background_that_leaves_the_picture_goes_on_and_is_not_meant():
    made = scene(subject("a", LEFT), camera={"pan": [3, 0]})
    view = camera_boxes(np.array([0.0, 0, 1, 1]), made.camera, frame_times(2))
    signal = draw_reference(picture(), evaluate(made, 2), camera=view)
    assert signal.mask[1].sum() == signal.mask[1, 4:11, 2:10].sum()
