"""Nothing is dropped in silence: every field that a format does not keep has a sentence, and no other field has one."""

from __future__ import annotations

import pytest
from PIL import Image

from hitmark.scene import Scene, Subject, evaluate
from hitmark.scene.formats import FORMATS, read, write
from hitmark.scene.formats.losses import CHECKS

FILES = {
    "sg-i2v": "folder",
    "peekaboo": "boxes.json",
    "freetraj": "path.txt",
    "trailblazer": "config.yaml",
    "tora": "trajectory.txt",
    "wan-move": "tracks.npy",
    "ati": "tracks.pth",
    "comfy-coordinates": "coordinates.json",
    "comfy-tracks": "tracks.npz",
}
POINTS = {"wan-move", "ati", "comfy-coordinates", "comfy-tracks"}
ONE = {"peekaboo", "freetraj", "tora", "trailblazer"}


def plain(**changes) -> dict:
    """A scene that every format can hold but for what is changed."""
    box, end = [0.2, 0.2, 0.35, 0.35], [0.6, 0.5, 0.75, 0.65]
    subject = {"name": "subject-1", "keyframes": [{"time": 0, "box": box}, {"time": 1, "box": end}]}
    part = {key[2:]: value for key, value in changes.items() if key.startswith("s_")}
    rest = {key: value for key, value in changes.items() if not key.startswith("s_")}
    return {"frames": 9, "image": "first.png", "subjects": [{**subject, **part}], **rest}


CURVE = [{"time": t, "box": [x, x, x + 0.15, x + 0.15]} for t, x in ((0, 0.1), (0.5, 0.6), (1, 0.2))]
GROWING = [{"time": 0, "box": [0.1, 0.1, 0.2, 0.2]}, {"time": 1, "box": [0.1, 0.1, 0.5, 0.5]}]
EASED = [{"time": 0, "box": [0.1, 0.1, 0.25, 0.25], "easing": "in-out"}, {"time": 1, "box": [0.6, 0.6, 0.75, 0.75]}]
BETWEEN = [{"time": t, "box": [x, x, x + 0.15, x + 0.15]} for t, x in ((0, 0.1), (0.3, 0.6), (1, 0.2))]
LEAVING = [{"time": 0, "box": [0.1, 0.1, 0.25, 0.25]}, {"time": 1, "box": [0.9, 0.1, 1.05, 0.25]}]
SECOND = plain()["subjects"] + [{"name": "subject-2", "keyframes": [{"time": 0, "box": [0.5, 0.5, 0.65, 0.65]}]}]

# change of the plain scene -> (word of the sentence, formats that keep it)
CASES = {
    "subjects": ({"subjects": SECOND}, "left out: 'subject-2'", set(FILES) - ONE),
    "name": ({"s_name": "Rex"}, "names of subjects are not held: 'Rex'", {"peekaboo"}),
    "phrase": ({"s_phrase": "dog", "prompt": "a dog"}, "phrases are not held", {"peekaboo", "trailblazer"}),
    "easing": ({"s_keyframes": EASED}, "baked into one", set()),
    "smooth": ({"s_keyframes": CURVE, "s_path": "smooth"}, "baked into one", set()),
    "between": ({"s_keyframes": BETWEEN}, ("between two of", "baked into one"), {"ati"}),
    "size": ({"s_keyframes": GROWING}, ("size change", "box sizes"), {"peekaboo", "trailblazer"}),
    "outside": ({"s_keyframes": LEAVING}, "reaches outside", {"sg-i2v", "tora", *POINTS}),
    "visible": ({"s_visible": [0.0, 0.5]}, "visible interval", {"wan-move", "ati", "comfy-tracks"}),
    "depth": ({"s_depth": 2}, "depth order is not held", set()),
    "anchors": ({"anchors": [{"name": "rock", "box": [0.7, 0.1, 0.85, 0.25]}]}, "anchors are", set()),
    "pin": ({"pin_camera": True}, "pin_camera", set()),
    "camera": ({"camera": {"pan": [0.1, 0]}}, "camera move", set()),
    "canvas": ({"width": 300, "height": 200}, "size of the video, 300 x 200", {"trailblazer"}),
    "image": ({}, "the picture 'first.png' is not held", {"sg-i2v"}),
    "fit": ({"fit": "pad"}, "how the picture is fitted, pad, is not held", set()),
    "prompt": ({"prompt": "a lake"}, "the prompt is not held: 'a lake'", {"peekaboo", "trailblazer"}),
    "negative": ({"negative_prompt": "blur"}, "the negative prompt is not held: 'blur'", set()),
    "fps": ({"fps": 12}, "fps 12 is not held", set()),
    "seed": ({"seed": 5}, "seed 5 is not held", {"trailblazer"}),
    "model": ({"model": "svd"}, "the model 'svd' is not held", set()),
    "method": ({"method": {"name": "sg-i2v", "knobs": {"cutoff": 0.3}}}, "knobs (cutoff)", set()),
    "notes": ({"notes": {"mine": 1}}, "notes are not held: 'mine'", set()),
}


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (200, 200)).save(tmp_path / "first.png")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("case", CASES)
def test_every_loss_is_told_and_nothing_else(folder, name, case):
    changes, words, keepers = CASES[case]
    words = (words,) if isinstance(words, str) else words
    told = write(Scene.from_dict(plain(**changes)), folder / FILES[name], name)
    found = [sentence for sentence in told if any(word in sentence for word in words)]
    assert bool(found) == (name not in keepers), told


def test_every_field_of_the_schema_has_a_check():
    covered = {key.split(".")[0] for key in CHECKS} | {"version", "frames", "height", "pin_camera"}
    assert set(Scene.model_fields) == covered
    parts = {key.split(".")[1] for key in CHECKS if "." in key} | {"path"}
    assert set(Subject.model_fields) <= parts


def test_no_frames_and_other_frames_are_told(folder):
    scene = Scene.from_dict({**plain(), "frames": None})
    assert "no number of frames: 14 are written" in write(scene, folder / "a")[0]
    assert read(folder / "a").frames == 14
    assert "sampled at 5 frames" in write(Scene.from_dict(plain()), folder / "b", frames=5)[0]


def test_hidden_frames_are_parked_outside_for_sg_i2v(folder):
    write(Scene.from_dict(plain(s_visible=[0.0, 0.5], s_keyframes=GROWING)), folder / "a")
    [track] = evaluate(read(folder / "a"), 9)
    assert track.in_picture.tolist() == [True] * 5 + [False] * 4


def test_subject_hidden_at_first_is_left_out_of_sg_i2v_and_told(folder):
    late = {**SECOND[1], "visible": [0.5, 1.0]}
    told = write(Scene.from_dict(plain(subjects=[SECOND[0], late])), folder / "a")
    assert any("needs every box in the first frame: 'subject-2'" in sentence for sentence in told)
    assert len(read(folder / "a").subjects) == 1


def test_formats_with_still_boxes_write_anchors_and_camera(folder):
    scene = Scene.from_dict(plain(anchors=[{"name": "rock", "box": [0.7, 0.1, 0.8, 0.2]}], camera={"pan": [0.1, 0]}))
    write(scene, folder / "a")
    assert len(read(folder / "a").subjects) == len(evaluate(scene, 9)) > 2


def test_hitmark_loses_nothing(folder):
    for changes, _, _ in CASES.values():
        assert write(Scene.from_dict(plain(**changes)), folder / "s.json") == []
    assert {name for name, each in FORMATS.items() if each.writer is not None} == {"hitmark", *FILES}
