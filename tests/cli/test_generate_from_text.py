"""`hitmark generate` with a model that reads text: prompt, subjects, boxes; no picture."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.media.video import read_video
from hitmark.methods import build, spelled
from hitmark.observers.sprites import sprite_of

PROMPT = ("--prompt", "a red car and a cat on a road")
SUBJECTS = (
    "--subject",
    "red car",
    "--box",
    "0,0.2,0.5,0.7",
    "--path",
    "0.7,0.5",
    "--subject",
    "cat",
    "--box",
    "0.5,0.5,1,1",
)


def test_a_prompt_and_boxes_become_a_video(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    done = hitmark("generate", *PROMPT, *SUBJECTS, "--model", text_checkpoint, "-o", "out/clip.mkv")
    assert done.exit_code == 0, done.output
    assert sorted(os.listdir(tmp_path / "out")) == ["clip.json", "clip.mkv", "clip.plan.png", "clip.sheet.png"]
    record = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert record["scene"]["method"]["name"] == "ivg-da"
    assert record["scene"]["prompt"] == PROMPT[1]
    assert [subject["phrase"] for subject in record["scene"]["subjects"]] == ["red car", "cat"]
    assert [subject["name"] for subject in record["scene"]["subjects"]] == ["red car", "cat"]
    assert record["image"] is None
    assert "red car:" in done.stdout  # named sprites are looked for
    done = hitmark("generate", "out/clip.json", "-o", "again.mkv")
    assert "the same, bit for bit" in done.stdout
    frames = {}
    for name, options in {"free": ("--method", "none"), "words": ("--negative-prompt", "dark night")}.items():
        done = hitmark("generate", "out/clip.json", *options, "-o", f"{name}.mkv")
        assert done.exit_code == 0, done.output
        frames[name] = read_video(tmp_path / f"{name}.mkv")[0]
    controlled = read_video(tmp_path / "out" / "clip.mkv")[0]
    assert all((controlled != other).any() for other in frames.values())


def test_a_file_of_paths_alone_is_given_prompt_and_words(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    (tmp_path / "traj.txt").write_text("0, 0.1, 0.4, 0.1, 0.4\n2, 0.5, 0.8, 0.5, 0.8\n")
    words = ("--prompt", "a red car on grass", "--subject", "red car", "--method", "peekaboo")
    done = hitmark("generate", "traj.txt", *words, "--model", text_checkpoint, "--frames", 3)
    assert done.exit_code == 0, done.output
    scene = json.loads((tmp_path / "out.json").read_text())["scene"]
    assert (scene["prompt"], scene["subjects"][0]["phrase"]) == ("a red car on grass", "red car")
    done = hitmark("generate", "traj.txt", *words, "--subject", "cat", "--model", text_checkpoint)
    assert done.exit_code == 2
    assert "2 given for the scene's 1 subjects" in done.stderr


def test_a_prompt_alone_is_enough(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    done = hitmark("generate", *PROMPT, "--model", text_checkpoint, "-o", "clip.mkv")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "clip.json").read_text())["scene"]["method"]["name"] == "none"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((*PROMPT, "--subject", "dog", "--box", "0,0,0.5,0.5"), "'dog' is not in the prompt"),
        ((*PROMPT, "--box", "0,0,0.5,0.5"), "phrase"),
        ((*PROMPT, "--subject", "cat"), "--box"),
        ((*PROMPT, *SUBJECTS, "--method", "sg-i2v"), "sg-i2v"),
        (("--image", "photo.png", "--box", "0,0,0.5,0.5"), "--image: "),
        ((*PROMPT, *SUBJECTS, "--width", "30"), "multiples of 8"),
        ((*PROMPT, *SUBJECTS, "--call", "guidance=3"), "guidance_scale"),
    ],
)
def test_what_cannot_be_done_is_said(
    refused: Any, text_checkpoint: str, tmp_path: Any, options: tuple[str, ...], expected: str
) -> None:
    assert expected in refused("generate", *options, "--model", text_checkpoint, "-o", "clip.mkv")
    assert not (tmp_path / "clip.mkv").exists()


def test_an_image_is_named_as_unused(hitmark: Any, text_checkpoint: str, scene_file: Any) -> None:
    done = hitmark("generate", scene_file, "--prompt", "a cat", "--method", "none", "--model", text_checkpoint)
    assert done.exit_code == 0, done.output
    assert "the scene's picture is not used" in done.stderr


def test_methods_are_joined_with_plus() -> None:
    controls = build("peekaboo+none", {"masked_steps": 5})
    assert [control.knobs()["masked_steps"] for control in controls] == [5]
    assert build("none + peekaboo", {"peekaboo.masked_steps": 3})[0].knobs()["masked_steps"] == 3
    for name, knobs, expected in (
        ("peekaboo+peekabo", {}, "did you mean 'peekaboo'"),
        ("peekaboo+peekaboo", {}, "named twice"),
        ("peekaboo+none", {"masked_step": 3}, "did you mean 'masked_steps'"),
        ("peekaboo+none", {"none.masked_steps": 3}, "Unknown knob 'none.masked_steps'"),
    ):
        with pytest.raises(HitmarkError, match=expected):
            build(name, knobs)
    assert spelled("peekaboo+freetraj", [{"x": 1}, {"x": 2}]) == {"peekaboo.x": 1, "freetraj.x": 2}
    assert spelled("peekaboo", [{"x": 1}]) == {"x": 1}


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("red car", ("car", "red")),
        ("the cat", ("cat", None)),
        ("a big car", None),
        ("car red", None),
        ("", None),
        ("submarine captain", None),
    ],
)
def test_phrases_that_name_sprites(phrase: str, expected: Any) -> None:
    assert sprite_of(phrase) == expected


def test_the_plan_without_a_picture_is_drawn_on_gray(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    from PIL import Image

    assert hitmark("generate", *PROMPT, *SUBJECTS, "--model", text_checkpoint, "-o", "clip.mkv").exit_code == 0
    values = np.asarray(Image.open(tmp_path / "clip.plan.png").convert("RGB")).reshape(-1, 3)
    assert (values == 128).all(axis=1).mean() > 0.3
