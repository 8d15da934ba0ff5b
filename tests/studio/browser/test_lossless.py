"""A scene goes through the editor and out again without loss, fields that the editor does not show included."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from hitmark.scene import Scene
from tests.studio.browser.acts import READ_SCENE
from tests.studio.conftest import png

SUBJECT = {
    "name": "whale",
    "phrase": "the blue whale",
    "keyframes": [
        {"time": 0.0625, "box": [-0.1, 0.123456789012345, 0.30000000000000004, 0.5], "easing": "in-out"},
        {"time": 0.3333333333333333, "box": [0.2, 0.2, 0.5, 0.6], "easing": "hold"},
        {"time": 1.0, "box": [0.9, 0.4, 1.4, 0.9]},
    ],
    "path": "smooth",
    "visible": [0.1, 0.9],
    "depth": -7,
}
WHOLE = {
    "version": 1,
    "width": 64,
    "height": 128,
    "fit": "pad",
    "frames": 17,
    "fps": 12.5,
    "seed": 2**63 - 1,
    "prompt": "the blue whale swims · “über” grass 🐳",
    "negative_prompt": "blur",
    "subjects": [SUBJECT],
    "anchors": [{"name": "rock", "box": [0.0, 0.8, 0.2, 1.0]}],
    "camera": {"pan": [0.05, -0.025], "zoom": 1.25, "easing": "out"},
    "model": "sprites-i2v",
    "method": {"name": "sg-i2v", "knobs": {"nobody.knows": [1, 2.5, None], "learning_rate": 0.125}},
    "notes": {"who": "a person", "deep": {"list": [True, None, 1e-300, 123456789012345678901234567890]}, "": ""},
}
PINNED = {name: value for name, value in WHOLE.items() if name != "camera"} | {"pin_camera": True}


def test_import_edit_undo_export(studio, process, tmp_path):
    """With a camera of its own, then pinned to what stands still, in one page."""
    picture = process.client.post("/api/pictures", content=png()).json()
    studio.open()
    for given in (WHOLE, PINNED):
        scene = given | {"image": f"pictures/{picture['id']}.png"}
        assert set(scene) | {"camera", "pin_camera"} == set(Scene.model_fields)
        goes_through(studio, scene, tmp_path)
        studio.press("new")
        studio.page.get_by_role("button", name="Replace it").click()
        expect(studio.hook("subject")).to_have_count(0)


def goes_through(studio, scene, tmp_path):
    path = tmp_path / "given.json"
    path.write_text(json.dumps(scene))
    studio.hook("file").set_input_files(path)
    expect(studio.hook("subject")).to_have_count(1)
    assert studio.scene() == scene
    studio.hook("subject").click()
    studio.fill("box-x", 20)
    assert studio.scene() != scene
    studio.press("undo")
    assert studio.scene() == scene
    studio.press("json")
    assert json.loads(studio.hook("json-text").input_value()) == scene
    exported = json.loads(studio.export(tmp_path).read_text())
    assert exported == scene
    assert Scene.from_dict(exported) == Scene.from_dict(scene)


def test_fields_of_another_time_stay(studio):
    """What a later version of the format may hold: the page keeps it through load, edit, undo and reload."""
    strange = json.loads(json.dumps(WHOLE))
    strange |= {"later": {"x": [2**64, -(2**70), 0.1, 1e21, "9007199254740993"]}, "__proto__x": 1}
    strange["subjects"][0]["later"] = None
    strange["subjects"][0]["keyframes"][0]["tension"] = 0.5
    studio.open()
    load = "async (text) => { const { parseJson } = await import('/assets/server/json.js');"
    load += " await (await import('/assets/scene/store.js')).store.load(parseJson(text), null, { force: true }); }"
    studio.page.evaluate(load, json.dumps(strange))
    expect(studio.hook("subject")).to_have_count(1)
    assert studio.scene() == strange
    studio.fill("subject-name", "orca")
    changed = studio.scene()
    assert changed["subjects"][0] == strange["subjects"][0] | {"name": "orca"}
    studio.press("undo")
    assert studio.scene() == strange
    studio.page.reload()
    studio.ready()
    assert json.loads(studio.page.evaluate(READ_SCENE)) == strange
