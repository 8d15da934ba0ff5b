"""Presets by name: what `build` gives in Python and what a plan takes for the command line are one table."""

from __future__ import annotations

import dataclasses

import pytest

import hitmark
from hitmark.backbones.catalog import MODELS, model_card
from hitmark.errors import HitmarkError
from hitmark.methods import METHODS
from hitmark.run.plan import plan
from hitmark.run.presets import build, describe, preset_knobs
from hitmark.scene import Scene
from hitmark.scene.parts import PRESETS

KEYS = [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}, {"time": 1, "box": [0.5, 0.5, 0.8, 0.8]}]
SUBJECTS = [{"name": "car", "phrase": "red car", "keyframes": KEYS}]


def scene(**fields):
    return Scene.from_dict({"subjects": SUBJECTS, **fields})


def test_the_paper_has_the_methods_own_defaults():
    for name, controls in METHODS.items():
        assert build(name) == build(name, preset="paper") == list(controls)


@pytest.mark.parametrize("model", [name for name, card in MODELS.items() if card.embedded])
def test_python_and_the_command_line_take_the_same_settings(model):
    for name in METHODS:
        assert build(name, model=model) == build(name, preset_knobs(model_card(model), name, {}))
    given = scene(model=model, prompt="a red car on grass" if model_card(model).reads_prompt else "")
    for preset in PRESETS:
        planned = plan(given.replace(method={"name": "auto", "preset": preset}))
        assert planned.controls == build(planned.scene.method.name, preset=preset, model=model)
        assert planned.scene.method.preset == preset
        assert f"preset {preset}" in planned.method


def test_fast_is_tuned_with_fewer_passes():
    card = model_card("sprites-i2v")
    [tuned], [fast] = build("sg-i2v", model="sprites-i2v"), build("sg-i2v", preset="fast", model="sprites-i2v")
    assert (tuned.gradient_every, fast.gradient_every) == (1, 5)
    assert dataclasses.replace(fast, gradient_every=1) == tuned
    both = preset_knobs(card, "sg-i2v + time-to-move", {}, "fast")
    assert both["sg-i2v.gradient_every"] == 5
    assert build("peekaboo", preset="fast", model="sprites-t2v") == build("peekaboo", model="sprites-t2v")
    assert "no faster way" in describe(model_card("sprites-t2v"), "peekaboo", "fast", {})
    with pytest.raises(HitmarkError, match="Unknown method 'sgi2v'"):
        build("sgi2v", preset="fast", model=card.name)


def test_own_knobs_go_before_any_preset():
    [tuned] = build("sg-i2v", {"step_size": 0.1}, model="sprites-i2v")
    [paper] = build("sg-i2v", {"step_size": 0.1})
    assert tuned.step_size == paper.step_size == 0.1
    assert dataclasses.asdict(tuned) != dataclasses.asdict(paper)
    told = describe(
        model_card("sprites-i2v"),
        "sg-i2v",
        "tuned",
        {**preset_knobs(model_card("sprites-i2v"), "sg-i2v", {}), "step_size": 0.1},
    )
    assert "the settings for sprites-i2v" in told
    assert "given: step_size=0.1" in told


def test_what_is_no_preset_is_refused():
    with pytest.raises(HitmarkError, match="expected one of tuned, paper, fast, got 'best'"):
        build("sg-i2v", preset="best", model="sprites-i2v")
    with pytest.raises(HitmarkError, match="say which"):
        build("sg-i2v", preset="tuned")
    assert hitmark.build is build


@pytest.mark.parametrize("model", [None, "sprites-i2v"])
def test_knobs_that_are_no_table_are_told(model):
    for given in ([3], "iterations=3"):
        with pytest.raises(HitmarkError, match="knobs: expected a table of names and values"):
            build("sg-i2v", given, model=model)


def test_the_first_clip_from_text_is_made_by_the_better_method():
    planned = plan(scene(prompt="a red car on grass"))
    assert (planned.scene.model, planned.scene.method.name) == ("sprites-t2v", "ivg-da")
    best = {name: model_card(name).starting(picture=True).best_method for name in MODELS}
    assert {name: method for name, method in best.items() if method not in ("sg-i2v", "ivg-da")} == {
        "sprites-wan": "time-to-move"
    }
    others = {name: card.best_method for name, card in MODELS.items() if name != "sprites-wan"}
    assert others == {name: "sg-i2v" if MODELS[name].takes_picture else "ivg-da" for name in others}
    assert MODELS["sprites-wan"].best_method == "trailblazer"
