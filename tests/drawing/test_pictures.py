from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hitmark.drawing.colors import PALETTE, track_colors
from hitmark.drawing.pictures import annotated, contact_sheet, plan_picture, side_by_side
from hitmark.errors import HitmarkError
from hitmark.scene import Scene, evaluate

GRAY = 128


def scene(**changes):
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.3, 0.4]}, {"time": 1, "box": [0.6, 0.5, 0.8, 0.7]}]
    return Scene.from_dict({"subjects": [{"name": "car", "keyframes": keyframes}]} | changes)


def picture(width=80, height=40):
    return Image.new("RGB", (width, height), (GRAY, GRAY, GRAY))


def share_of(image, color, box):
    """Share of pixels near `color` in a box given in fractions of the picture."""
    values = np.asarray(image).astype(int)
    height, width = values.shape[:2]
    x0, y0, x1, y1 = (np.array(box) * [width, height, width, height]).astype(int)
    return (np.abs(values[y0:y1, x0:x1] - np.array(color)).max(axis=-1) < 40).mean()


def test_plan_is_enlarged_until_it_can_be_read_and_keeps_its_shape():
    plan = plan_picture(picture(), evaluate(scene(), 8))
    assert max(plan.size) >= 512
    assert plan.width / plan.height == pytest.approx(2, rel=0.02)


def test_a_large_picture_keeps_its_size():
    assert plan_picture(picture(1024, 576), evaluate(scene(), 8)).size == (1024, 576)


def test_plan_marks_first_box_path_and_last_box_where_they_are():
    tracks = evaluate(scene(), 8)
    plan = plan_picture(picture(1000, 500), tracks)
    color = track_colors(tracks)["car"]
    left_edge = share_of(plan, color, (0.09, 0.25, 0.11, 0.39))
    right_edge_of_last = share_of(plan, color, (0.79, 0.51, 0.81, 0.69))
    half_way = share_of(plan, color, (0.42, 0.42, 0.48, 0.48))
    assert left_edge > 0.1
    assert 0.03 < right_edge_of_last < left_edge  # dashed
    assert half_way > 0.05
    assert share_of(plan, color, (0.0, 0.75, 1, 1)) == 0
    assert share_of(plan, (GRAY,) * 3, (0.4, 0.75, 1, 1)) == 1


def test_plan_shows_the_name_on_a_plate_of_its_color():
    tracks = evaluate(scene(), 8)
    color = track_colors(tracks)["car"]
    plan = plan_picture(picture(1000, 500), tracks)
    assert share_of(plan, color, (0.1, 0.16, 0.13, 0.2)) > 0.3


def test_the_plate_stays_inside_the_picture():
    keyframes = [{"time": 0, "box": [0.9, 0.0, 1.0, 0.2]}]
    moving = scene(subjects=[{"name": "a very long name " * 4, "keyframes": keyframes}])
    assert plan_picture(picture(640, 320), evaluate(moving, 4)).size == (640, 320)


def test_boxes_that_leave_the_picture_get_a_border_on_that_side_only():
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.3, 0.4]}, {"time": 1, "box": [1.0, 0.2, 1.2, 0.4]}]
    plan = plan_picture(picture(1000, 500), evaluate(scene(subjects=[{"name": "car", "keyframes": keyframes}]), 8))
    assert plan.height == 500
    assert 1200 < plan.width < 1260
    assert np.asarray(plan)[5, 0].tolist() == [GRAY] * 3
    assert max(np.asarray(plan)[5, -1]) < 60


def test_the_border_has_a_limit():
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.3, 0.4]}, {"time": 1, "box": [90.0, 0.2, 90.2, 0.4]}]
    plan = plan_picture(picture(1000, 500), evaluate(scene(subjects=[{"name": "car", "keyframes": keyframes}]), 8))
    assert plan.width <= 1260


