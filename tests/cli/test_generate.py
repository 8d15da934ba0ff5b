from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from hitmark.media.video import read_video

BOX = ("--box", "0.1,0.2,0.5,0.6", "--path", "0.7,0.5")


def test_a_picture_a_box_and_a_path_become_a_video(hitmark, checkpoint, picture, tmp_path):
    done = hitmark("generate", "--image", picture, *BOX, "--model", checkpoint, "-o", "out/clip.mp4")
    assert done.exit_code == 0, done.output
    made = sorted(os.listdir(tmp_path / "out"))
    assert made == ["clip.image.png", "clip.json", "clip.mp4", "clip.plan.png", "clip.sheet.png"]
    frames, fps = read_video(tmp_path / "out" / "clip.mp4")
    assert frames.shape == (3, 24, 32, 3)
    assert fps == 7
    assert max(Image.open(tmp_path / "out" / "clip.plan.png").size) >= 512
    assert "wrote out/clip.mp4: 3 frames of 32x24" in done.stdout
    assert "box 1:" in done.stdout


def test_the_default_output_is_out_mp4(hitmark, checkpoint, scene_file, tmp_path):
    assert hitmark("generate", scene_file, "--model", checkpoint, "--method", "none").exit_code == 0
    assert (tmp_path / "out.mp4").exists()
    assert (tmp_path / "out.json").exists()


def test_a_record_replays_to_the_same_bytes_after_everything_else_has_gone(hitmark, checkpoint, scene_file, tmp_path):
    options = ("-o", "a/clip.mkv", "--steps", "3", "--set", "stop=0.6")
    made = hitmark("generate", scene_file, "--model", checkpoint, *options)
    assert made.exit_code == 0, made.output
    scene_file.unlink()
    (tmp_path / "photo.png").unlink()
    (tmp_path / "a").rename(tmp_path / "moved")
    done = hitmark("generate", "moved/clip.json")
    assert done.exit_code == 0, done.output
    assert "the same, bit for bit" in done.stdout
    assert (tmp_path / "clip-replay.mp4").exists()
    done = hitmark("generate", "moved/clip.json", "-o", "again.mkv")
    assert (tmp_path / "again.mkv").read_bytes() == (tmp_path / "moved" / "clip.mkv").read_bytes()
    records = [json.loads((tmp_path / name).read_text()) for name in ("moved/clip.json", "again.json")]
    for key in ("settings", "scene", "model", "machine"):
        first, second = (dict(record[key]) for record in records)
        for part in (first, second):
            part.pop("image", None)
            part.pop("method", None)
            for name in {"name", "model"} & part.keys():  # relative to the folder of each record
                part[name] = os.path.basename(part[name])
        assert first == second


def test_a_replay_that_differs_says_so_and_why(hitmark, checkpoint, scene_file, tmp_path):
    assert hitmark("generate", scene_file, "--model", checkpoint).exit_code == 0
    record = json.loads((tmp_path / "out.json").read_text())
    record["output"]["frames_sha256"] = "0" * 64
    record["packages"]["torch"] = "1.0"
    (tmp_path / "out.json").write_text(json.dumps(record))
    done = hitmark("generate", "out.json", "-o", "again.mp4")
    assert done.exit_code == 0
    assert "warning: replay: the frames differ from the recorded ones (torch: 1.0 then, " in done.stderr


def test_options_change_a_replayed_run(hitmark, checkpoint, scene_file, tmp_path):
    assert hitmark("generate", scene_file, "--model", checkpoint, "-o", "a.mkv").exit_code == 0
    done = hitmark("generate", "a.json", "--seed", "9", "-o", "b.mkv")
    assert done.exit_code == 0, done.output
    assert "replay" not in done.output
    first, second = read_video(tmp_path / "a.mkv")[0], read_video(tmp_path / "b.mkv")[0]
    assert (first != second).mean() > 0.5
    assert json.loads((tmp_path / "b.json").read_text())["scene"]["seed"] == 9


def test_same_seed_same_bytes_and_control_changes_them(hitmark, checkpoint, scene_file, tmp_path):
    for name, method in (("a", "sg-i2v"), ("b", "sg-i2v"), ("c", "none")):
        done = hitmark("generate", scene_file, "--model", checkpoint, "--method", method, "-o", f"{name}.mkv")
        assert done.exit_code == 0, done.output
    first, second, third = ((tmp_path / f"{name}.mkv").read_bytes() for name in "abc")
    assert first == second
    assert first != third


def test_latents_are_saved(hitmark, checkpoint, scene_file, tmp_path):
    done = hitmark("generate", scene_file, "--model", checkpoint, "--save-latents", "z.safetensors")
    assert done.exit_code == 0, done.output
    with safe_open(tmp_path / "z.safetensors", "pt") as stored:
        assert list(stored.keys()) == ["latents"]
        latents = stored.get_tensor("latents")
    assert latents.shape == (1, 3, 4, 12, 16)
    assert str(latents.dtype) == "torch.float32"
    assert latents.isfinite().all()


