from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hitmark.scene import Anchor, Camera, Keyframe, Scene, SceneError, Subject, Track, evaluate
from hitmark.scene.boxes import centers, overlap, sizes
from hitmark.scene.keyframes import EASINGS, boxes_at, ease
from hitmark.scene.tracks import frame_times

from .strategies import fractions, scenes, subjects


def moving(*frames, path="straight", **fields) -> Subject:
    """A subject from (time, box) or (time, box, easing) entries."""
    keyframes = [Keyframe(time=time, box=box, easing=(*rest, "linear")[0]) for time, box, *rest in frames]
    return Subject(name="it", keyframes=keyframes, path=path, **fields)


def track(subject: Subject, frames: int) -> Track:
    return evaluate(Scene(subjects=[subject]), frames)[0]


def at(x: float, y: float, size: float = 0.2) -> tuple[float, float, float, float]:
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2)


@settings(deadline=None, max_examples=80)
@given(scenes(), st.integers(2, 40))
def test_every_scene_is_finite_or_one_clear_error(scene, frames):
    try:
        tracks = evaluate(scene, frames)
    except SceneError:
        taken = [subject.keyframes[0].box for subject in scene.subjects] + [anchor.box for anchor in scene.anchors]
        assert taken  # without them there is always room for pins and background boxes
        assert scene.pin_camera or scene.camera
        return
    names = [track.name for track in tracks]
    assert len(set(names)) == len(names)
    assert names[: len(scene.subjects)] == [subject.name for subject in scene.subjects]
    for track_ in tracks:
        assert track_.boxes.shape == (frames, 4)
        assert track_.boxes.dtype == np.float64
        assert np.isfinite(track_.boxes).all()
        assert (sizes(track_.boxes) > 0).all()
        assert track_.visible.any()


@settings(deadline=None, max_examples=80)
@given(subjects(), st.integers(2, 300))
def test_keyframes_are_hit_exactly_at_any_number_of_frames(subject, frames):
    # The keyframes are moved to frame times, as a reader of per-frame formats writes them, and rounded a little.
    count = len(subject.keyframes)
    assume(count <= frames)
    places = np.linspace(0, frames - 1, count).astype(int)
    assume(len(set(places)) == count)
    keyframes = [
        key.model_copy(update={"time": round(int(place) / (frames - 1), 10)})
        for key, place in zip(subject.keyframes, places, strict=True)
    ]
    boxes = evaluate(Scene(subjects=[subject.model_copy(update={"keyframes": keyframes})]), frames)[0].boxes
    for place, key in zip(places, keyframes, strict=True):
        assert tuple(boxes[place]) == key.box


@settings(deadline=None, max_examples=80)
@given(subjects(), st.integers(2, 100))
def test_before_the_first_and_after_the_last_keyframe_the_box_holds(subject, frames):
    boxes = subject.boxes_at(frame_times(frames))
    early = frame_times(frames) <= subject.keyframes[0].time
    late = frame_times(frames) >= subject.keyframes[-1].time
    assert (boxes[early] == subject.keyframes[0].box).all()
    assert (boxes[late] == subject.keyframes[-1].box).all()


