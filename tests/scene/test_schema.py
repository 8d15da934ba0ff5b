from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from hitmark.errors import HitmarkError
from hitmark.scene import Anchor, Camera, Keyframe, MethodChoice, Scene, SceneError, Subject, storage

from .strategies import scenes

CAR = {"name": "car", "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.3, 0.3]}, {"time": 1, "box": [0.6, 0.1, 0.8, 0.3]}]}


def refusal(fields) -> str:
    text = fields if isinstance(fields, str) else json.dumps(fields)
    with pytest.raises(SceneError) as caught:
        Scene.from_json(text, source="s.json")
    assert isinstance(caught.value, HitmarkError)
    assert str(caught.value).startswith("s.json: ")
    return str(caught.value)


def with_car(**changes) -> dict:
    return {"subjects": [CAR | changes]}


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_what_is_saved_is_loaded_exactly(tmp_path_factory, scene):
    path = tmp_path_factory.mktemp("scenes") / "scene.json"
    scene.save(path)
    loaded = Scene.load(path)
    assert loaded == scene
    assert loaded.content_hash() == scene.content_hash()
    assert [entry.name for entry in path.parent.iterdir()] == ["scene.json"]


def test_the_file_has_the_version_and_what_differs_from_the_defaults_one_keyframe_a_line(tmp_path):
    path = tmp_path / "scene.json"
    Scene.from_dict(with_car(path="smooth")).save(path)
    text = path.read_text()
    assert json.loads(text) == {"version": 1, "subjects": [CAR | {"path": "smooth"}]}
    assert '{"time": 0.0, "box": [0.1, 0.1, 0.3, 0.3]}, {"time": 1.0' in text
    Scene().save(path)
    assert path.read_text() == '{"version": 1}\n'


def test_the_hash_depends_on_content_only(tmp_path):
    short = Scene.from_json('{"seed": 3}')
    spelled = Scene.from_json('{"version": 1, "fps": 7, "subjects": [], "seed": 3, "method": {"name": "auto"}}')
    assert short.content_hash() == spelled.content_hash()
    assert len(short.content_hash()) == 64
    others = [short.replace(seed=4), short.replace(image="a.png"), short.replace(image="b.png"), short.replace(fps=8)]
    assert len({scene.content_hash() for scene in [short, *others]}) == 5


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"version": 3}, ["this scene is version 3, this hitmark reads up to 1; update hitmark"]),
        ({"version": 3, "new_field": 1}, ["this scene is version 3"]),
        ({"version": 0}, ["version: expected", "got 0"]),
        ({"version": True}, ["version: expected a valid integer", "got True"]),
        ({"widht": 3}, ["widht: unknown field", "did you mean `width`?"]),
        ({"width": 0}, ["width: expected a value greater than or equal to 1, got 0"]),
        ({"width": 8193}, ["width", "8192", "8193"]),
        ({"height": -1}, ["height", "-1"]),
        ({"width": 64.5}, ["width: expected a valid integer", "64.5"]),
        ({"width": "64"}, ["width: expected a valid integer, got '64'"]),
        ({"frames": 1}, ["frames", "greater than or equal to 2", "got 1"]),
        ({"frames": 10_001}, ["frames", "10000"]),
        ({"fps": 0}, ["fps: expected a value greater than 0, got 0"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"seed": 2**63}, ["seed", str(2**63 - 1)]),
        ({"prompt": None}, ["prompt: expected a valid string, got None"]),
        ({"image": "a\u0000b"}, ["image: expected a path of printable characters"]),
        ({"image": "https://example.com/p.png"}, ["image: expected the path of a file", "download the picture"]),
        ({"image": "data:image/png;base64,AAAA"}, ["image: expected the path of a file"]),
        ({"image": ""}, ["image", "at least 1 character"]),
        ({"subjects": {}}, ["subjects: expected a valid array, got {}"]),
        ({"subjects": [CAR, CAR]}, ["subjects[1].name", "unique", "'car'", "subjects[0]", "rename"]),
        (with_car() | {"anchors": [{"name": "car", "box": [0, 0, 1, 1]}]}, ["anchors[0].name", "subjects[0]"]),
        (with_car(name=" "), ["subjects[0].name", "printable"]),
        (with_car(name="pin:a"), ["subjects[0].name", "pin:"]),
        (with_car(keyframes=[]), ["subjects[0].keyframes", "at least 1"]),
        (with_car(keyframes=[{"time": 0}]), ["subjects[0].keyframes[0].box: required, but missing; add it"]),
        (with_car(keyframes=[{"time": 1.5, "box": [0, 0, 1, 1]}]), ["subjects[0].keyframes[0].time", "1.5"]),
        (with_car(keyframes=[{"time": 0, "box": [0.5, 0, 0.1, 1]}]), ["keyframes[0].box", "x0 < x1", "exchange"]),
        (with_car(keyframes=[{"time": 0, "box": [0, 0, 1]}]), ["subjects[0].keyframes[0].box: expected four"]),
        (with_car(keyframes=[{"time": 0, "box": [0, 0, 1, "1"]}]), ["subjects[0].keyframes[0].box: expected four"]),
        (with_car(keyframes=[{"time": 0, "box": 7}]), ["subjects[0].keyframes[0].box: expected a valid array"]),
        (with_car(keyframes=CAR["keyframes"][::-1]), ["subjects[0].keyframes[1].time", "after", "sort"]),
        (with_car(keyframes=CAR["keyframes"][:1] * 2), ["subjects[0].keyframes[1].time", "got 0.0"]),
        (with_car(keyframes=[CAR["keyframes"][0] | {"easing": "fast"}]), ["easing", "'in-out' or 'hold'", "'fast'"]),
        (with_car(keyframes=[{"time": 0, "box": [1, 0, 1.5, 1]}]), ["subjects[0].keyframes", "wholly outside", "move"]),
        (with_car(visible=[0.6, 0.4]), ["subjects[0].visible", "first <= last", "[0.6, 0.4]"]),
        (with_car(visible=[0.6]), ["subjects[0].visible[1]: required, but missing"]),
        (with_car(path="round"), ["subjects[0].path", "'straight' or 'smooth'", "'round'"]),
        (with_car(depth=1.5), ["subjects[0].depth", "1.5"]),
        ({"anchors": [{"name": "a", "box": [-1, 0, -0.5, 1]}]}, ["anchors[0].box", "in the picture"]),
        ({"camera": {"easing": "hold"}}, ["camera.easing", "'hold'"]),
        ({"camera": {"zoom": 0}}, ["camera.zoom", "got 0"]),
        ({"camera": {"pan": [1, 2, 3]}}, ["camera.pan", "at most 2"]),
        ({"camera": {}, "pin_camera": True}, ["`camera` or `pin_camera`, got both", "remove one"]),
        ({"method": {"name": "a", "knob": 1}}, ["method.knob: unknown field; did you mean `knobs`?"]),
        ({"method": "sg-i2v"}, ["method", "'sg-i2v'"]),
        ("[]", ["one JSON object", "got []"]),
        ("3", ["one JSON object", "got 3"]),
        ("{,}", ["not valid JSON at line 1, column 2"]),
        ('{"a": 1, "a": 2}', ["each key once", "'a' twice"]),
        ('{"fps": NaN}', ["finite", "NaN"]),
        ('{"notes": {"x": -Infinity}}', ["finite", "-Infinity"]),
        ('{"notes": {"x": 1e999}}', ["finite", "1e999"]),
        ('{"seed": ' + "9" * 5000 + "}", ["at most 1000 digits", "5000"]),
        ('{"prompt": "\\ud800"}', ["not valid JSON"]),
        ("[" * 200_000, ["levels"]),
        ('{"notes": {"a": ' + "[" * 70 + "]" * 70 + "}}", ["levels"]),
        ('{"notes": {"a": ' + "[" * 500 + "]" * 500 + "}}", ["levels"]),
    ],
)
def test_a_bad_scene_gives_one_message_with_field_expectation_and_what_came(fields, says):
    message = refusal(fields)
    missing = [part for part in says if part not in message]
    assert not missing, message
    assert len(message) < 700
    assert "pydantic" not in message


