from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.run.illustrate import illustrate, planned
from hitmark.run.outputs import Outputs
from hitmark.run.record import Settings
from hitmark.run.result import Result
from hitmark.scene import Scene, evaluate


@pytest.fixture
def scene():
    keyframes = [{"time": 0, "box": [0.4, 0.4, 0.6, 0.6]}, {"time": 1, "box": [0.3, 0.3, 0.7, 0.7]}]
    return Scene.from_dict({"subjects": [{"name": "car", "keyframes": keyframes}], "model": "svd"})


@pytest.fixture
def result(scene):
    settings = Settings(steps=1, dtype="float32", device="cpu", call={}, knobs={})
    frames = np.zeros((3, 24, 32, 3), np.uint8)
    return Result(frames, torch.zeros(1), evaluate(scene, 3), scene, None, settings, 1.0, 1)


def broken(*_args, **_options):
    raise IndexError("index -1 is out of bounds")


def test_the_plan_lies_there_while_the_clip_is_computed(scene, tmp_path):
    outputs = Outputs(tmp_path / "clip.mp4")
    with planned(outputs, evaluate(scene, 3), (32, 24), Image.new("RGB", (300, 200))) as problems:
        assert max(Image.open(outputs.plan).size) >= 512
    assert problems == []
    assert os.listdir(tmp_path) == ["clip.plan.png"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("earlier", [None, b"earlier"])
def test_a_run_that_fails_leaves_the_plan_as_it_was(scene, tmp_path, ending, earlier):
    outputs = Outputs(tmp_path / "clip.mp4")
    if earlier is not None:
        outputs.plan.write_bytes(earlier)

    def failing():
        with planned(outputs, evaluate(scene, 3), (32, 24), None):
            assert outputs.plan.read_bytes() != earlier
            raise ending

    with pytest.raises(ending):
        failing()
    assert (outputs.plan.read_bytes() if outputs.plan.exists() else None) == earlier


def test_a_plan_that_cannot_be_drawn_ends_nothing(scene, tmp_path, monkeypatch):
    monkeypatch.setattr("hitmark.run.illustrate.plan_picture", broken)
    ran = []
    with planned(Outputs(tmp_path / "clip.mp4"), evaluate(scene, 3), (32, 24), None) as problems:
        ran.append(True)
    assert ran
    assert len(problems) == 1
    assert "clip.plan.png could not be drawn (IndexError: index -1" in problems[0]


def test_a_sheet_that_cannot_be_drawn_or_written_is_told(result, tmp_path, monkeypatch):
    outputs = Outputs(tmp_path / "clip.mp4")
    assert illustrate(outputs, result) == []
    assert sorted(os.listdir(tmp_path)) == ["clip.plan.png", "clip.sheet.png"]
    monkeypatch.setattr("hitmark.run.illustrate.contact_sheet", broken)
    (problem,) = illustrate(outputs, result, plan=False)
    assert "clip.sheet.png could not be drawn" in problem
    problems = illustrate(Outputs(tmp_path / "no" / "such" / "clip.mp4"), result)
    assert len(problems) == 2
