"""What is wrong is told in one line, before anything long, and nothing half-written is left."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest

from hitmark.media.video import WRITERS

BOX = ("--box", "0.1,0.2,0.5,0.6", "--path", "0.7,0.5")


@pytest.fixture
def flags(checkpoint, picture):
    return ("generate", "--image", picture, "--model", checkpoint)


def scene_with(path, **changes):
    scene = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(scene))
    return path


def test_no_scene_and_no_picture(refused):
    assert "expected a SCENE, or --image" in refused("generate")


def test_missing_scene(refused):
    assert "nowhere.json: no such file" in refused("generate", "nowhere.json")


def test_missing_image(refused, checkpoint, scene_file, picture):
    words = refused("generate", "--image", "nowhere.png", *BOX, "--model", checkpoint)
    assert "cannot read nowhere.png: there is no such file" in words
    picture.unlink()
    assert "photo.png: there is no such file" in refused("generate", scene_file, "--model", checkpoint)
    scene_with(scene_file, image=None)
    assert "names no first picture" in refused("generate", scene_file, "--model", checkpoint)


def test_damaged_image(refused, flags, picture):
    data = picture.read_bytes()
    for content, words in ((b"no picture", "no picture"), (data[: len(data) // 2], "or damaged"), (b"", "is empty")):
        picture.write_bytes(content)
        assert words in refused(*flags, *BOX)


@pytest.mark.parametrize("box", ["1.2,0.1,1.5,0.4", "-0.5,0.1,-0.2,0.4"])
def test_box_outside_the_first_frame(refused, flags, box):
    assert "expected fractions of the picture" in refused(*flags, "--box", box)


def test_box_outside_the_first_frame_in_a_scene(refused, checkpoint, scene_file):
    keyframes = [{"time": 0, "box": [1.2, 0.1, 1.5, 0.4]}, {"time": 1, "box": [0.1, 0.1, 0.4, 0.4]}]
    scene_with(scene_file, subjects=[{"name": "car", "keyframes": keyframes}])
    words = refused("generate", scene_file, "--model", checkpoint)
    assert "car" in words
    assert "outside" in words


@pytest.mark.parametrize("box", ["0.5,0.2,0.1,0.6", "0.1,0.6,0.5,0.6"])
def test_box_with_swapped_corners(refused, flags, box):
    assert "expected x0 < x1 and y0 < y1" in refused(*flags, "--box", box)


def test_box_with_swapped_corners_in_a_scene(refused, checkpoint, scene_file):
    scene_with(scene_file, subjects=[{"name": "car", "keyframes": [{"time": 0, "box": [0.5, 0.2, 0.1, 0.6]}]}])
    assert "x0 < x1" in refused("generate", scene_file, "--model", checkpoint)


@pytest.mark.parametrize("box", ["nan,0.2,0.5,0.6", "0.1,inf,0.5,0.6"])
def test_box_that_is_not_finite(refused, flags, box):
    assert "expected finite numbers" in refused(*flags, "--box", box)


def test_nan_in_a_scene(refused, checkpoint, scene_file):
    scene_file.write_text(scene_file.read_text().replace("0.1", "NaN"))
    assert "NaN" in refused("generate", scene_file, "--model", checkpoint)


@pytest.mark.parametrize("frames", ["1", "0", "-3"])
def test_too_few_frames(refused, flags, frames):
    assert "frames" in refused(*flags, *BOX, "--frames", frames)


def test_unknown_method(refused, flags):
    words = refused(*flags, *BOX, "--method", "sgi2v")
    assert "did you mean 'sg-i2v'" in words


def test_unknown_knob(refused, flags):
    assert "did you mean 'iterations'" in refused(*flags, *BOX, "--set", "iteration=3")
    assert "iterations must be" in refused(*flags, *BOX, "--set", "iterations=many")
    assert "expected NAME=VALUE" in refused(*flags, *BOX, "--set", "iterations")


def test_unknown_model(refused, picture):
    assert "did you mean 'svd'" in refused("generate", "--image", picture, *BOX, "--model", "svdd")


def test_model_that_is_not_on_this_machine(refused, picture, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    words = refused("generate", "--image", picture, *BOX, "--model", "svd")
    assert "stabilityai/stable-video-diffusion-img2vid" in words
    assert os.listdir(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("name", ["clip.avi", "clip", "clip.png"])
def test_video_path_of_an_unknown_kind(refused, flags, name):
    assert ".mp4, .mkv, .webm, .gif, .webp" in refused(*flags, *BOX, "-o", name)


def test_video_path_that_cannot_be(refused, flags, picture, tmp_path):
    assert "cannot write" in refused(*flags, *BOX, "-o", picture / "clip.mp4")
    assert "does not exist" in refused(*flags, *BOX, "-o", "a/b/clip.mp4")
    (tmp_path / "folder.mp4").mkdir()
    assert "that is a folder" in refused(*flags, *BOX, "-o", "folder.mp4")


def test_read_only_folder(refused, flags, tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    words = refused(*flags, *BOX)
    assert "read-only disk" in words
    assert os.listdir(tmp_path) == ["photo.png"]


def test_disk_full_is_noticed_before_the_computation(refused, flags, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 100))
    monkeypatch.setattr("hitmark.run.make.make", lambda *_args, **_options: pytest.fail("computed"))
    assert "are needed and the disk has" in refused(*flags, *BOX)


def test_disk_full_while_writing(refused, flags, tmp_path, monkeypatch):
    def full(_frames, path, _fps):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(WRITERS, ".mp4", full)
    words = refused(*flags, *BOX, "--method", "none")
    assert "out.mp4: the disk is full" in words
    assert os.listdir(tmp_path) == ["photo.png"]


def test_scene_of_a_newer_version(refused, checkpoint, scene_file):
    words = refused("generate", scene_with(scene_file, version=2), "--model", checkpoint)
    assert "version 2" in words
    assert "update hitmark" in words


def test_record_of_a_newer_version(hitmark, refused, checkpoint, scene_file, tmp_path):
    assert hitmark("generate", scene_file, "--model", checkpoint, "--method", "none").exit_code == 0
    record = json.loads((tmp_path / "out.json").read_text()) | {"version": 2}
    (tmp_path / "out.json").write_text(json.dumps(record))
    assert "this run record is version 2" in refused("generate", "out.json")
    (tmp_path / "out.json").write_text(json.dumps(record | {"version": 1, "scene": {"frames": 1}}))
    assert "frames" in refused("generate", "out.json")
    (tmp_path / "out.json").write_text(json.dumps(record | {"version": 1, "settings": {}}))
    assert "settings" in refused("generate", "out.json")


@pytest.mark.parametrize("content", ['{"notes": {"a": "%s"}}', '{"kind": "hitmark run", "a": "%s"}'])
def test_a_json_file_of_50_mb(refused, checkpoint, tmp_path, content):
    (tmp_path / "big.json").write_text(content % ("x" * 50_000_000))
    words = refused("generate", "big.json", "--model", checkpoint)
    assert "big.json" in words
    assert "MB" in words
    assert len(words) < 1000


@pytest.mark.parametrize("content", ["", "{", "[1, 2", "scene", '{"subjects": 3}', "\x00\x01", "null", '{"seed": 1}x'])
def test_scene_files_that_are_none(refused, checkpoint, tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    assert "bad.json" in refused("generate", "bad.json", "--model", checkpoint)


def test_sizes_that_the_model_cannot_make(refused, flags):
    assert "multiples of 8 px, got 30; use 24 or 32" in refused(*flags, *BOX, "--width", "30")
    assert "got 2; use 8" in refused(*flags, *BOX, "--height", "2")


@pytest.mark.parametrize("steps", ["0", "-1", "100000"])
def test_wrong_steps(refused, flags, steps):
    assert "steps: expected a whole number from 1 to 1000" in refused(*flags, *BOX, "--steps", steps)


def test_wrong_seed_dtype_device_and_call(hitmark, refused, flags):
    assert "seed" in refused(*flags, *BOX, "--seed", "-2")
    for name, wrong in (("dtype", "float8"), ("device", "gpu0")):
        told = refused(*flags, *BOX, f"--{name}", wrong)
        assert told.startswith(f"{name}: expected auto, ")
        assert wrong in told
        assert "loading" not in hitmark(*flags, *BOX, f"--{name}", wrong).stderr  # nor is anything drawn
    assert "did you mean motion_bucket_id" in refused(*flags, *BOX, "--call", "motion_bucket=3")


@pytest.mark.parametrize(
    "argument",
    [
        "decode_chunk_size=0", "decode_chunk_size=-1", "decode_chunk_size=1.5", 'decode_chunk_size="a"', "fps=null",
        "fps=true", "fps=[7]", "fps=0", "motion_bucket_id=much", "motion_bucket_id=-1", "noise_aug_strength={}",
        "noise_aug_strength=abc", "min_guidance_scale=[]", "max_guidance_scale=1e300", "fps=9999999999999999999999",
        "noise_aug_strength=NaN",
    ],
)  # fmt: skip
def test_call_arguments_of_another_kind(refused, flags, argument):
    told = refused(*flags, *BOX, "--call", argument)
    assert argument.partition("=")[0] in told
    assert "expected" in told


def test_latents_need_their_extension(refused, flags):
    assert "change the extension" in refused(*flags, *BOX, "--save-latents", "z.pt")


def test_out_of_memory_says_what_needs_less(refused, flags, monkeypatch):
    import torch

    def full(*_args, **_options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("hitmark.run.make._run", full)
    words = refused(*flags, *BOX)
    assert "not enough memory for 3 frames of 32x24" in words
    assert "memory_budget" in words


def test_boxes_beside_a_scene_are_refused(refused, scene_file):
    assert "leave out SCENE" in refused("generate", scene_file, *BOX)


def test_a_scene_in_place_of_the_video_is_told_the_order(hitmark, scene_file, tmp_path):
    result = hitmark("score", scene_file, tmp_path / "clip.mp4")
    assert result.exit_code == 2
    assert "the order is hitmark score VIDEO SCENE" in result.stderr


@pytest.mark.parametrize("command", [("demo",), ("train", "sprites-wan")])
def test_a_file_in_place_of_the_folder_is_named(hitmark, tmp_path, command):
    file = tmp_path / "taken.png"
    file.write_bytes(b"mine")
    result = hitmark(*command, "-o", file)
    assert result.exit_code == 2
    assert "taken.png: a file of that name is in the way; give another name, or a folder" in result.stderr
    assert file.read_bytes() == b"mine"


def test_a_mistake_of_ours_keeps_its_traceback(hitmark, flags, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr("hitmark.run.make._run", broken)
    done = hitmark(*flags, *BOX)
    assert isinstance(done.exception, ZeroDivisionError)
