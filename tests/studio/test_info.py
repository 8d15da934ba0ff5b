"""What the page is told about models and methods: as the library has it, not typed a second time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hitmark.backbones.catalog import MODELS, model_card
from hitmark.backbones.families import FAMILIES
from hitmark.demo.scenes import picture_demo_scenes, sprite_world, text_demo_scenes
from hitmark.methods import METHODS, build, resolved
from hitmark.run.presets import preset_knobs
from hitmark.scene.formats import FORMATS
from hitmark.scene.tracks import evaluate
from hitmark.studio.cards import MOST_SPEED, information, model
from hitmark.studio.knobs import knobs_of

PAIRS = [(name, method["name"]) for name in MODELS for method in model(name)["methods"]]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    from hitmark.studio.folder import Folder

    return information(Folder(tmp_path_factory.mktemp("info") / "studio"))


def test_all_models_formats_and_easings_are_listed(told):
    assert [each["name"] for each in told["models"]] == list(MODELS)
    others = [name for name in FORMATS if name != "hitmark"]
    assert [each["name"] for each in told["formats"]] == ["hitmark", "project", *others]
    assert told["easings"] == ["linear", "in", "out", "in-out", "hold"]
    assert all(limit > 0 for limit in told["limits"].values())


def test_embedded_models_are_installed_and_others_say_how_to_get_them(told):
    for each in told["models"]:
        assert each["installed"] is each["name"].startswith("sprites-")
        assert (each["why"] is None) is each["installed"]
        assert each["installed"] or f"hf download {MODELS[each['name']].hub_id}" in each["why"]


@pytest.mark.parametrize("name", ["sprites-i2v", "sprites-t2v"])
def test_sizes_are_those_of_the_loaded_model(told, name):
    from hitmark.backbones import backbone_for
    from hitmark.backbones.loading import load_pipeline
    from hitmark.run.fit import size_unit

    pipe = load_pipeline(name)
    each = next(each for each in told["models"] if each["name"] == name)
    assert (each["size_unit"], each["cell"]) == (size_unit(pipe), backbone_for(pipe).factor)
    assert each["width"] % each["size_unit"] == 0
    assert (each["frames"], each["steps"]) == (8, model_card(name).steps)


def test_weights_that_do_both_are_shown_both_ways(told):
    shown = {each["name"]: each["pictured"] for each in told["models"]}
    assert {name for name, pictured in shown.items() if pictured} >= {"wan2.2-ti2v-5b", "ltx-video"}
    pictured = shown["wan2.2-ti2v-5b"]
    assert (pictured["takes_picture"], pictured["best_method"], pictured["pictured"]) == (True, "sg-i2v", None)
    assert {method["name"] for method in pictured["methods"]} >= {"sg-i2v", "time-to-move"}


def test_words_are_asked_for_where_a_model_reads_them(told):
    """Whether a clip starts from a picture too is another question."""
    shown = {each["name"]: each for each in told["models"]}
    reads = {name: each["reads_prompt"] for name, each in shown.items()}
    assert not reads["svd"]
    assert reads["wan2.1-i2v-14b"]
    assert reads["hunyuanvideo-1.5"]
    needs = {name: {each["name"]: each["needs"] for each in shown[name]["methods"]} for name in shown}
    assert needs["svd"]["peekaboo"] == "subject"
    assert needs["wan2.1-i2v-14b"]["peekaboo"] == "words"
    assert needs["wan2.1-i2v-14b"]["sg-i2v"] == "box"


def test_methods_fit_the_task(told):
    for each in told["models"]:
        names = [method["name"] for method in each["methods"]]
        assert names[0] == "none"
        assert each["best_method"] in names
        assert ("sg-i2v" in names) is each["takes_picture"]
        assert ("trailblazer" in names) is FAMILIES[MODELS[each["name"]].pipeline].abilities.reads_words
        assert set(names) <= set(METHODS)


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_the_defaults_are_those_of_a_run(name, method):
    card = model_card(name)
    wanted = resolved(method, preset_knobs(card, method, {}))
    told = next(each for each in model(name)["methods"] if each["name"] == method)
    assert {knob["name"]: knob["default"] for knob in told["knobs"]} == wanted
    build(method, {knob["name"]: knob["default"] for knob in told["knobs"]})


@pytest.mark.parametrize("method", METHODS)
def test_every_knob_has_help_and_a_range_that_the_method_accepts(method):
    for knob in knobs_of(method, {}):
        assert len(knob["help"]) > 5
        assert "\n" not in knob["help"]
        assert knob["more"].startswith(knob["help"])
        if knob["type"] in ("int", "float"):
            assert knob["low"] < knob["high"]
            for value in (knob["low"] - 1, knob["high"] * 2 + 1):
                with pytest.raises(ValueError, match=knob["name"]):
                    build(method, {knob["name"]: value})
            assert type(knob["low"]) is int or knob["type"] == "float"
        if knob["type"] == "choice":
            for value in knob["choices"]:
                build(method, {knob["name"]: value})
            with pytest.raises(ValueError, match=knob["name"]):
                build(method, {knob["name"]: "nonsense"})
        if knob["optional"]:
            build(method, {knob["name"]: None})


def test_known_knobs_by_hand():
    knobs = {knob["name"]: knob for knob in knobs_of("sg-i2v", {})}
    assert knobs["iterations"]["help"] == "Optimizer steps in each active step."
    assert (knobs["iterations"]["type"], knobs["iterations"]["low"], knobs["iterations"]["high"]) == ("int", 0, 1000)
    assert knobs["step_size"]["optional"] is True
    assert knobs["layers"]["type"] == "text"
    assert knobs["features"]["choices"] == ["first-frame", "self"]
    masks = {knob["name"]: knob for knob in knobs_of("freetraj", {})}
    assert (masks["cutoff"]["low"], masks["cutoff"]["high"]) == (0.001, 10)
    assert masks["guided_steps"]["default"] == 6
    assert {knob["name"]: knob["default"] for knob in knobs_of("ivg-da", {})}["masked_steps"] == 4


def test_a_method_that_needs_a_box_says_so(told):
    needs = {"sg-i2v", "peekaboo", "ivg-da", "freetraj", "trailblazer", "query-warp", "region-prompts", "time-to-move"}
    for each in told["models"]:
        assert {method["name"]: method["needs_subjects"] for method in each["methods"]} == {
            method["name"]: method["name"] in needs for method in each["methods"]
        }
        assert all(method["help"][0].isupper() and method["help"].endswith(".") for method in each["methods"])


def test_the_speed_of_a_warning_is_that_of_the_fastest_demo_scene():
    world = sprite_world(64, 64, 8)
    demo = {"sprites-i2v": picture_demo_scenes(world, seed=0), "sprites-t2v": text_demo_scenes(seed=0)}
    for name, scenes in demo.items():
        steps = []
        for track in (track for each in scenes for track in evaluate(each.scene, 8) if track.kind == "subject"):
            centers = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
            both = track.visible[1:] & track.visible[:-1]
            steps += np.linalg.norm(np.diff(centers, axis=0), axis=1)[both].tolist()
        assert math.ceil(100 * max(steps)) / 100 == MOST_SPEED[name]


def test_examples_can_be_made(client):
    examples = client.get("/api/examples").json()
    assert [each["name"] for each in examples] == ["picture", "text"]
    for each in examples:
        assert client.post("/api/check", json={"scene": each["scene"]}).json()["warnings"] == []
        answer = client.post("/api/jobs", json={"scene": each["scene"]})
        assert answer.status_code == 200, answer.text
    assert client.get(f"/api/pictures/{examples[0]['picture']}").status_code == 200
    assert client.get("/api/examples").json() == examples


def test_the_page_is_served_by_exact_names(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert client.get("/assets/shell/main.js").headers["content-type"].startswith("text/javascript")
    for name in ("..%2fserver.py", "%2e%2e%2fserver.py", "MAIN.JS", "main.js%00", ".", "nothing.js", "__init__.py"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_the_least_that_a_method_needs(told):
    models = {each["name"]: each for each in told["models"]}
    pictured = {method["name"]: method["needs"] for method in models["sprites-i2v"]["methods"]}
    words = {method["name"]: method["needs"] for method in models["sprites-t2v"]["methods"]}
    assert [pictured[name] for name in ("none", "sg-i2v", "time-to-move")] == [None, "box", None]
    assert [words[name] for name in ("none", "peekaboo", "freetraj")] == [None, "words", "words"]
