"""Which observer looks at a clip, and that what it says tells control from no control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hitmark.cli.found import sentences
from hitmark.observers.positions import look, look_for
from hitmark.run.record import Settings
from hitmark.run.result import Result
from hitmark.scene.tracks import evaluate
from hitmark.sprites.text_scenes import text_scene, true_clip
from hitmark.sprites.world import text_world


@pytest.fixture(scope="module")
def made():
    return next(each for each in map(text_scene, range(40)) if each.kind == "moving")


@pytest.fixture(scope="module")
def clip(made):
    frames = true_clip(made, text_world())
    settings = Settings(steps=1, dtype="float32", device="cpu", call={}, knobs={})
    scene = made.scene.replace(model="sprites-t2v")
    return Result(frames, torch.zeros(1), evaluate(scene, 8), scene, None, settings, 1.0, 1)


def told(result):
    return sentences(result, look(result))


def test_a_clip_that_follows_and_one_that_does_not_are_told_apart(clip):
    still = replace(clip, frames=np.repeat(clip.frames[:1], 8, axis=0))
    follows, stays = (look(each).sightings[clip.tracks[0].name] for each in (clip, still))
    assert follows.observer == stays.observer == "sprites"
    assert follows.found.all()
    line, by = told(clip)
    assert "px from its path where found (100% of the frames); best guess over all frames" in line
    assert by == "(pixels of 64 px width, by the sprites observer, which looks for the drawing by its name)"
    distances = [
        float(lines[0].rpartition("best guess over all frames ")[2].split()[0]) for lines in map(told, (clip, still))
    ]
    assert distances[0] < 1
    assert distances[1] > 5


def test_what_is_not_found_has_no_distance(clip):
    gone = replace(clip, frames=np.full_like(clip.frames, 128))
    line, _ = told(gone)
    assert "not found for sure in any frame; best guess over all frames" in line
    assert "where found" not in line


@pytest.mark.parametrize(
    ("from_picture", "sprite_world", "observer"),
    [(False, True, "sprites"), (False, False, "template"), (True, True, "template"), (True, False, "template")],
)
def test_drawings_are_looked_for_in_clips_of_the_embedded_world_only(clip, from_picture, sprite_world, observer):
    seen = look_for(clip.frames, clip.tracks, from_picture=from_picture, sprite_world=sprite_world)
    assert {each.observer for each in seen.sightings.values()} == {observer}


def test_a_clip_of_another_model_is_followed_from_its_first_frame(clip):
    lines = told(replace(clip, scene=clip.scene.replace(model="zeroscope")))
    assert "by the template observer, which follows what frame 1 shows in the box" in lines[-1]


def test_a_subject_that_enters_late_is_told_not_left_out(clip):
    track = replace(clip.tracks[0], visible=np.array([False] * 3 + [True] * 5))
    lines = told(replace(clip, tracks=[track], scene=clip.scene.replace(model="svd")))
    assert lines == [
        f"{track.name}: nothing can be said of where it went: it enters after frame 1, so that there is no picture of "
        "it to follow"
    ]


def test_an_observer_that_fails_is_told_and_raises_nothing(clip, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("hitmark.observers.sprites.find_sprite", broken)
    (line,) = told(clip)
    assert "the observer failed (ZeroDivisionError: division by zero)" in line


def test_subjects_with_the_same_words_are_not_judged_by_one_drawing(clip):
    twins = [clip.tracks[0], replace(clip.tracks[0], name="twin")]
    seen = look_for(clip.frames, twins, from_picture=False, sprite_world=True)
    assert seen.sightings == {}
    assert set(seen.reasons) == {clip.tracks[0].name, "twin"}
    assert all("the same words" in reason for reason in seen.reasons.values())
