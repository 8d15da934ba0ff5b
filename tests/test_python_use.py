"""What a Python program may hand over by mistake is told in one sentence, and what is ordinary is taken as it is."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from PIL import Image

import hitmark
from hitmark.errors import HitmarkWarning
from hitmark.hooks.guards import chosen_controls, warn_of_other_size
from hitmark.run.record import Settings
from hitmark.run.result import Result
from hitmark.scene import Scene, evaluate

SCENE = Scene.from_dict({"subjects": [{"name": "car", "keyframes": [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}]}]})
PICTURE = Image.new("RGB", (64, 48))


@pytest.mark.parametrize(
    ("arguments", "options", "told"),
    [
        ((None,), {}, "scene: expected a Scene, such as Scene.load"),
        (("scene.json",), {}, "scene: expected a Scene"),
        ((SCENE.to_dict(),), {}, "scene: expected a Scene"),
        ((SCENE, "missing.png"), {}, "cannot read missing.png"),
        ((SCENE, 3), {}, "image: expected a Pillow image"),
        ((SCENE, PICTURE), {"steps": 1.5}, r"steps: expected a whole number from 1 to 1000, got 1.5"),
        ((SCENE, PICTURE), {"steps": True}, "steps: expected a whole number"),
        ((SCENE, PICTURE), {"steps": "4"}, "steps: expected a whole number"),
        ((SCENE, PICTURE), {"call": [7]}, "call: expected a table"),
        ((SCENE, PICTURE), {"call": {"fps": "7"}}, "call: fps: expected a whole number"),
        ((SCENE, PICTURE), {"on_step": 3}, "on_step: expected a function"),
        ((SCENE, PICTURE, "svd"), {}, "does not know pipelines of class str"),
    ],
)
def test_wrong_arguments_of_generate_are_named(arguments, options, told):
    with pytest.raises(hitmark.HitmarkError, match=told):
        hitmark.generate(*arguments, **options)


@pytest.mark.parametrize(("controls", "told"), [(None, "got None"), ("sg-i2v", r"build\('sg-i2v'\)"), (3, "got 3")])
def test_wrong_controls_are_named(controls, told):
    with pytest.raises(hitmark.HitmarkError, match="controls must be"):
        chosen_controls(controls)
    with pytest.raises(hitmark.HitmarkError, match=told):
        chosen_controls(controls)


def test_a_call_of_another_size_than_the_scene_says_is_warned_of():
    sized = SCENE.replace(width=64, height=48)
    told = "the scene is for 64x48 and this call makes 1024x576; give the call width=64"
    with pytest.warns(HitmarkWarning, match=told):
        warn_of_other_size(sized, 576, 1024)
    with pytest.warns(HitmarkWarning):
        warn_of_other_size([SCENE, sized], 576, 1024)


def test_of_a_scene_with_a_width_alone_both_sides_are_named():
    told = "the scene is for 64x576 and this call makes 1024x576; give the call width=64, height=576"
    with pytest.warns(HitmarkWarning, match=told):
        warn_of_other_size(SCENE.replace(width=64), 576, 1024)


@pytest.mark.filterwarnings("error")
def test_a_call_of_the_scenes_size_or_of_a_scene_without_one_is_not(recwarn):
    warn_of_other_size(SCENE.replace(width=64, height=48), 48, 64)
    warn_of_other_size(SCENE, 576, 1024)
    warn_of_other_size(evaluate(SCENE, 4), 576, 1024)


def test_drawings_take_scenes_paths_and_what_pipelines_return(tmp_path):
    PICTURE.save(tmp_path / "a.png")
    moving = SCENE.replace(frames=3)
    expected = np.asarray(hitmark.plan_picture(PICTURE, evaluate(moving, 3)))
    for picture in (tmp_path / "a.png", str(tmp_path / "a.png"), np.asarray(PICTURE)):
        np.testing.assert_array_equal(np.asarray(hitmark.plan_picture(picture, moving)), expected)
    frames = np.zeros((3, 48, 64, 3), np.uint8)
    expected = np.asarray(hitmark.contact_sheet(frames, evaluate(SCENE, 3)))
    for clip in ([PICTURE] * 3, frames / 255.0, torch.zeros(3, 3, 48, 64)):
        np.testing.assert_array_equal(np.asarray(hitmark.contact_sheet(clip, SCENE)), expected)


@pytest.mark.parametrize("drawing", [hitmark.plan_picture, hitmark.contact_sheet])
def test_drawings_of_nothing_are_refused(drawing):
    frames = np.zeros((3, 48, 64, 3), np.uint8)
    for subject in (PICTURE, frames, None, 3):
        for tracks in (None, 3, "car", [3], SCENE.to_dict()):
            with pytest.raises(hitmark.HitmarkError, match="expected"):
                drawing(subject, tracks)


def test_a_video_is_written_of_what_a_pipeline_returns(tmp_path):
    hitmark.write_video([PICTURE] * 3, tmp_path / "a.mkv")
    assert hitmark.read_video(tmp_path / "a.mkv")[0].shape == (3, 48, 64, 3)


def test_a_result_is_shown_in_one_line():
    settings = Settings(steps=4, dtype="float32", device="cpu", call={}, knobs={})
    frames = np.zeros((3, 48, 64, 3), np.uint8)
    scene = SCENE.replace(model="svd", method={"name": "none"})
    result = Result(frames, torch.zeros(9), evaluate(SCENE, 3), scene, PICTURE, settings, 1.25, 1)
    assert repr(result) == "<Result: 3 frames of 64x48 by svd, none, 4 steps, seed 0, 1.2 s>"
    assert repr(result.tracks[0]).startswith("<Track 'car': subject, 3 frames, from [0.1, 0.2, 0.5, 0.6] to [0.1")


@pytest.mark.parametrize(
    ("name", "first"), [("generate", ["scene", "image", "pipe"]), ("attach", ["pipe", "scene", "controls"])]
)
def test_signatures_are_shown(name, first):
    assert list(inspect.signature(getattr(hitmark, name)).parameters)[:3] == first