def test_every_subject_has_its_color_and_kinds_differ():
    subjects = [{"name": f"s{i}", "keyframes": [{"time": 0, "box": [0.4, 0.4, 0.5, 0.5]}]} for i in range(4)]
    tracks = evaluate(scene(subjects=subjects, anchors=[{"name": "a", "box": [0.7, 0.7, 0.8, 0.8]}]), 4)
    assert len(set(track_colors(tracks).values())) == 5


def test_anchors_camera_and_hidden_subjects_are_drawn_without_failing():
    for extra in ({"pin_camera": True}, {"camera": {"pan": [0.2, -0.1], "zoom": 1.2}}, {"subjects": []}):
        tracks = evaluate(scene(**extra), 5)
        for track in tracks[:1]:
            track.visible[:] = False
        assert plan_picture(picture(), tracks).mode == "RGB"


def in_place(first, last):
    return scene(subjects=[{"name": ":", "keyframes": [{"time": 0, "box": first}, {"time": 1, "box": last}]}])


@pytest.mark.parametrize("first", [[0.4, 0.4, 0.6, 0.6], [0.2, 0.1, 0.8, 0.9], [0.45, 0.3, 0.55, 0.7]])
def test_a_box_that_grows_or_shrinks_in_place_has_no_direction(first):
    plan = plan_picture(picture(400, 400), evaluate(in_place(first, [0.3, 0.3, 0.7, 0.7]), 14))
    assert share_of(plan, (GRAY,) * 3, (0.46, 0.46, 0.54, 0.54)) == 1  # no arrow in the middle, where nothing moves
    assert share_of(plan, PALETTE[0], (0.19, 0.09, 0.81, 0.91)) > 0.01  # but at the corners


def test_every_zoom_about_every_middle_can_be_drawn():
    draws = np.random.default_rng(7)
    for _ in range(300):
        middle, first, last = draws.uniform(0.2, 0.8, 2), *draws.uniform(0.02, 0.5, (2, 2))
        boxes = [[*(middle - half), *(middle + half)] for half in (first, last)]
        assert plan_picture(picture(32, 32), evaluate(in_place(*boxes), int(draws.integers(2, 12)))).mode == "RGB"


@pytest.mark.parametrize("zoom", [1.4, 0.7])
def test_a_zoom_of_the_camera_can_be_drawn(zoom):
    tracks = evaluate(Scene.from_dict({"camera": {"zoom": zoom}}), 14)
    assert plan_picture(picture(320, 240), tracks).mode == "RGB"


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (8, 8)])
def test_a_picture_of_any_shape_can_be_drawn_on(size):
    assert min(plan_picture(picture(*size), evaluate(scene(), 3)).size) >= 1


def test_found_positions_are_crosses_on_the_plan():
    tracks = evaluate(scene(), 3)
    found = {"car": np.array([[100, 400], [np.nan, np.nan], [300, 400]], float)}
    plan = plan_picture(picture(1000, 500), tracks, found)
    color = track_colors(tracks)["car"]
    assert share_of(plan, color, (0.09, 0.78, 0.11, 0.82)) > 0.1
    assert share_of(plan, color, (0.29, 0.78, 0.31, 0.82)) > 0.1
    assert share_of(plan, (GRAY,) * 3, (0.13, 0.75, 0.27, 0.85)) == 1  # no line over the gap


def clip(frames, width=64, height=48):
    return np.full((frames, height, width, 3), GRAY, np.uint8)


@pytest.mark.parametrize(("frames", "shown"), [(2, 2), (8, 8), (14, 14), (25, 25), (81, 25)])
def test_contact_sheet_shows_every_frame_or_an_even_choice(frames, shown):
    numbered = clip(frames) // GRAY * np.arange(40, 40 + 2 * frames, 2, dtype=np.uint8)[:, None, None, None]
    sheet = np.asarray(contact_sheet(numbered, evaluate(scene(), frames)))
    plain = (sheet[..., 0] == sheet[..., 1]) & (sheet[..., 1] == sheet[..., 2])
    counts = np.bincount(sheet[plain][:, 0], minlength=256)[40 : 40 + 2 * frames : 2]
    found = np.flatnonzero(counts > 0.3 * counts.max())
    assert found[0] == 0
    assert found[-1] == frames - 1
    assert len(found) == shown
    assert np.diff(found).max() - np.diff(found).min() <= 1
    assert max(sheet.shape) < 3000