@pytest.mark.parametrize("easing", list(EASINGS))
@given(progress=st.lists(fractions, min_size=2, max_size=20))
def test_easing_is_monotone_from_0_to_1(easing, progress):
    done = ease(easing, np.array(sorted(progress)))
    assert (np.diff(done) >= 0).all()
    assert ((done >= 0) & (done <= 1)).all()
    assert ease(easing, np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_easing_shapes():
    progress = np.array([0.25, 0.5, 0.75])
    np.testing.assert_allclose(ease("in", progress), [0.0625, 0.25, 0.5625])
    np.testing.assert_allclose(ease("out", progress), [0.4375, 0.75, 0.9375])
    np.testing.assert_allclose(ease("in-out", progress), [0.125, 0.5, 0.875])
    np.testing.assert_allclose(ease("linear", progress), progress)
    assert ease("hold", progress).tolist() == [0, 0, 0]


def test_straight_paths_interpolate_center_and_size():
    boxes = track(moving((0, (0.0, 0.0, 0.2, 0.4)), (1, (0.5, 0.5, 0.9, 0.7))), 5).boxes
    np.testing.assert_allclose(centers(boxes)[:, 0], np.linspace(0.1, 0.7, 5))
    np.testing.assert_allclose(centers(boxes)[:, 1], np.linspace(0.2, 0.6, 5))
    np.testing.assert_allclose(sizes(boxes)[:, 0], np.linspace(0.2, 0.4, 5))
    np.testing.assert_allclose(sizes(boxes)[:, 1], np.linspace(0.4, 0.2, 5))


def test_the_easing_belongs_to_the_segment_that_starts_at_its_keyframe():
    boxes = track(moving((0, at(0.1, 0.5), "in"), (0.5, at(0.3, 0.5)), (1, at(0.7, 0.5))), 9).boxes
    expected = [0.1, 0.1125, 0.15, 0.2125, 0.3, 0.4, 0.5, 0.6, 0.7]
    np.testing.assert_allclose(centers(boxes)[:, 0], expected)


def test_hold_stays_exactly_then_jumps():
    first, second = at(0.2, 0.2), at(0.7, 0.7)
    for path in ("straight", "smooth"):
        boxes = track(moving((0, first, "hold"), (0.5, second), path=path), 5).boxes
        assert (boxes[:2] == first).all()
        assert (boxes[2:] == second).all()


def test_a_smooth_path_through_two_points_or_on_a_line_is_straight():
    line = [(0, at(0.2, 0.2)), (1, at(0.8, 0.5))]
    np.testing.assert_allclose(track(moving(*line, path="smooth"), 9).boxes, track(moving(*line), 9).boxes, atol=1e-12)
    even = [(0, at(0.2, 0.2)), (0.5, at(0.5, 0.35)), (1, at(0.8, 0.5))]
    np.testing.assert_allclose(track(moving(*even, path="smooth"), 9).boxes, track(moving(*even), 9).boxes, atol=1e-12)


def barry_goldman(points, fraction):
    """Centripetal Catmull-Rom between points[1] and points[2] by repeated interpolation (Barry and Goldman 1988)."""
    knots = np.cumsum([0, *(np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5)])
    moment = knots[1] + fraction * (knots[2] - knots[1])

    def between(first, second, low, high):
        return (first * (knots[high] - moment) + second * (moment - knots[low])) / (knots[high] - knots[low])

    lines = [between(points[i], points[i + 1], i, i + 1) for i in range(3)]
    parabolas = [between(lines[i], lines[i + 1], i, i + 2) for i in range(2)]
    return between(*parabolas, 1, 2)


def test_the_smooth_path_is_the_centripetal_catmull_rom_curve():
    points = np.array([[0.1, 0.1], [0.5, 0.2], [0.6, 0.7], [0.2, 0.9]])
    times = [0, 0.2, 0.7, 1]
    moments = np.linspace(0.2, 0.7, 11)
    boxes = boxes_at(times, [at(*point) for point in points], ["linear"] * 4, "smooth", moments)
    expected = [barry_goldman(points, fraction) for fraction in np.linspace(0, 1, 11)]
    np.testing.assert_allclose(centers(boxes), expected, atol=1e-12)
    np.testing.assert_allclose(sizes(boxes), 0.2)
    straight = boxes_at(times, [at(*point) for point in points], ["linear"] * 4, "straight", moments)
    assert np.abs(boxes - straight).max() > 0.02


def test_the_smooth_path_has_no_corner_at_a_keyframe():
    shape = [(0, at(0.2, 0.2)), (0.5, at(0.5, 0.7)), (1, at(0.8, 0.2))]

    def turn(path):
        points = centers(moving(*shape, path=path).boxes_at(np.array([0.499, 0.5, 0.501])))
        steps = np.diff(points, axis=0)
        return np.degrees(np.arccos(np.clip(steps[0] @ steps[1] / np.prod(np.linalg.norm(steps, axis=1)), -1, 1)))

    assert turn("smooth") < 2 < 90 < turn("straight")


def test_a_pause_on_a_smooth_path_is_still():
    here = at(0.5, 0.5)
    boxes = track(moving((0, at(0.2, 0.1)), (0.25, here), (0.75, here), (1, at(0.2, 0.9)), path="smooth"), 41).boxes
    assert (boxes[10:31] == here).all()


def test_visible_frames_include_both_ends_of_the_interval():
    subject = moving((0, at(0.5, 0.5)), visible=(0.3, 0.7))
    assert np.flatnonzero(track(subject, 11).visible).tolist() == [3, 4, 5, 6, 7]
    third = moving((0, at(0.5, 0.5)), visible=(1 / 3, 2 / 3))
    assert np.flatnonzero(track(third, 4).visible).tolist() == [1, 2]
    assert track(moving((0, at(0.5, 0.5))), 2).visible.all()


def test_a_subject_that_no_frame_shows_is_an_error():
    subject = moving((0, at(0.5, 0.5)), visible=(0.4, 0.6))
    with pytest.raises(SceneError, match=r"subject 'it'.*at least one frame.*none of 2 frames; widen"):
        track(subject, 2)


def test_the_first_frame_that_shows_a_subject_must_have_it_in_the_picture():
    # At time 0.1 it is still inside; the first frame of three that falls in the interval is at time 0.5.
    subject = moving((0, at(0.5, 0.5)), (0.4, at(2, 0.5)), visible=(0.1, 1))
    assert track(subject, 11).visible.sum() == 10
    with pytest.raises(SceneError, match=r"in frame 1, the first of 3 that shows it, got the box \[1\.9"):
        track(subject, 3)


def test_a_subject_may_leave():
    leaving = track(moving((0, at(0.5, 0.5)), (1, at(1.5, 0.5))), 5)
    assert leaving.visible.all()
    assert leaving.in_picture.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("frames", [-1, 0, 1, 10_001])
def test_a_path_needs_2_to_10000_frames(frames):
    with pytest.raises(SceneError, match=f"frames: expected 2 to 10000, got {frames}"):
        evaluate(Scene(), frames)


def test_anchors_hold_still():
    tracks = evaluate(Scene(anchors=[Anchor(name="tree", box=(0.1, 0.2, 0.3, 0.4))]), 4)
    assert [(item.name, item.kind, item.depth, item.phrase) for item in tracks] == [("tree", "anchor", 0, None)]
    assert (tracks[0].boxes == (0.1, 0.2, 0.3, 0.4)).all()


def test_pins_stand_in_the_corners_that_subjects_leave_free():
    def pins(*boxes, visible=(0, 1)):
        subjects_ = [
            Subject(name=f"s{index}", keyframes=[Keyframe(time=0, box=box)], visible=visible)
            for index, box in enumerate(boxes)
        ]
        anchors = [Anchor(name="everywhere", box=(0, 0, 1, 1))]
        tracks = evaluate(Scene(subjects=subjects_, anchors=anchors, pin_camera=True), 3)
        assert [item.name for item in tracks if item.name == "everywhere"]
        assert all(item.kind == "anchor" for item in tracks if item.name.startswith("pin:"))
        assert all((item.boxes == item.boxes[0]).all() for item in tracks)
        return [item.name for item in tracks if item.name.startswith("pin:")]

    every = ["pin:top-left", "pin:top-right", "pin:bottom-left", "pin:bottom-right"]
    assert pins() == every
    assert pins((0.4, 0.4, 0.6, 0.6)) == every
    assert pins((0.0, 0.1, 0.3, 0.3)) == every[1:]
    assert pins((0.0, 0.0, 0.3, 1.0)) == [every[1], every[3]]
    assert pins((0.0, 0.1, 0.3, 0.3), visible=(0.5, 1)) == every
    with pytest.raises(SceneError, match=r"pin_camera: expected at least one corner free.*remove `pin_camera`"):
        pins((0, 0, 1, 1))


def test_the_camera_moves_background_boxes_together():
    tracks = evaluate(Scene(camera=Camera(pan=(0.2, -0.1))), 5)
    assert len(tracks) == 9
    assert {item.kind for item in tracks} == {"camera"}
    for item in tracks:
        np.testing.assert_allclose(sizes(item.boxes), 0.22)
        np.testing.assert_allclose(item.boxes[:, 0] - item.boxes[0, 0], np.linspace(0, 0.2, 5), atol=1e-12)
        np.testing.assert_allclose(item.boxes[:, 3] - item.boxes[0, 3], np.linspace(0, -0.1, 5), atol=1e-12)


def test_zoom_scales_about_the_picture_center_and_eases():
    tracks = {item.name: item for item in evaluate(Scene(camera=Camera(zoom=4, easing="in")), 5)}
    center, corner = tracks["camera:center"].boxes, tracks["camera:top-left"].boxes
    np.testing.assert_allclose(centers(center), 0.5)
    growth = 4 ** (np.linspace(0, 1, 5) ** 2)
    np.testing.assert_allclose(sizes(center)[:, 0], 0.22 * growth)
    np.testing.assert_allclose(corner[:, 0], 0.5 - 0.5 * growth)
    assert tuple(corner[0]) == (0.0, 0.0, 0.22, 0.22)


def test_background_boxes_leave_room_for_what_the_first_frame_shows():
    box = (0.35, 0.0, 0.65, 0.5)
    subject = moving((0, box), (1, at(0.1, 0.1)))
    scene = Scene(subjects=[subject], anchors=[Anchor(name="a", box=(0.9, 0.9, 1, 1))], camera=Camera(pan=(0.1, 0)))
    background = [item for item in evaluate(scene, 3) if item.kind == "camera"]
    assert {item.name.removeprefix("camera:") for item in background} == {
        "top-left", "top-right", "middle-left", "middle-right", "bottom-left", "bottom-middle"
    }  # fmt: skip
    assert not any(overlap(item.boxes[0], box) for item in background)
    with pytest.raises(SceneError, match=r"camera: expected at least one background place free"):
        evaluate(scene.replace(anchors=[Anchor(name="a", box=(0, 0, 1, 1))]), 3)


def test_a_track_checks_its_shapes():
    boxes = np.tile([0.0, 0.0, 1.0, 1.0], (4, 1))
    for wrong, flags in ((boxes[:, :3], np.ones(4, bool)), (boxes, np.ones(3, bool)), (boxes[0], np.ones(4, bool))):
        with pytest.raises(SceneError, match=r"track 't': expected boxes \(frames, 4\)"):
            Track("t", "subject", None, 0, wrong, flags)
    with pytest.raises(SceneError, match="finite"):
        Track("t", "subject", None, 0, boxes * np.nan, np.ones(4, bool))


def test_background_boxes_rest_while_a_subject_covers_them() -> None:
    """Against a loop over boxes: a pin is asked for exactly in the frames in which the subject leaves it free."""
    scene = Scene.from_dict(
        {
            "pin_camera": True,
            "subjects": [
                {
                    "name": "car",
                    "keyframes": [{"time": 0, "box": [0.4, 0.4, 0.6, 0.6]}, {"time": 1, "box": [0.8, 0.0, 1.0, 0.2]}],
                }
            ],
        }
    )
    tracks = {track.name: track for track in evaluate(scene, 9)}
    car, pin = tracks["car"], tracks["pin:top-right"]
    for frame in range(9):
        x0, y0, x1, y1 = car.boxes[frame]
        left, top, right, bottom = pin.boxes[frame]
        free = x1 <= left or right <= x0 or y1 <= top or bottom <= y0
        assert pin.visible[frame] == free
    assert pin.visible[0]
    assert not pin.visible[-1]
    assert tracks["pin:bottom-left"].visible.all()


@pytest.mark.parametrize("frames", [None, 8.0, "8", True])
def test_what_is_no_number_of_frames_is_told(frames):
    with pytest.raises(SceneError, match="frames: expected a whole number from 2 to 10000, got"):
        evaluate(Scene(), frames)


def test_what_is_no_scene_is_told():
    with pytest.raises(SceneError, match=r"scene: expected a Scene, such as Scene.load\('scene.json'\), got 'a.json'"):
        evaluate("a.json", 8)
