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


def test_what_was_decided_of_the_picture_is_said(hitmark, scene_file):
    Image.new("RGBA", (64, 48), (10, 200, 30, 0)).save("clear.png")
    for image in (("--image", "clear.png"), ()):
        run = hitmark("reference", scene_file, "-o", "crude", *image, "--force")
        assert run.exit_code == 0, run.output
        assert ("note: clear.png: its transparent parts are laid on white" in run.stderr) is bool(image)


def test_a_mask_is_cut_and_padded_with_its_picture(hitmark, scene_file, picture):
    mask = np.zeros((48, 64), np.uint8)
    mask[12:20, 8:16] = 255
    Image.fromarray(mask.astype(np.uint16) * 257).save("car.png")
    for fit, size, where in (("pad", (64, 64), (20, 8)), ("crop", (48, 48), (12, 0))):
        scene = json.loads(scene_file.read_text()) | {"fit": fit}
        scene_file.write_text(json.dumps(scene))
        wanted = ("--frames", 3, "--width", size[0], "--height", size[1], "--lossless", "--force")
        run = hitmark("reference", scene_file, "-o", "crude", *wanted, "--cutout", "car=car.png")
        assert run.exit_code == 0, run.output
        cut = read_reference("crude").mask[0]
        rows, columns = np.nonzero(cut)
        assert (rows.min(), columns.min(), cut.sum()) == (*where, 64)
    Image.fromarray(mask[:, :10]).save("narrow.png")
    run = hitmark("reference", scene_file, "-o", "x", "--cutout", "car=narrow.png")
    assert "in the shape of the first picture, 64 x 48" in run.stderr


def test_generate_takes_cutouts_and_replays_them(hitmark, scene_file, picture, checkpoint, tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[12:28, 8:30] = 255
    Image.fromarray(mask).save("car.png")
    scene = json.loads(scene_file.read_text())
    late = {"name": "it's", "visible": [0.5, 1], "keyframes": [{"time": 0, "box": [0.6, 0.1, 0.9, 0.4]}]}
    scene_file.write_text(json.dumps(scene | {"fit": "pad", "subjects": [*scene["subjects"], late]}))
    wanted = ("--model", checkpoint, "--method", "time-to-move", "--width", 32, "--height", 32)
    alone = hitmark("generate", scene_file, "-o", "a.mkv", *wanted)
    assert "--cutout 'it'\"'\"'s=PICTURE.png'" in alone.stderr
    Image.new("RGBA", (8, 8), (250, 10, 10, 255)).save("it.png")
    cut = ("--cutout", "car=car.png", "--cutout", "it's=it.png")
    made = hitmark("generate", scene_file, "-o", "out/a.mkv", *wanted, *cut)
    assert made.exit_code == 0, made.output
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert record["cutouts"]["paths"] == {"car": "../car.png", "it's": "../it.png"}
    assert (record["cutouts"]["of"], record["cutouts"]["into"]) == ([64, 48], [64, 64])
    again = hitmark("generate", "out/a.json", "-o", "out/b.mkv")
    assert "the same, bit for bit" in again.stdout, again.output
    Image.fromarray(255 - mask).save("car.png")
    changed = hitmark("generate", "out/a.json", "-o", "out/c.mkv")
    assert "reference:" in changed.stderr


def test_cutouts_that_cannot_be_understood_are_refused(hitmark, scene_file, picture):
    for pair, words in (("car", "SUBJECT=PICTURE"), ("car=none.png", "cannot read"), (f"dog={picture}", "'dog'")):
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
    given = ("--reference", "crude/motion_signal.mp4", "--mask", "crude/mask.mp4", "-o", "crude/motion_signal.mp4")
    assert "is an input of this run" in hitmark("generate", scene_file, *model, *ttm, *given, "--force").stderr
    assert json.loads((tmp_path / "out" / "c.json").read_text())["reference"] is None


def test_references_that_are_of_no_use_are_refused(hitmark, scene_file, checkpoint):
    model = ("--model", checkpoint)
    hitmark("reference", scene_file, "-o", "crude", *model)
    for words, given in (
        ("looks at none", ("--method", "sg-i2v", "--reference", "crude")),
        ("looks at none", ("--method", "sg-i2v", "--reference", "crude/motion_signal.mp4")),
        ("give --reference too", ("--method", "time-to-move", "--mask", "crude/mask.mp4")),
        ("at least 9 frames", ("--method", "time-to-move", "--reference", "crude", "--frames", "9")),
        ("cuts nothing out", ("--method", "sg-i2v", "--cutout", "car=photo.png")),
        ("drawn already", ("--method", "time-to-move", "--reference", "crude", "--cutout", "car=photo.png")),
        ("'dog'", ("--method", "time-to-move", "--cutout", "dog=photo.png")),
        ("no such file", ("--method", "time-to-move", "--cutout", "car=none.png")),
        ("does not exist", ("--method", "time-to-move", "--reference", "none.mp4", "--mask", "crude/mask.mp4")),
    ):
        run = hitmark("generate", scene_file, "-o", "x.mkv", *model, *given)
        assert run.exit_code == 2
        assert words in run.stderr, run.stderr
