from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from hitmark.errors import HitmarkError
from hitmark.files import OutputError
from hitmark.media.video import read_video, write_video
from hitmark.run.illustrate import illustrate
from hitmark.run.outputs import Outputs
from hitmark.run.record import RunRecord, Settings, frames_sha256, picture_sha256
from hitmark.run.result import Result
from hitmark.scene import Scene, evaluate


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
    assert illustrate(outputs, result) == []
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
    illustrate(Outputs(tmp_path / "a.gif"), result)
    illustrate(Outputs(tmp_path / "b.gif"), result, found)
    read = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert read["a.plan.png"] == read["b.plan.png"]
    assert read["a.sheet.png"] != read["b.sheet.png"]


def large(result, sides=(1200, 900)):
    pixels = np.random.default_rng(1).integers(0, 256, (sides[1], sides[0], 3), dtype=np.uint8)
    return replace(result, picture=Image.fromarray(pixels))


def test_a_photograph_is_kept_at_the_clips_size_which_is_what_the_model_was_given(result, tmp_path):
    outputs, photographed = Outputs(tmp_path / "clip.mkv"), large(result)
    run = outputs.save(photographed)
    kept = Image.open(outputs.image)
    assert kept.size == (32, 24)
    np.testing.assert_array_equal(np.asarray(kept), np.asarray(photographed.picture.resize((32, 24))))
    assert run.image.sha256 == picture_sha256(np.asarray(kept))


def test_no_full_disk_leaves_a_video_without_its_record(result, tmp_path, monkeypatch):
    outputs = Outputs(tmp_path / "out" / "clip.mkv")
    outputs.check([], overwrite=False)
    real = write_video

    def full(frames, path, fps):
        if path.parent == outputs.video.parent:
            raise OutputError(f"cannot write {path}: the disk is full")
        return real(frames, path, fps)

    monkeypatch.setattr("hitmark.run.outputs.write_video", full)
    told = "the disk is full. The frames were kept, without a run record, in "
    with pytest.raises(OutputError, match=re.escape(told)) as caught:
        outputs.save(result)
    assert os.listdir(outputs.video.parent) == []
    place = str(caught.value).partition(told)[2]
    np.testing.assert_array_equal(read_video(place)[0], result.frames)
    shutil.rmtree(os.path.dirname(place))


def test_latents_that_cannot_be_written_do_not_cost_the_clip(result, tmp_path):
    outputs = Outputs(tmp_path / "clip.mkv", tmp_path / "no" / "such" / "z.safetensors")
    with pytest.raises(OutputError, match=r"z\.safetensors"):
        outputs.save(result)
    assert RunRecord.load(outputs.record).output.video == "clip.mkv"
    assert read_video(outputs.video)[0].shape == (4, 24, 32, 3)


def test_the_space_needed_is_that_of_all_files():
    shape = (14, 576, 1024)
    alone = Outputs(Path("a.mp4"), from_picture=False).bytes_needed(shape)
    assert alone > 14 * 576 * 1024 * 4
    assert Outputs(Path("a.mp4")).bytes_needed(shape) >= alone + 3 * 4 * 576 * 1024
    assert Outputs(Path("a.mp4"), Path("z.safetensors"), False).bytes_needed(shape) > alone


def test_a_full_disk_is_noticed_before(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 3_000_000))
    with pytest.raises(OutputError, match="MB are needed and the disk has 3 MB free"):
        Outputs(tmp_path / "clip.mp4").check([], overwrite=False, shape=(3, 24, 32))


def test_one_output_is_made_by_one_run_at_a_time(tmp_path):
    first, second = Outputs(tmp_path / "out" / "clip.mp4"), Outputs(tmp_path / "out" / "clip.gif")
    with (
        first.claimed(),
        pytest.raises(OutputError, match=r"clip\.json: another run is making it right now"),
        second.claimed(),
    ):
        pass
    with second.claimed(), Outputs(tmp_path / "out" / "other.mp4").claimed():
        pass
    assert os.listdir(tmp_path / "out") == []


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


@pytest.mark.parametrize("name", ["", ".", "..", "/", "clip", "clip.mov"])
def test_what_is_no_name_of_a_video_is_refused_before_anything_is_made(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HitmarkError, match=r"expected the name of a file|the extension must be"):
        Outputs(Path(name)).beside([])
    assert os.listdir(tmp_path) == []


def test_check_looks_at_every_folder(tmp_path):
    with pytest.raises(HitmarkError, match=r"z\.safetensors: its folder does not exist"):
        Outputs(tmp_path / "clip.mp4", tmp_path / "a" / "b" / "z.safetensors").check([], overwrite=False)