def test_many_problems_come_in_one_message():
    message = refusal({"width": 0, "height": 0, "frames": 0, "fps": 0, "seed": -1, "prompt": 0, "extra": 0})
    assert message.splitlines()[0] == "s.json: 7 problems"
    assert message.splitlines()[-1].strip() == "... and 2 more"


def test_a_long_value_is_shortened():
    assert len(refusal({"width": "x" * 5000})) < 300


def test_a_late_subject_may_start_outside():
    keyframes = [{"time": 0, "box": [1.5, 0, 1.9, 1]}, {"time": 1, "box": [0.2, 0, 0.6, 1]}]
    scene = Scene.from_dict(with_car(keyframes=keyframes, visible=[0.6, 1]))
    assert scene.subjects[0].visible == (0.6, 1.0)
    assert "time 0.1" in refusal(with_car(keyframes=keyframes, visible=[0.1, 1]))


def test_files_that_are_no_scenes(tmp_path):
    def message(path) -> str:
        with pytest.raises(SceneError) as caught:
            Scene.load(path)
        assert str(path) in str(caught.value)
        return str(caught.value)

    assert "no such file" in message(tmp_path / "missing.json")
    assert "got a folder" in message(tmp_path)
    (tmp_path / "empty.json").write_bytes(b" \n")
    assert "empty file" in message(tmp_path / "empty.json")
    (tmp_path / "latin.json").write_bytes(b'{"prompt": "caf\xe9"}')
    assert "0xe9 at position 15" in message(tmp_path / "latin.json")
    (tmp_path / "sub").write_text("{}")
    assert "cannot be read" in message(tmp_path / "sub" / "x.json")
    assert "cannot be read" in message(tmp_path / ("x" * 5000))
    os.mkfifo(tmp_path / "pipe")
    assert "device or pipe" in message(tmp_path / "pipe")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate(50 * 2**20)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(SceneError, match=r"at most 8 MB, got 50\.0 MB"):
        Scene.load(path)


