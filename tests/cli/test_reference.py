"""`hitmark reference`: a folder in the layout of other tools."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

from hitmark.reference import read_reference
from hitmark.reference.folder import read_first_frame


def test_a_scene_becomes_a_folder_that_is_read_again(hitmark, scene_file, picture):
    size = ("--frames", 5, "--width", 64, "--height", 48)
    run = hitmark("reference", scene_file, "-o", "crude", *size, "--lossless")
    assert run.exit_code == 0, run.output
    assert "5 frames of 64x48" in run.stdout
    signal = read_reference("crude")
    given = np.asarray(Image.open(picture).convert("RGB"))
    assert (signal.frames[0] == given).all()
    assert (np.asarray(read_first_frame("crude")) == given).all()
    assert signal.mask[4, 15:33, 34:57].all()  # where the box ends
    again = hitmark("reference", scene_file, "-o", "crude", *size)
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_a_mask_picture_is_cut_instead_of_the_box(hitmark, scene_file, picture):
    mask = np.zeros((48, 64), np.uint8)
    mask[12:20, 8:16] = 255
    Image.fromarray(mask).save("car.png")
    size = ("--frames", 3, "--width", 64, "--height", 48)
    run = hitmark("reference", scene_file, "-o", "crude", *size, "--cutout", "car=car.png")
    assert run.exit_code == 0, run.output
    assert read_reference("crude").mask[0].sum() == 64


def test_cutouts_that_cannot_be_understood_are_refused(hitmark, scene_file, picture):
    for pair, words in (("car", "SUBJECT=PICTURE"), ("car=none.png", "cannot be read"), (f"dog={picture}", "'dog'")):
        run = hitmark("reference", scene_file, "-o", "crude", "--cutout", pair)
        assert run.exit_code == 2
        assert words in run.stderr


def test_a_scene_without_anything_to_drag_is_refused(hitmark, picture, tmp_path):
    (tmp_path / "empty.json").write_text(json.dumps({"image": picture.name}))
    run = hitmark("reference", "empty.json", "-o", "crude")
    assert run.exit_code == 2
    assert "add one to the scene" in run.stderr
    assert not (tmp_path / "crude").exists()


def test_a_clip_is_made_from_a_folder_and_again_from_its_record(hitmark, scene_file, checkpoint, tmp_path):
    model = ("--model", checkpoint)
    assert hitmark("reference", scene_file, "-o", "crude", *model).exit_code == 0
    ttm = ("--method", "time-to-move", "--set", "strong=0.5")
    made = hitmark("generate", scene_file, "-o", "out/a.mkv", *model, *ttm, "--reference", "crude")
    assert made.exit_code == 0, made.output
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert record["reference"]["path"] == "../crude"
    again = hitmark("generate", "out/a.json", "-o", "out/b.mkv")
    assert "the same, bit for bit" in again.stdout, again.output
    alone = hitmark(
        "generate", "--image", "crude/first_frame.png", "-o", "out/d.mkv", *model, *ttm, "--reference", "crude"
    )
    assert alone.exit_code == 0, alone.output  # no boxes are needed
    drawn = hitmark("generate", scene_file, "-o", "out/c.mkv", *model, *ttm)
    assert drawn.exit_code == 0, drawn.output
    assert json.loads((tmp_path / "out" / "c.json").read_text())["reference"] is None


def test_references_that_are_of_no_use_are_refused(hitmark, scene_file, checkpoint):
    model = ("--model", checkpoint)
    hitmark("reference", scene_file, "-o", "crude", *model)
    for words, given in (
        ("looks at none", ("--method", "sg-i2v", "--reference", "crude")),
        ("give --reference too", ("--method", "time-to-move", "--mask", "crude/mask.mp4")),
        ("at least 9 frames", ("--method", "time-to-move", "--reference", "crude", "--frames", "9")),
        ("does not exist", ("--method", "time-to-move", "--reference", "none.mp4", "--mask", "crude/mask.mp4")),
    ):
        run = hitmark("generate", scene_file, "-o", "x.mkv", *model, *given)
        assert run.exit_code == 2
        assert words in run.stderr, run.stderr