def test_contact_sheet_moves_the_wanted_box_and_marks_what_was_found():
    tracks = evaluate(scene(), 2)
    color = track_colors(tracks)["car"]
    found = {"car": np.array([[12.8, 14.4], [np.nan, np.nan]])}
    plain, marked = contact_sheet(clip(2), tracks), contact_sheet(clip(2), tracks, found)
    assert share_of(marked, color, (0, 0, 0.5, 1)) > share_of(plain, color, (0, 0, 0.5, 1))
    assert share_of(marked, color, (0.5, 0, 1, 0.9)) == share_of(plain, color, (0.5, 0, 1, 0.9))


def test_contact_sheet_of_another_length_is_refused():
    with pytest.raises(HitmarkError, match="'car' has 5 frames and the clip 8"):
        contact_sheet(clip(8), evaluate(scene(), 5))


def test_annotated_clip_has_even_sides_and_follows_the_box():
    tracks = evaluate(scene(), 4)
    result = annotated(clip(4, 65, 49), tracks)
    assert result.dtype == np.uint8
    assert result.shape[0] == 4
    assert result.shape[1] % 2 == result.shape[2] % 2 == 0
    color = track_colors(tracks)["car"]
    assert share_of(result[0], color, (0, 0, 0.45, 0.45)) > 0
    assert share_of(result[3], color, (0, 0, 0.45, 0.45)) == 0


def test_side_by_side():
    left, right = clip(3), clip(3) // 2
    joined = side_by_side([left, right], ["SG-I2V", "no control"])
    assert joined.shape[0] == 3
    assert joined.shape[1] % 2 == joined.shape[2] % 2 == 0
    assert joined.shape[2] >= 128 + 8
    np.testing.assert_array_equal(joined[1, -48 - joined.shape[1] % 2 :, :64][:40], left[1][:40])


@pytest.mark.parametrize(("clips", "labels"), [([], []), ([clip(3), clip(4)], ["a", "b"]), ([clip(3)], ["a", "b"])])
def test_side_by_side_refuses_what_does_not_fit(clips, labels):
    with pytest.raises(HitmarkError, match="one shape and a label for each"):
        side_by_side(clips, labels)


@pytest.mark.parametrize("kind", ["turned", "16 bits", "transparent"])
def test_an_open_picture_is_drawn_on_as_its_file_is(kind, tmp_path):
    file, exif = tmp_path / "a.png", Image.Exif()
    if kind == "16 bits":
        Image.fromarray(np.linspace(0, 65_535, 80 * 40).reshape(40, 80).astype(np.uint16)).save(file)
    elif kind == "transparent":
        Image.new("RGBA", (80, 40), (200, 0, 0, 0)).save(file)
    else:
        exif[0x0112] = 6  # taken with the camera on its side
        picture().save(file, exif=exif)
    with Image.open(file) as opened:
        drawn = plan_picture(opened, scene())
    np.testing.assert_array_equal(np.asarray(drawn), np.asarray(plan_picture(file, scene())))
    assert (drawn.width < drawn.height) == (kind == "turned")


def test_frames_with_transparency_are_laid_on_white_as_pictures_are():
    frames = [Image.new("RGBA", (64, 48), (200, 0, 0, 0))] * 3
    sheet = np.asarray(contact_sheet(frames, []))
    np.testing.assert_array_equal(sheet, np.asarray(contact_sheet(np.full((3, 48, 64, 3), 255, np.uint8), [])))
