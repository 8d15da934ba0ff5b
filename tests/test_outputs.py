from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from hitmark.errors import HitmarkError
from hitmark.generate import Result
from hitmark.outputs import Outputs
from hitmark.record import RunRecord, Settings, frames_sha256
from hitmark.scene import Scene, evaluate
from hitmark.video import read_video


@pytest.fixture
def result():
    scene = Scene.from_dict(
        {"subjects": [{"name": "car", "keyframes": [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}]}], "frames": 4}
        | {"width": 32, "height": 24, "fps": 5, "image": "somewhere/else.png", "model": "svd"}
    )
    frames = np.random.default_rng(0).integers(0, 256, (4, 24, 32, 3), dtype=np.uint8)
    settings = Settings(steps=2, dtype="float32", device="cpu", call={}, knobs={})
    picture = Image.new("RGB", (300, 200), (10, 20, 30))
    return Result(
        frames=frames,
        latents=torch.ones(1, 4, 4, 12, 16).transpose(3, 4),
        tracks=evaluate(scene, 4),
        scene=scene,
        picture=picture,
        settings=settings,
        seconds=1.23456,
        peak_memory=5,
    )


def test_everything_is_written_beside_the_video(result, tmp_path):
    outputs = Outputs(tmp_path / "my.clip.mkv", tmp_path / "z.safetensors")
    run = outputs.save(result)
    assert sorted(os.listdir(tmp_path)) == [
        "my.clip.image.png", "my.clip.json", "my.clip.mkv", "my.clip.plan.png", "my.clip.sheet.png", "z.safetensors",
    ]  # fmt: skip
    frames, fps = read_video(outputs.video)
    np.testing.assert_array_equal(frames, result.frames)
    assert fps == 5
    assert Image.open(outputs.image).size == (300, 200)
    assert torch.equal(load_file(outputs.latents)["latents"], result.latents)
    assert RunRecord.load(outputs.record) == run
    assert run.output.frames_sha256 == frames_sha256(frames)
    assert run.image.path == run.scene["image"] == "my.clip.image.png"
    assert run.output.seconds == 1.235


def test_found_positions_are_on_the_sheet_and_not_on_the_plan(result, tmp_path):
    found = {"car": np.full((4, 2), 20.0)}
    Outputs(tmp_path / "a.gif").save(result)
    Outputs(tmp_path / "b.gif").save(result, found)
    read = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert read["a.plan.png"] == read["b.plan.png"]
    assert read["a.sheet.png"] != read["b.sheet.png"]


def test_check_refuses_inputs_existing_files_and_other_kinds(tmp_path):
    outputs = Outputs(tmp_path / "clip.mp4")
    outputs.check([tmp_path / "scene.json"], overwrite=False)
    (tmp_path / "clip.sheet.png").write_text("")
    with pytest.raises(HitmarkError, match=r"clip\.sheet\.png exists already"):
        outputs.check([], overwrite=False)
    outputs.check([], overwrite=True)
    (tmp_path / "link.png").symlink_to(tmp_path / "clip.sheet.png")
    with pytest.raises(HitmarkError, match="is an input of this run"):
        outputs.check([tmp_path / "link.png"], overwrite=True)
    with pytest.raises(HitmarkError, match="extension"):
        Outputs(tmp_path / "clip.mov").check([], overwrite=True)


def test_check_looks_at_every_folder(tmp_path):
    with pytest.raises(HitmarkError, match=r"z\.safetensors: its folder does not exist"):
        Outputs(tmp_path / "clip.mp4", tmp_path / "a" / "b" / "z.safetensors").check([], overwrite=False)