def test_a_byte_order_mark_is_no_problem(tmp_path):
    path = tmp_path / "scene.json"
    path.write_bytes(b'\xef\xbb\xbf{"seed": 5}')
    assert Scene.load(path).seed == 5
    assert Scene.from_json('\ufeff{"seed": 5}').seed == 5


def test_saving_replaces_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "scene.json"
    Scene(seed=1).save(path)
    os.link(path, tmp_path / "old.json")
    Scene(seed=1, prompt="new").save(path)
    assert Scene.load(tmp_path / "old.json").prompt == ""  # the old file was never written into
    (tmp_path / "old.json").unlink()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(SceneError, match="No space left"):
        Scene(seed=2).save(path)
    monkeypatch.setattr(storage.os, "fsync", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Scene(seed=2).save(path)
    monkeypatch.undo()
    assert Scene.load(path).seed == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["scene.json"]


def test_saving_where_it_cannot(tmp_path):
    with pytest.raises(SceneError, match="cannot be written"):
        Scene().save(tmp_path / "no" / "such" / "scene.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SceneError, match="cannot be written"):
        Scene().save(tmp_path / "folder")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_what_could_not_be_loaded_again_is_not_saved(tmp_path):
    with pytest.raises(SceneError, match="at most 8 MB"):
        Scene(prompt="x" * (8 * 2**20)).save(tmp_path / "scene.json")
    assert not list(tmp_path.iterdir())


def test_a_link_stays_a_link_and_the_file_keeps_ordinary_permissions(tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    Scene().save(target)
    link.symlink_to(target)
    Scene(seed=9).save(link)
    assert link.is_symlink()
    assert Scene.load(target).seed == 9
    plain = tmp_path / "plain"
    plain.write_text("")
    assert target.stat().st_mode == plain.stat().st_mode


def test_the_image_is_found_however_its_path_is_written(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "p.png").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "p.png").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Scene(image="sub\\p.png").image_path(tmp_path) == tmp_path / "sub" / "p.png"
    assert Scene(image="~/p.png").image_path(tmp_path) == tmp_path / "home" / "p.png"
    assert Scene(image="~/none.png").image_path(tmp_path) == tmp_path / "~/none.png"
    (tmp_path / "sub\\p.png").touch()  # a file of that very name goes before
    assert Scene(image="sub\\p.png").image_path(tmp_path) == tmp_path / "sub\\p.png"


def test_the_image_is_found_beside_the_scene(tmp_path):
    scene, path = Scene(image="pictures/a.png"), tmp_path / "scene.json"
    assert scene.image_path(tmp_path) == tmp_path / "pictures" / "a.png"
    assert Scene().image_path(tmp_path) is None
    with pytest.raises(SceneError, match=r"image: expected a picture at .*a\.png, found none"):
        scene.image_file(path)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"x")
    assert scene.image_file(path) == tmp_path / "pictures" / "a.png"
    with pytest.raises(SceneError, match="names no first image"):
        Scene().image_file(path)


def test_dictionaries_and_changes_are_checked():
    scene = Scene.from_dict({"seed": np.int64(4), "anchors": [Anchor(name="a", box=(0, 0, 0.5, 0.5))]})
    assert scene.replace(frames=np.int32(8)).frames == 8
    assert scene.replace(camera=Camera(pan=(0.1, 0))).camera == Camera(pan=(0.1, 0))
    assert scene.replace().content_hash() == scene.content_hash()
    for changes in ({"frames": 1}, {"frames": "8"}, {"sed": 1}, {"fps": float("nan")}, {"prompt": {1, object()}}):
        with pytest.raises(SceneError, match="|".join([*changes, "finite", "JSON can hold"])):
            scene.replace(**changes)


def test_python_objects_hold_the_same_rules():
    keyframe = Keyframe(time=0, box=[0, 0, 1, 1])
    assert keyframe.box == (0.0, 0.0, 1.0, 1.0)
    for wrong in (
        lambda: Keyframe(time=0, box=(1, 0, 0, 1)),
        lambda: Subject(name="a", keyframes=[keyframe, keyframe]),
        lambda: MethodChoice(knobs={"x": float("nan")}),
        lambda: Scene(notes={"x": [float("inf")]}),
        lambda: setattr(keyframe, "time", 1.0),
    ):
        with pytest.raises(ValueError, match=r"expected|frozen|finite"):
            wrong()


def test_the_json_schema_describes_every_field():
    schema = Scene.json_schema()
    json.dumps(schema)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["additionalProperties"] is False
    models = [schema, *schema["$defs"].values()]
    fields = [field for model in models for field in model.get("properties", {}).values()]
    assert len(fields) > 25
    assert all(field.get("description") for field in fields)
    assert {"Subject", "Keyframe", "Anchor", "Camera", "MethodChoice"} <= set(schema["$defs"])


def test_scenes_need_neither_torch_nor_the_rest():
    heavy = ("torch", "diffusers", "scipy", "av", "PIL")
    code = f"import sys, hitmark.scene; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
