"""Inputs that people have, by `hitmark generate`: fitted pictures, ignored options, files of other tools, records."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

BOX = ("--box", "0.3,0.4,0.6,0.6", "--path", "0.6,0.5")
WORDS = ("--prompt", "a red car on grass", "--subject", "red car")


@pytest.fixture
def flags(checkpoint, picture):
    return ("generate", "--image", picture, "--model", checkpoint, "--method", "none")


def recorded(tmp_path, name="out.json"):
    return json.loads((tmp_path / name).read_text())


def test_a_portrait_picture_is_fitted_and_the_record_replays(hitmark, checkpoint, tmp_path):
    Image.fromarray(np.full((64, 36, 3), 90, np.uint8)).save(tmp_path / "portrait.png")
    done = hitmark("generate", "--image", "portrait.png", *BOX, "--model", checkpoint)
    assert done.exit_code == 0, done.output
    assert "note: the picture is 36x64 and the clip 32x24: the middle of it is taken (crop)" in done.stderr
    record = recorded(tmp_path)
    assert any("(crop)" in note for note in record["notes"])
    assert Image.open(tmp_path / "out.image.png").size == (36, 27)
    replay = hitmark("generate", "out.json")
    assert "the same, bit for bit" in replay.stdout
    assert "squeezed" not in replay.stderr
    for fit, size in (("pad", (85, 64)), ("stretch", (36, 64))):
        done = hitmark(
            "generate",
            "--image",
            "portrait.png",
            *BOX,
            "--model",
            checkpoint,
            "--fit",
            fit,
            "--method",
            "none",
            "--force",
        )
        assert done.exit_code == 0, done.output
        assert Image.open(tmp_path / "out.image.png").size == size


def test_transparency_lies_on_the_ground_that_is_asked_for(hitmark, checkpoint, tmp_path):
    pixels = np.zeros((24, 32, 4), np.uint8)
    pixels[12:] = [10, 20, 30, 255]
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    done = hitmark(
        "generate", "--image", "a.png", *BOX, "--model", checkpoint, "--method", "none", "--background", "blue"
    )
    assert done.exit_code == 0, done.output
    assert "note: a.png: its transparent parts are laid on #0000ff" in done.stderr
    assert Image.open(tmp_path / "out.image.png").getpixel((0, 0)) == (0, 0, 255)


def test_options_that_the_model_has_no_use_for_are_refused(refused, flags, picture, text_checkpoint):
    assert "--prompt: " in refused(*flags, *BOX, "--prompt", "a car")
    assert "--negative-prompt: " in refused(*flags, *BOX, "--negative-prompt", "blur")
    told = refused("generate", "--image", picture, *WORDS, "--box", "0.3,0.4,0.6,0.6", "--model", text_checkpoint)
    assert told.startswith("--image: ")
    assert "takes no first picture" in told


def test_fields_of_a_scene_that_are_not_used_are_noted(hitmark, checkpoint, scene_file):
    scene = json.loads(scene_file.read_text()) | {"prompt": "a car", "negative_prompt": "blur"}
    scene_file.write_text(json.dumps(scene))
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none")
    assert done.exit_code == 0, done.output
    assert "the scene's prompt and negative prompt is not used" in done.stderr


def test_two_subjects_with_the_same_words_are_noted(hitmark, text_checkpoint):
    twice = (*WORDS, "--subject", "red car", "--box", "0,0.3,0.3,0.6", "--box", "0.6,0.3,0.9,0.6")
    done = hitmark("generate", *twice, "--model", text_checkpoint, "--method", "peekaboo")
    assert done.exit_code == 0, done.output
    assert "'box 1', 'box 2' have the same words, 'red car'" in done.stderr


def test_a_subject_that_enters_late_is_noted_before_anything_is_made(hitmark, checkpoint, scene_file):
    scene = json.loads(scene_file.read_text())
    scene["subjects"][0]["visible"] = [0.5, 1]
    scene_file.write_text(json.dumps(scene))
    done = hitmark("generate", scene_file, "--model", checkpoint, "--set", "iterations=1")
    assert done.exit_code == 0, done.output
    assert "note: 'car' enters after the first frame" in done.stderr.partition("loading")[0]


def test_a_box_of_a_prompt_needs_its_words(refused, text_checkpoint):
    told = refused("generate", "--prompt", "a red car", *BOX, "--model", text_checkpoint)
    assert "--subject" in told


def test_a_canvas_is_not_the_size_to_make(hitmark, refused, text_checkpoint, checkpoint, tmp_path):
    np.save(tmp_path / "a_tracks.npy", np.linspace([300, 200], [500, 240], 3)[:, None])
    assert "--canvas 832x480" in refused("generate", "a_tracks.npy", "--model", checkpoint)
    assert "--axes: reading tora files does not use it" in refused_tora(refused, tmp_path, checkpoint)
    options = ("--canvas", "832x480", "--prompt", "a car", "--method", "none", "--model", text_checkpoint)
    done = hitmark("generate", "a_tracks.npy", *options)
    assert done.exit_code == 0, done.output
    assert "wrote out.mp4: 3 frames of 32x24" in done.stdout
    assert "the paths were drawn on 832x480 and the clip is 32x24: they are stretched" in done.stderr
    assert "expected WIDTHxHEIGHT" in refused("generate", "a_tracks.npy", "--canvas", "832")


def refused_tora(refused, tmp_path, checkpoint):
    (tmp_path / "t.txt").write_text("10,20\n12,20\n")
    return refused("generate", "t.txt", "--axes", "tracks,frames", "--model", checkpoint)


def test_what_cannot_fit_is_refused_before_the_model_is_loaded(refused, monkeypatch):
    monkeypatch.setattr("hitmark.run.memory_fit.free_bytes", lambda: 16 * 10**9)
    told = refused(
        "generate", *WORDS, "--box", "0,0.3,0.3,0.6", "--width", 832, "--height", 480, "--frames", 81, "--device", "cpu"
    )
    assert "81 frames of 832x480 need about 65 GB" in told
    assert "nothing was started" in told


def test_a_drawn_seed_is_printed_and_gives_the_same_noise(hitmark, flags, tmp_path):
    done = hitmark(*flags, *BOX, "--seed", "-1")
    assert done.exit_code == 0, done.output
    seed = re.search(r"seed: (\d+) \(drawn", done.stderr)[1]
    first = recorded(tmp_path)
    assert first["scene"].get("seed", 0) == int(seed)
    hitmark(*flags, *BOX, "--seed", seed, "--force")
    assert recorded(tmp_path)["output"]["frames_sha256"] == first["output"]["frames_sha256"]


def test_the_preset_is_printed_and_recorded(hitmark, checkpoint, picture, tmp_path):
    flags = ("generate", "--image", picture, *BOX, "--model", checkpoint, "--steps", "1")
    for preset, words in (
        ("tuned", "(iterations=1, stop=1.0); --preset paper"),
        ("paper", "the settings of its paper"),
    ):
        done = hitmark(*flags, "--preset", preset, "--force")
        assert done.exit_code == 0, done.output
        assert words in done.stderr
        assert recorded(tmp_path)["settings"]["preset"] == preset
    assert recorded(tmp_path)["settings"]["knobs"]["iterations"] == 5
    assert "expected tuned, paper, fast, or a file" in hitmark(*flags, "--preset", "best").output


def test_records_name_models_portably_and_compact_ones_replay(hitmark, checkpoint, picture, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").symlink_to(checkpoint)
    flags = ("--image", picture, *BOX, "--method", "none", "--model", "run/mine")
    assert hitmark("generate", *flags, "-o", "run/clip.mp4").exit_code == 0
    record = recorded(tmp_path, "run/clip.json")
    assert record["model"]["name"] == record["scene"]["model"] == "mine"
    assert str(tmp_path) not in json.dumps(record)
    (tmp_path / "run" / "clip.json").write_text(json.dumps(record, separators=(",", ":")))
    (tmp_path / "run").rename(tmp_path / "moved")
    done = hitmark("generate", "moved/clip.json")
    assert "the same, bit for bit" in done.stdout, done.output
    (tmp_path / "moved" / "mine").unlink()
    gone = hitmark("generate", "moved/clip.json", "--force")
    assert "expected the folder mine, relative to the record's" in gone.output
    assert "--model FOLDER" in gone.output
    elsewhere = hitmark("generate", "moved/clip.json", "--model", checkpoint, "--force")
    assert "the same, bit for bit" in elsewhere.stdout, elsewhere.output


def test_a_record_stands_for_its_scene_elsewhere(hitmark, flags, tmp_path):
    assert hitmark(*flags, *BOX).exit_code == 0
    for command in (("score", "out.mp4", "out.json"), ("convert", "out.json", "back.json"), ("datasets", "out.json")):
        done = hitmark(*command)
        assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "back.json").read_text())["image"] == "out.image.png"


def test_a_picture_or_a_clip_in_place_of_a_scene(hitmark, refused, flags, picture):
    assert "hitmark generate --image photo.png" in refused("generate", picture)
    assert hitmark(*flags, *BOX).exit_code == 0
    assert "the record beside it, out.json" in refused("generate", "out.mp4")


def test_boxes_of_width_and_height(hitmark, flags, refused, tmp_path):
    done = hitmark(*flags, "--box", "0.6,0.4,0.2,0.3", "--box-format", "xywh", "--path", "0.7, 0.4")
    assert done.exit_code == 0, done.output
    [subject] = recorded(tmp_path)["scene"]["subjects"]
    np.testing.assert_allclose(subject["keyframes"][0]["box"], [0.6, 0.4, 0.8, 0.7])
    assert "--box-format xywh" in refused(*flags, "--box", "0.6,0.4,0.2,0.3")
