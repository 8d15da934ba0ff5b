"""What the Generate tab says before anything is asked is what the server says: the rules that the page repeats."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

from hitmark.errors import HitmarkError
from hitmark.methods import METHODS
from hitmark.run.frame_rule import fitting_frames
from hitmark.scene.schema import Scene
from hitmark.studio.bodies import JobsRequest
from hitmark.studio.orders import _plan
from tests.studio.conftest import moving

PICTURE = "pictures/" + "0" * 24 + ".png"
RULES = """async (scenes) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  const { framesOn, modelOf, sizeOn } = (await import("/assets/page.js")).of("scene/model.js");
  const order = (await import("/assets/page.js")).of("generate/order.js");
  const { info } = store.ui;
  return JSON.parse(scenes).map((scene) => {
    const model = modelOf(scene, info);
    const size = sizeOn(scene, model);
    return {
      model: model.name, method: order.methodName(scene, model), width: size.width, height: size.height,
      frames: framesOn(scene, model), refused: order.reasons(scene, model, info).map(({ text }) => text),
      fitting: order.fittingSize(scene, model),
    };
  });
}"""

FRAMES = """async (asked) => {
  const { framesOn } = (await import("/assets/page.js")).of("scene/model.js");
  return asked.map(([frames, unit]) => framesOn({ frames }, { frame_unit: unit }));
}"""


def scenes():
    """What a scene may have and lack, on every embedded model and by every method."""
    parts = [
        {},
        {"subjects": [moving()]},
        {"subjects": [moving(phrase=None)]},
        {"camera": {"pan": [0.2, 0]}},
        {"anchors": [{"name": "rock", "box": [0, 0, 0.3, 0.3]}]},
    ]
    words = [{}, {"prompt": "a heart on tiles"}]
    pictures = [{}, {"image": PICTURE}]
    models = [{}, {"model": "sprites-i2v"}, {"model": "sprites-t2v"}]
    methods = [{}, *({"method": {"name": name}} for name in METHODS)]
    for chosen in itertools.product(parts, words, pictures, models, methods):
        yield {key: value for part in chosen for key, value in part.items()}
    for width, height in ((64, 72), (65, 64), (4, 64), (100, 300)):
        yield {"prompt": "a heart", "subjects": [moving()], "model": "sprites-t2v", "width": width, "height": height}


def planned(fields):
    """The server's plan; None where it refuses."""
    try:
        return _plan(Scene.from_dict(fields), JobsRequest(scene=fields))
    except HitmarkError:
        return None


def test_the_pages_rules_are_those_of_the_server(asked):
    given = list(scenes())
    answers = asked.page.evaluate(RULES, json.dumps(given))
    accepted = 0
    for fields, told in zip(given, answers, strict=True):
        plan = planned(fields)
        assert (plan is None) is bool(told["refused"]), (fields, told)
        if plan is None:
            continue
        accepted += 1
        scene = plan.scene
        assert told | {"refused": []} == told
        names = ("model", "method", "width", "height", "frames")
        assert tuple(told[name] for name in names) == (
            plan.card.name, scene.method.name, scene.width, scene.height, scene.frames,
        ), fields  # fmt: skip
    assert 50 < accepted < len(given) - 50


def test_the_size_that_is_offered_is_one_that_is_made(asked):
    given = [fields for fields in scenes() if "width" in fields]
    for fields, told in zip(given, asked.page.evaluate(RULES, json.dumps(given)), strict=True):
        width, height = told["fitting"]
        assert planned(fields | {"width": width, "height": height}) is not None


def test_frames_are_rounded_as_the_server_rounds_them(asked):
    given = [(frames, unit) for unit in (1, 4, 8) for frames in range(unit + 1, 60)]
    made = [
        fitting_frames(frames, SimpleNamespace(name="a model", frame_unit=unit, least_frames=1))
        for frames, unit in given
    ]
    assert asked.page.evaluate(FRAMES, given) == [max(2, frames) for frames in made]


FEW = """async (asked) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  const { modelOf } = (await import("/assets/page.js")).of("scene/model.js");
  const { reasons } = (await import("/assets/page.js")).of("generate/order.js");
  const { info } = store.ui;
  const model = { ...modelOf({}, info), frame_unit: 4, least_frames: 17 };
  return asked.map((frames) => reasons({ frames }, model, info).map(({ text }) => text).join(" "));
}"""


def test_too_few_frames_are_told_before_anything_is_asked(asked):
    few, enough = asked.page.evaluate(FEW, [13, 17])
    assert "17 at least: ask for 17 or more" in few
    assert "at least" not in enough
