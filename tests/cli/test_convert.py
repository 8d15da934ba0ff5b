"""`hitmark convert`: what it writes, warns of, refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from hitmark.cli.convert import convert
from hitmark.errors import HitmarkError
from hitmark.scene.formats import read


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(convert)

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def folder(tmp_path):
    example = tmp_path / "example"
    example.mkdir()
    Image.new("RGB", (100, 50)).save(example / "img.png")
    np.save(example / "traj.npy", np.array([[[10.0, 10.0], [30.0, 30.0], [20.0, 20.0], [40.0, 25.0], [50.0, 30.0]]]))
    return tmp_path


def test_folder_to_scene_and_back(run, folder):
    result = run(folder / "example", folder / "scene.json")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "wrote" in result.stdout
    assert read(folder / "scene.json").image == "example/img.png"
    assert run(folder / "scene.json", folder / "again").exit_code == 0
    np.testing.assert_allclose(np.load(folder / "again" / "traj.npy"), np.load(folder / "example" / "traj.npy"))


def test_losses_are_warnings_on_stderr(run, folder):
    result = run(folder / "example", folder / "track.npy")
    assert result.exit_code == 0
    assert "warning: the picture 'img.png' is not held" in result.stderr
    assert "warning: box sizes are not held" in result.stderr
    assert f"{folder / 'track_visibility.npy'} (belongs to it)" in result.stdout
    assert (folder / "track_visibility.npy").is_file()


def test_strict_writes_nothing(run, folder):
    result = run(folder / "example", folder / "track.npy", "--strict")
    assert isinstance(result.exception, HitmarkError)
    assert "not written (--strict)" in str(result.exception)
    assert not (folder / "track.npy").exists()
    assert run(folder / "example", folder / "scene.json", "--strict").exit_code == 0


def test_never_overwrites_without_force(run, folder):
    (folder / "scene.json").write_text("mine")
    result = run(folder / "example", folder / "scene.json")
    assert "--force" in str(result.exception)
    assert (folder / "scene.json").read_text() == "mine"
    assert run(folder / "example", folder / "scene.json", "--force").exit_code == 0
    (folder / "cat_visibility.npy").write_text("mine")  # the second file of a pair counts too
    assert "cat_visibility.npy: already there" in str(run(folder / "example", folder / "cat_tracks.npy").exception)
    assert "already there" in str(run(folder / "scene.json", folder / "example").exception)


def test_options_go_where_they_are_taken(run, folder):
    assert run(folder / "example", folder / "c.json", "--to", "comfy-coordinates").exit_code == 0
    assert "--canvas" in str(run(folder / "c.json", folder / "d.json").exception)
    options = ["--width", 100, "--height", 50, "--point-size", 0.2]
    result = run(folder / "c.json", folder / "d.json", *options)
    assert "note: points have no size: each became a box of 0.2 of the width" in result.stderr
    box = read(folder / "d.json").subjects[0].keyframes[0].box
    assert box == pytest.approx((0.1, 0.2, 0.3, 0.6))
    result = run(folder / "example", folder / "e.json", "--record", "3")
    assert "--record: neither reading sg-i2v nor writing hitmark uses it" in str(result.exception)


def test_record_behind_a_hash(run, folder):
    records = [{"id": n, "caption": f"c{n}", "subject": "c", "bboxes": [[0, 0, 1, 1]] * 4} for n in (5, 6)]
    (folder / "boxes.json").write_text(json.dumps(records))
    assert run(f"{folder / 'boxes.json'}#6", folder / "a.json").exit_code == 0
    assert read(folder / "a.json").prompt == "c6"
    assert run(folder / "boxes.json", folder / "b.json", "--record", "5", "--frames", 9).exit_code == 0
    assert read(folder / "b.json").frames == 9


def test_unknown_format_names(run, folder):
    assert "the formats are hitmark" in str(run(folder / "example", folder / "a.json", "--to", "gif").exception)
    assert "the formats are hitmark" in str(run(folder / "example", folder / "a.json", "--from", "gif").exception)


def test_a_picture_in_a_home_folder_that_is_not_here_keeps_its_path(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "out").mkdir()
    (tmp_path / "scene.json").write_text(json.dumps({"version": 1, "image": "~/p.png"}))
    assert run(tmp_path / "scene.json", tmp_path / "out" / "a.json").exit_code == 0
    assert json.loads((tmp_path / "out" / "a.json").read_text())["image"] == "~/p.png"
    (tmp_path / "home").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "home" / "p.png")
    assert run(tmp_path / "scene.json", tmp_path / "out" / "b.json").exit_code == 0
    assert json.loads((tmp_path / "out" / "b.json").read_text())["image"] == "../home/p.png"
