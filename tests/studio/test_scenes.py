"""Checking scenes: the same verdict as a scene file's, boxes, warnings, and bodies that are no scene at all."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate
from tests.studio.conftest import moving, png, text_scene

JSON = {"Content-Type": "application/json"}


def check(client, scene, **more):
    answer = client.post("/api/check", json={"scene": scene, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_scene_is_evaluated_as_by_the_library(client):
    scene = text_scene(frames=5, anchors=[{"name": "tree", "box": [0.8, 0.8, 0.95, 0.95]}])
    told = check(client, scene)
    wanted = evaluate(Scene.from_dict(scene), 5)
    assert told["ok"]
    assert told["scene"] == Scene.from_dict(scene).to_dict()
    assert [(track["name"], track["kind"]) for track in told["tracks"]] == [("heart", "subject"), ("tree", "anchor")]
    for track, own in zip(told["tracks"], wanted, strict=True):
        assert np.allclose(track["boxes"], own.boxes, atol=1e-6)
        assert track["visible"] == own.visible.tolist()


@pytest.mark.parametrize(("asked", "frames"), [(None, 8), (3, 3), (40, 40)])
def test_the_frames_are_those_asked_for_or_the_models(client, asked, frames):
    assert len(check(client, text_scene(), frames=asked)["tracks"][0]["boxes"]) == frames


def test_every_problem_is_named_with_its_field(client):
    told = check(client, {"subjects": [{"name": "", "keyframes": []}], "fps": -1})
    assert told["ok"] is False
    assert len(told["problems"]) == 3
    assert any(problem.startswith("subjects[0].keyframes: ") for problem in told["problems"])
    assert any(problem.startswith("fps: ") for problem in told["problems"])


@pytest.mark.parametrize(
    ("scene", "field"),
    [
        ({"model": "/etc/passwd"}, "model: expected one of"),
        ({"model": "../../weights"}, "model: expected one of"),
        ({"image": "../secret.png"}, "image: expected"),
        ({"image": "/etc/passwd"}, "image: expected"),
        ({"image": "pictures/../../a.png"}, "image: expected"),
        ({"nonsense": 1}, "nonsense: unknown field"),
        ({"seed": 10**400}, "seed: "),
        (
            {"subjects": [{"name": "a", "keyframes": [{"time": 0, "box": [0, 0, 10**400, 1]}]}]},
            "subjects[0].keyframes[0].box",
        ),
    ],
)
def test_one_problem_is_one_sentence(client, scene, field):
    told = check(client, scene)
    assert told["ok"] is False
    assert told["problems"][0].startswith(field)


def test_too_fast_and_too_small_are_warnings(client):
    leap = moving(keyframes=[{"time": 0, "box": [0, 0, 0.3, 0.3]}, {"time": 0.2, "box": [0.7, 0.7, 1, 1]}])
    dot = moving("dot", keyframes=[{"time": 0, "box": [0.5, 0.5, 0.55, 0.55]}])
    told = check(client, text_scene(subjects=[moving(), leap | {"name": "leap"}, dot]))
    assert [(each["subject"], each["text"].split()[0]) for each in told["warnings"]] == [
        ("leap", "moves"),
        ("dot", "is"),
    ]
    assert "sprites-t2v was tried on up to 9.0%" in told["warnings"][0]["text"]
    assert "latent cell" in told["warnings"][1]["text"]


def test_words_that_the_embedded_model_does_not_know_are_a_warning(client):
    told = check(client, text_scene(prompt="a heart on lasagne"))
    assert ["lasagne" in each["text"] for each in told["warnings"]] == [True]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"scene": NaN}', 400),
        (b'{"scene": {"fps": Infinity}}', 400),
        (b'{"scene": {"fps": 1e999}}', 400),
        (b'{"scene": {"seed": ' + b"9" * 5000 + b"}}", 400),
        (b'{"scene": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"scene": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", 400),
        (b'{"scene": {}, "scene": {}}', 400),
        (b'{"scene": {"prompt": "\\ud800"}}', 422),
        (b'{"scene": {"\\ud800": 1}}', 422),
        (b'{"scene": {"prompt": "\xff"}}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"scene": []}', 422),
        (b'{"scene": {}, "frames": 1}', 422),
        (b'{"scene": {}, "frames": "8"}', 422),
        (b'{"scene": {}, "frames": 8.5}', 422),
        (b'{"scene": {}, "frames": true}', 422),
        (b'{"scene": {}, "other": 1}', 422),
        (b'{"scene": {}, "frames": ' + b"9" * 400 + b"}", 422),
    ],
)
def test_malformed_bodies_get_a_sentence(refused, body, status):
    sentence = refused(status, "POST", "/api/check", content=body, headers=JSON)
    assert len(sentence) > 20


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\xe9"]
)
def test_other_kinds_of_content_are_refused(refused, kind):
    assert "content-type" in refused(
        415, "POST", "/api/check", content=b"{}", headers={"Content-Type": kind.encode("latin-1")}
    )


def test_a_scene_that_is_too_large_is_refused(refused):
    body = b'{"scene": {"prompt": "' + b"x" * (8 * 2**20) + b'"}}'
    assert "8 MB" in refused(413, "POST", "/api/check", content=body, headers=JSON)


def test_more_boxes_than_a_page_can_show_are_a_problem(client):
    subjects = [moving(f"heart {index}") for index in range(100)]
    assert "boxes" in check(client, {"subjects": subjects}, frames=10_000)["problems"][0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*Scene.model_fields, "nonsense"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(scene=st.dictionaries(FIELDS, VALUES, max_size=5), frames=st.none() | st.integers(2, 50))
def test_any_values_get_a_verdict(client, scene, frames):
    told = check(client, scene, frames=frames)
    try:
        wanted = Scene.from_dict(scene).to_dict()
    except ValueError:
        assert told["problems"]
        return
    assert told.get("scene", wanted) == json.loads(json.dumps(wanted))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.binary(max_size=300))
def test_any_bytes_are_refused(client, body):
    answer = client.post("/api/check", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


def test_a_clip_that_cannot_fit_is_not_queued_and_is_warned_of(client, refused):
    huge = text_scene(width=8192, height=8192, frames=10_000)
    sentence = refused(422, "POST", "/api/jobs", json={"scene": huge})
    assert "this machine has" in sentence
    assert "use fewer frames" in sentence
    warned = client.post("/api/check", json={"scene": huge}).json()["warnings"]
    assert any("this machine has" in each["text"] for each in warned)


def test_a_clip_far_beyond_the_model_is_warned_of(client):
    def texts(**more):
        told = client.post("/api/check", json={"scene": text_scene(**more)}).json()["warnings"]
        return [each["text"] for each in told if each["subject"] is None]

    assert texts() == []
    assert any("1,024 times the pixels" in text for text in texts(width=2048, height=2048))


def test_a_subject_that_enters_late_is_warned_of_where_its_look_is_the_pictures(client):
    identity = client.post("/api/pictures", content=png()).json()["id"]

    def warned(**more):
        late = moving(visible=[0.5, 1])
        told = client.post("/api/check", json={"scene": {"subjects": [late, moving("star")]} | more}).json()
        return [each["subject"] for each in told["warnings"] if "enters after" in each["text"]]

    assert warned(image=f"pictures/{identity}.png", model="sprites-i2v") == ["heart"]
    assert warned(prompt="a heart and a star", model="sprites-t2v") == []


def test_the_embedded_models_say_what_they_are(client):
    for model in client.get("/api/info").json()["models"]:
        assert ("drawn world" in (model["about"] or "")) is model["name"].startswith("sprites-")
