"""What is allowed but probably not meant is said in the notes of a plan, which are warnings in Python."""

from __future__ import annotations

import pytest
from PIL import Image

from hitmark.errors import HitmarkWarning
from hitmark.run.plan import plan
from hitmark.run.prepare import prepare
from hitmark.scene import Scene

BOXES = [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}, {"time": 1, "box": [0.4, 0.2, 0.8, 0.6]}]


def notes(method: str, model: str, **subject: object) -> list[str]:
    subjects = [{"name": "boat", "keyframes": BOXES}, {"name": "car", "phrase": "car", "keyframes": BOXES} | subject]
    scene = {"prompt": "a car", "model": model, "method": {"name": method}, "image": "a.png", "subjects": subjects}
    return [note for note in plan(Scene.from_dict(scene)).notes if "enters after" in note]


@pytest.mark.parametrize("method", ["sg-i2v", "auto", "query-warp"])
def test_a_subject_that_enters_late_is_warned_of_where_its_look_is_the_pictures(method: str) -> None:
    (note,) = notes(method, "sprites-i2v", visible=[0.5, 1])
    assert note.startswith("'car' enters after the first frame")
    assert notes(method, "sprites-i2v") == []


@pytest.mark.parametrize(
    ("method", "model"), [("none", "sprites-i2v"), ("time-to-move", "sprites-i2v"), ("ivg-da", "sprites-t2v")]
)
def test_where_nothing_is_taken_from_the_picture_nothing_is_said(method: str, model: str) -> None:
    assert notes(method, model, visible=[0.5, 1]) == []


def test_it_is_a_warning_in_python() -> None:
    late = {"name": "car", "keyframes": BOXES, "visible": [0.5, 1]}
    planned = plan(Scene.from_dict({"image": "a.png", "model": "sprites-i2v", "subjects": [late]}))
    with pytest.warns(HitmarkWarning, match="enters after the first frame"):
        planned.warn()


def edited(method: str, steps: int, **knobs: object) -> list[str]:
    subject = {"name": "car", "phrase": "car", "keyframes": BOXES}
    scene = {"prompt": "a car", "model": "wan2.1-t2v-1.3b", "subjects": [subject]}
    scene["method"] = {"name": method, "knobs": knobs}
    return [note for note in plan(Scene.from_dict(scene), steps=steps).notes if "edits all" in note]


def test_a_short_run_that_is_edited_from_end_to_end_is_warned_of() -> None:
    (note,) = edited("ivg-da", 4)
    assert note.startswith("peekaboo edits all 4 steps (masked_steps=4)")
    assert "lowest_noise=0.85" in note
    assert edited("ivg-da", 4, lowest_noise=0.85) == []
    assert edited("ivg-da", 5) == []
    assert len(edited("trailblazer", 4)) == len(edited("freetraj", 6)) == 1
    assert edited("freetraj", 8) == edited("freetraj", 1, guided_steps=1) == edited("region-prompts", 4) == []


def test_a_model_that_is_guided_only_by_a_negative_prompt_says_so() -> None:
    from hitmark.backbones.catalog import JOINED
    from hitmark.run.plan_remarks import remarks_on

    card, shape = JOINED["skyreels-v1-i2v"], (97, 544, 960)
    (note,) = remarks_on(Scene(prompt="a car"), card, shape)
    assert "--negative-prompt" in note
    assert remarks_on(Scene(prompt="a car", negative_prompt="blurred"), card, shape) == []


def on_a_canvas(picture: tuple[int, int], **more: object) -> list[str]:
    drawn = {"subjects": [{"name": "car", "keyframes": BOXES}], "notes": {"wan-move": {"canvas": [832, 480]}}}
    scene = Scene.from_dict({"model": "sprites-i2v", "method": {"name": "none"}, **drawn, **more})
    planned, _ = prepare(scene, Image.new("RGB", picture))
    return [note for note in planned.notes if "drawn on" in note]


def test_paths_of_a_canvas_in_the_shape_of_the_picture_are_stretched_to_nothing() -> None:
    """They are carried along with the picture to the clip of 64x64."""
    assert on_a_canvas((416, 240)) == []


def test_paths_of_a_canvas_of_another_shape_than_the_picture_are_told_of() -> None:
    (note,) = on_a_canvas((640, 640))
    assert note == "the paths were drawn on 832x480 and the picture is 640x640: they are stretched to its shape"
    assert on_a_canvas((640, 640), image="other.png") == [note]
