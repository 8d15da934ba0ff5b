from __future__ import annotations

import json
import re

import numpy as np
import pytest

import hitmark.run.plan
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.demo.make import run_demo
from hitmark.demo.scenes import FIRST_TEXT, compared, picture_demo_scenes, sprite_world, text_demo_scenes
from hitmark.errors import HitmarkError
from hitmark.scene import evaluate
from hitmark.sprites.text_scenes import text_scene
from hitmark.sprites.world import SPLITS


@pytest.fixture(scope="module")
def picture_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_svd(channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32, 32)).save_pretrained(folder)
    card = {"frames": 3, "width": 64, "height": 64, "steps": 1, "knobs": {"sg-i2v": {"iterations": 1, "stop": 1.0}}}
    (folder / "hitmark.json").write_text(json.dumps(card))
    return str(folder)


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny-text"
    tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32)).save_pretrained(folder)
    knobs = {"peekaboo": {"masked_steps": 1}, "ivg-da": {"masked_steps": 1, "preview_steps": 1}}
    card = {"frames": 3, "width": 32, "height": 32, "steps": 2, "call": {"guidance_scale": 3.0}, "knobs": knobs}
    (folder / "hitmark.json").write_text(json.dumps(card))
    return str(folder)


@pytest.fixture(scope="module")
def demo(tmp_path_factory, picture_model, text_model):
    steps = []
    made = run_demo(
        tmp_path_factory.mktemp("out") / "demo",
        model=picture_model,
        text_model=text_model,
        on_step=lambda done, total: steps.append((done, total)),
    )
    return made, steps


def test_scenes_fit_into_their_pictures():
    scenes = list(picture_demo_scenes(sprite_world(64, 64, 8), seed=3))
    assert [len(each.scene.subjects) for each in scenes] == [1, 2, 1]
    assert scenes[2].scene.camera is not None
    assert len({each.test_seed for each in scenes}) == 3
    for each in scenes:
        low, high = SPLITS["test"]
        assert low <= each.test_seed < high
        assert each.scene.seed == 3
        assert each.picture is not None
        assert each.picture.size == (64, 64)
        for track in evaluate(each.scene, 8):
            if track.kind == "subject":
                assert track.boxes.min() >= -0.02
                assert track.boxes.max() <= 1.02
                assert np.linalg.norm(track.boxes[-1, :2] - track.boxes[0, :2]) > 0.25


def test_scenes_from_text_are_the_first_of_their_kind():
    scenes = list(text_demo_scenes(seed=3))
    first = SPLITS["test"][0] + FIRST_TEXT
    assert [text_scene(each.test_seed).kind for each in scenes] == ["moving", "curved", "two"]
    for each in scenes:
        made = text_scene(each.test_seed)
        assert first <= each.test_seed < SPLITS["test"][1]
        assert made.kind not in [text_scene(seed).kind for seed in range(first, each.test_seed)]
        assert each.picture is None
        assert each.scene.seed == 3
        assert each.scene.prompt == made.scene.prompt
        assert list(each.methods) == ["none", "peekaboo", "ivg-da"]
    ways = [track.boxes[-1, 1] - track.boxes[0, 1] for track in evaluate(scenes[2].scene, 8)]
    assert ways[0] * ways[1] < 0


def test_the_method_that_a_model_takes_by_itself_is_compared_too():
    assert list(compared("sprites-wan", picture=True)) == ["none", "sg-i2v", "time-to-move"]
    assert compared("sprites-wan", picture=False)["trailblazer"] == "TrailBlazer"
    assert list(compared("sprites-i2v", picture=True)) == ["none", "sg-i2v"]


def test_the_page_shows_only_files_beside_it(demo):
    made, _ = demo
    text = made.page.read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(links) > 20
    for link in links:
        assert (made.page.parent / link).is_file(), link
    assert "http" not in text.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in text


def test_every_run_is_in_the_table_and_on_the_page(demo):
    made, _ = demo
    table = made.table()
    assert len(table.splitlines()) == 1 + 3 * 2 + 3 * 3
    text = made.page.read_text(encoding="utf-8")
    for row in made.rows():
        for cell in row:
            assert cell in table
            assert cell in text


def test_the_page_shows_the_prompts_of_scenes_from_text(demo):
    made, _ = demo
    text = made.page.read_text(encoding="utf-8")
    prompts = [each.scene.prompt for each, _ in made.scenes if each.picture is None]
    assert len(prompts) == 3
    assert re.findall(r"Prompt: <q>(.*?)</q>", text) == prompts
    assert not list(made.page.parent.glob("4-*.image.png"))


def test_the_methods_of_a_scene_start_from_the_same_noise(demo):
    made, _ = demo
    for each, runs in made.scenes:
        records = [json.loads((made.page.parent / f"{each.slug}.{run.method}.json").read_text()) for run in runs]
        assert [run.result.scene.method.name for run in runs] == list(each.methods)
        assert records[0]["scene"]["method"]["name"] == "none"
        assert len({record["scene"].get("seed") for record in records}) == 1
        if each.picture is None:
            assert {record.get("image") for record in records} == {None}
            assert len({run.result.frames.tobytes() for run in runs}) == len(runs)  # and yet each method does something
        else:
            assert len({record["image"]["sha256"] for record in records}) == 1


def test_progress_runs_over_all_clips(demo):
    _, steps = demo
    total = 3 * 2 * 1 + 3 * 3 * 2
    assert steps[0] == (0, total)
    assert steps[-1] == (total, total)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_one_kind_of_scenes_needs_only_its_model(tmp_path, text_model, monkeypatch):
    monkeypatch.setattr("hitmark.demo.scenes.TEXT_KINDS", {"moving": ("a straight path", "4-straight")})
    monkeypatch.setattr("hitmark.demo.scenes.compared", lambda *_args, **_kw: {"none": "no control"})
    planned, original = [], hitmark.run.plan.card_for
    monkeypatch.setattr("hitmark.run.plan.card_for", lambda *args, **kw: planned.append(args) or original(*args, **kw))
    made = run_demo(tmp_path, model="no such model", text_model=text_model, only="text", steps=1)
    assert [(each.slug, len(runs)) for each, runs in made.scenes] == [("4-straight", 1)]
    assert len(planned) == 1
    assert "first frames" not in made.page.read_text(encoding="utf-8")


def test_a_model_of_the_other_kind(tmp_path, text_model):
    with pytest.raises(HitmarkError, match="need one for image-to-video"):
        run_demo(tmp_path, model=text_model, only="image")


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HitmarkError, match="cannot write"):
        run_demo(tmp_path / "file" / "demo")


def test_an_earlier_demo_stays_as_it_is_without_force(tmp_path):
    (tmp_path / "index.html").write_text("of an earlier demo")
    with pytest.raises(HitmarkError, match=r"index\.html exists already; .* --force"):
        run_demo(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of an earlier demo"]


def test_the_command(monkeypatch, tmp_path):
    from typer.testing import CliRunner

    from hitmark.cli import app

    class Finished:
        page = tmp_path / "index.html"

        def table(self):
            return "the table"

    asked = {}
    monkeypatch.setattr("hitmark.demo.make.run_demo", lambda folder, **options: asked.update(options) or Finished())
    done = CliRunner().invoke(app, ["demo", "-o", str(tmp_path), "--seed", "7", "--only", "text"])
    assert done.exit_code == 0, done.output
    assert "the table" in done.stdout
    assert "index.html" in done.stdout
    assert asked["seed"] == 7
    assert asked["only"] == "text"