def test_size_frames_and_call_arguments(hitmark, checkpoint, scene_file, tmp_path):
    done = hitmark(
        "generate", scene_file, "--model", checkpoint, "--width", 40, "--height", 32, "--frames", 5,
        "--call", "motion_bucket_id=40", "-o", "a.gif",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert read_video(tmp_path / "a.gif")[0].shape == (5, 32, 40, 3)
    assert json.loads((tmp_path / "a.json").read_text())["settings"]["call"]["motion_bucket_id"] == 40


def test_an_sg_i2v_folder_is_a_scene(hitmark, checkpoint, picture, tmp_path):
    folder = tmp_path / "example"
    folder.mkdir()
    picture.rename(folder / "img.png")
    centers = np.stack([np.linspace(20, 40, 3), np.full(3, 24)], axis=1)
    np.save(folder / "traj.npy", np.concatenate([[[10, 14], [30, 34]], centers])[None])
    done = hitmark("generate", folder, "--model", checkpoint, "--width", 32, "--height", 24, "--frames", 3)
    assert done.exit_code == 0, done.output
    assert read_video(tmp_path / "out.mp4")[0].shape == (3, 24, 32, 3)


def test_two_boxes_one_of_them_holds_still(hitmark, checkpoint, picture, tmp_path):
    done = hitmark("generate", "--image", picture, *BOX, "--box", "0.6,0.6,0.9,0.9", "--model", checkpoint)
    assert done.exit_code == 0, done.output
    subjects = json.loads((tmp_path / "out.json").read_text())["scene"]["subjects"]
    assert [len(subject["keyframes"]) for subject in subjects] == [2, 1]


def test_an_unusual_size_is_noted(hitmark, checkpoint, scene_file):
    done = hitmark("generate", scene_file, "--model", checkpoint, "--width", 96, "--height", 96, "--method", "none")
    assert done.exit_code == 0, done.output
    assert "was made for 32x24 and this run asks for 96x96" in done.stderr


def test_outputs_of_an_earlier_run_need_force(hitmark, refused, checkpoint, scene_file, tmp_path):
    assert hitmark("generate", scene_file, "--model", checkpoint, "--method", "none").exit_code == 0
    before = (tmp_path / "out.mp4").read_bytes()
    assert "out.mp4 exists already" in refused("generate", scene_file, "--model", checkpoint, "--seed", 8)
    assert (tmp_path / "out.mp4").read_bytes() == before
    assert hitmark("generate", scene_file, "--model", checkpoint, "--seed", 8, "--force").exit_code == 0
    assert (tmp_path / "out.mp4").read_bytes() != before


def test_inputs_are_never_overwritten(refused, checkpoint, scene_file, picture, tmp_path):
    text, pixels = scene_file.read_text(), picture.read_bytes()
    picture.rename(tmp_path / "clip.image.png")
    words = refused("generate", "--image", "clip.image.png", *BOX, "--model", checkpoint, "-o", "clip.mp4", "--force")
    assert "clip.image.png is an input of this run" in words
    assert scene_file.read_text() == text
    assert (tmp_path / "clip.image.png").read_bytes() == pixels


def test_a_scene_may_become_a_video_of_its_own_name(hitmark, checkpoint, scene_file, tmp_path):
    text = scene_file.read_text()
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none", "-o", "scene.mp4")
    assert done.exit_code == 0, done.output
    assert "scene.run.json (make it again: hitmark generate scene.run.json)" in done.stdout
    assert scene_file.read_text() == text
    done = hitmark("generate", "scene.run.json")
    assert "the same, bit for bit" in done.stdout, done.output


def test_lines_to_paste_are_quoted_for_the_shell(hitmark, checkpoint, scene_file):
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none", "-o", "my films/a clip.mp4")
    assert "make it again: hitmark generate 'my films/a clip.json'" in done.stdout


def test_ctrl_c_leaves_nothing(hitmark, checkpoint, scene_file, tmp_path, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    before = sorted(os.listdir(tmp_path))
    for place in ("hitmark.run.make.make", "hitmark.run.outputs.write_video"):
        with monkeypatch.context() as patch:
            patch.setattr(place, interrupted)
            done = hitmark("generate", scene_file, "--model", checkpoint)
        assert done.exit_code == 130
        assert "nothing half-written" in done.stderr
        assert sorted(os.listdir(tmp_path)) == before


ZOOM = {"subjects": [{"name": "car", "keyframes": [
    {"time": 0, "box": [0.4, 0.4, 0.6, 0.6]}, {"time": 1, "box": [0.3, 0.3, 0.7, 0.7]}]}]}  # fmt: skip


@pytest.mark.parametrize("moved", [ZOOM, {"subjects": [], "camera": {"zoom": 1.4}}])
def test_a_zoom_in_place_becomes_a_video(hitmark, checkpoint, scene_file, tmp_path, moved):
    scene_file.write_text(json.dumps(json.loads(scene_file.read_text()) | moved))
    done = hitmark("generate", scene_file, "--model", checkpoint)
    assert done.exit_code == 0, done.output
    assert {"out.mp4", "out.json", "out.plan.png", "out.sheet.png"} <= set(os.listdir(tmp_path))


def test_the_plan_is_drawn_before_the_model_is_loaded(hitmark, checkpoint, scene_file, tmp_path, monkeypatch):
    def seen(*_args, **_options):
        assert (tmp_path / "out.plan.png").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("hitmark.backbones.loading.load_pipeline", seen)
    done = hitmark("generate", scene_file, "--model", checkpoint)
    assert done.exit_code == 130, done.output
    assert "plan: out.plan.png" in done.stderr
    assert not (tmp_path / "out.plan.png").exists()


@pytest.mark.parametrize(
    "place",
    [
        "hitmark.run.illustrate.plan_picture",
        "hitmark.run.illustrate.contact_sheet",
        "hitmark.observers.template.track_template",
        "hitmark.observers.positions.look_for",
    ],
)
def test_what_only_draws_or_judges_cannot_lose_a_clip(hitmark, checkpoint, scene_file, tmp_path, monkeypatch, place):
    def broken(*_args, **_options):
        raise IndexError("index -1 is out of bounds")

    monkeypatch.setattr(place, broken)
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none")
    assert done.exit_code == 0, done.output
    assert "IndexError: index -1" in done.output
    assert {"out.mp4", "out.json", "out.image.png"} <= set(os.listdir(tmp_path))
    assert hitmark("generate", "out.json").exit_code == 0


def test_a_second_run_to_one_output_is_refused_while_the_first_goes_on(refused, checkpoint, scene_file, tmp_path):
    from hitmark.run.outputs import Outputs

    with Outputs(tmp_path / "out.mp4").claimed():
        told = refused("generate", scene_file, "--model", checkpoint, "--force")
    assert "another run is making it right now" in told
    assert not (tmp_path / "out.mp4").exists()


def test_a_photograph_leaves_a_small_copy_that_replays(hitmark, checkpoint, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    done = hitmark("generate", "--image", "large.png", *BOX, "--model", checkpoint, "-o", "a.mkv")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a.image.png").stat().st_size < 5000
    assert "a.image.png (32x24, the size of the clip; large.png, in its shape, has 1200x900)" in done.stdout
    done = hitmark("generate", "a.json", "-o", "b.mkv")
    assert "the same, bit for bit" in done.stdout


def test_half_precision_on_a_cpu_is_said_to_be_slow(hitmark, checkpoint, scene_file):
    options = ("--method", "none", "--steps", 1, "--device", "cpu")
    done = hitmark("generate", scene_file, "--model", checkpoint, *options, "--dtype", "bfloat16")
    assert done.exit_code == 0, done.output
    assert "note: bfloat16 on a CPU is many times slower than float32" in done.stderr
    done = hitmark("generate", scene_file, "--model", checkpoint, *options, "--force")
    assert "slower" not in done.stderr


def test_what_follows_the_last_step_is_said(hitmark, checkpoint, scene_file):
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none")
    assert "now decoding the frames" in done.stderr
    assert "writing out.mp4 ..." in done.stderr


def test_progress_shows_steps_and_is_on_stderr(hitmark, checkpoint, scene_file):
    done = hitmark("generate", scene_file, "--model", checkpoint, "--method", "none")
    assert "2/2" in done.stderr
    assert "2/2" not in done.stdout


@pytest.mark.parametrize("method", ["none", "sg-i2v"])
def test_python_and_command_line_agree(hitmark, checkpoint, scene_file, tmp_path, method):
    from hitmark.backbones.loading import load_pipeline
    from hitmark.run.generate import generate
    from hitmark.scene import Scene

    assert hitmark("generate", scene_file, "--model", checkpoint, "--method", method, "-o", "a.mkv").exit_code == 0
    scene = Scene.load(scene_file).replace(model=str(checkpoint), method={"name": method})
    result = generate(scene, pipe=load_pipeline(checkpoint), folder=tmp_path)
    np.testing.assert_array_equal(result.frames, read_video(tmp_path / "a.mkv")[0])


def test_a_recorded_scene_on_another_model_takes_that_models_defaults(hitmark, checkpoint, scene_file, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(checkpoint, other)
    card = json.loads((other / "hitmark.json").read_text())
    (other / "hitmark.json").write_text(json.dumps(card | {"steps": 3, "knobs": {"sg-i2v": {"iterations": 2}}}))
    assert hitmark("generate", scene_file, "--model", checkpoint).exit_code == 0
    done = hitmark("generate", "out.json", "--model", other, "-o", "b.mp4")
    assert done.exit_code == 0, done.output
    settings = json.loads((tmp_path / "b.json").read_text())["settings"]
    assert settings["steps"] == 3
    assert settings["knobs"]["iterations"] == 2
