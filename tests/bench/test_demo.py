from __future__ import annotations

import json
import re

import numpy as np
import pytest

from hitmark.backbones.tiny import tiny_svd
from hitmark.bench.demo import METHODS, run_demo
from hitmark.bench.demo_scenes import demo_scenes, sprite_world
from hitmark.errors import HitmarkError
from hitmark.scene import evaluate
from hitmark.sprites.world import SPLITS


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_svd(channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32, 32)).save_pretrained(folder)
    card = {"frames": 3, "width": 64, "height": 64, "steps": 1, "knobs": {"sg-i2v": {"iterations": 1, "stop": 1.0}}}
    (folder / "hitmark.json").write_text(json.dumps(card))
    steps = []
    made = run_demo(
        tmp_path_factory.mktemp("out") / "demo",
        model=str(folder),
        on_step=lambda done, total: steps.append((done, total)),
    )
    return made, steps


def test_scenes_fit_into_their_pictures():
    scenes = list(demo_scenes(sprite_world(64, 64, 8), seed=3))
    assert [len(each.sprites) for each in scenes] == [1, 2, 1]
    assert scenes[2].scene.camera is not None
    assert len({each.clip_seed for each in scenes}) == 3
    for each in scenes:
        low, high = SPLITS["test"]
        assert low <= each.clip_seed < high
        assert each.scene.seed == 3
        assert each.picture.size == (64, 64)
        for track in evaluate(each.scene, 8):
            if track.kind == "subject":
                assert track.boxes.min() >= -0.02
                assert track.boxes.max() <= 1.02
                assert np.linalg.norm(track.boxes[-1, :2] - track.boxes[0, :2]) > 0.25


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
    assert len(table.splitlines()) == 1 + 3 * len(METHODS)
    text = made.page.read_text(encoding="utf-8")
    for row in made.rows():
        for cell in row:
            assert cell in table
            assert cell in text


def test_both_methods_start_from_the_same_noise(demo):
    made, _ = demo
    for each, _ in made.scenes:
        records = [json.loads((made.page.parent / f"{each.slug}.{name}.json").read_text()) for name in METHODS]
        assert records[0]["scene"]["method"]["name"] == "none"
        assert "method" not in records[1]["scene"] or records[1]["scene"]["method"].get("name", "sg-i2v") == "sg-i2v"
        assert records[0]["image"]["sha256"] == records[1]["image"]["sha256"]
        assert records[0]["scene"].get("seed") == records[1]["scene"].get("seed")


def test_progress_runs_over_all_clips(demo):
    _, steps = demo
    assert steps[0] == (0, 6)
    assert steps[-1] == (6, 6)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HitmarkError, match="cannot write"):
        run_demo(tmp_path / "file" / "demo")


def test_the_command(monkeypatch, tmp_path):
    from typer.testing import CliRunner

    from hitmark.cli import app

    class Finished:
        page = tmp_path / "index.html"

        def table(self):
            return "the table"

    asked = {}
    monkeypatch.setattr("hitmark.bench.demo.run_demo", lambda folder, **options: asked.update(options) or Finished())
    done = CliRunner().invoke(app, ["demo", "-o", str(tmp_path), "--seed", "7"])
    assert done.exit_code == 0, done.output
    assert "the table" in done.stdout
    assert "index.html" in done.stdout
    assert asked["seed"] == 7
