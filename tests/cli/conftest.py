"""A tiny random-weight Stable Video Diffusion on disk, a picture, and a runner for the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from hitmark.backbones import loading
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.cli import app


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-svd"
    tiny_svd(channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32)).save_pretrained(folder)
    card = {"frames": 3, "width": 32, "height": 24, "steps": 2, "knobs": {"sg-i2v": {"iterations": 1, "stop": 1.0}}}
    (folder / "hitmark.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="session")
def text_checkpoint(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("models") / "text"
    tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32)).save_pretrained(folder)
    card = {"frames": 3, "width": 32, "height": 24, "fps": 7, "steps": 3, "call": {"guidance_scale": 4.0}}
    (folder / "hitmark.json").write_text(json.dumps(card))
    return str(folder)


@pytest.fixture
def picture(tmp_path) -> Path:
    y, x = np.mgrid[:48, :64]
    rgb = np.stack([x * 4, y * 5, 255 - x * 3], axis=-1).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def scene_file(tmp_path, picture) -> Path:
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}, {"time": 1, "box": [0.5, 0.3, 0.9, 0.7]}]
    scene = {"version": 1, "image": picture.name, "subjects": [{"name": "car", "keyframes": keyframes}], "seed": 5}
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(scene))
    return path


@pytest.fixture(scope="session")
def load_once():
    """Stands in for `load_pipeline`: a folder that is as it was when it was loaded is not loaded again."""
    kept, load = {}, loading.load_pipeline

    def loaded(name_or_path, dtype="auto", device="auto", **options):
        folder = Path(name_or_path).absolute()
        if not folder.is_dir() or dtype not in ("auto", "float32"):
            return load(name_or_path, dtype, device, **options)
        files = tuple(sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")))
        key = (files, dtype, device, *options.items())
        if key not in kept:
            kept[key] = load(name_or_path, dtype, device, **options)
        return kept[key]

    return loaded


@pytest.fixture(scope="session")
def parsed():
    """The commands as they are parsed; typer would make them anew for every line."""
    return get_command(app)


@pytest.fixture
def hitmark(tmp_path, monkeypatch, load_once, parsed):
    """Run a command line in an empty folder: `hitmark("generate", ...)` gives exit_code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("typer.testing._get_command", lambda _app: parsed)
    for place in ("hitmark.backbones.loading", "hitmark.run.make"):
        monkeypatch.setattr(f"{place}.load_pipeline", load_once)
    runner = CliRunner()

    def run(*words):
        return runner.invoke(app, [str(word) for word in words])

    return run


@pytest.fixture
def refused(hitmark):
    """Run a command line that must fail with one readable line; gives that line."""

    def run(*words):
        done = hitmark(*words)
        assert done.exit_code == 2, done.output
        assert "Traceback" not in done.output
        before, sign, told = done.stderr.partition("error: ")
        assert sign, done.stderr
        assert before == "" or before.endswith("\n")
        return told

    return run
