"""Choosing a reader, folders of scenes, SG-I2V examples, the sprite world, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hitmark.datasets import Dataset, DatasetError, DatasetItem, open_dataset
from hitmark.datasets.base import natural, safe
from hitmark.errors import HitmarkError
from hitmark.scene import Scene, evaluate

from .fakes import davis, mc_bench, move_bench, save_picture, vipseg


def scene(**changes):
    subject = {"name": "cat", "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}]}
    return Scene.from_dict({"subjects": [subject], "frames": 4} | changes)


def example(root, name="7", frames=3):
    """A box of 4 x 2 pixels at 2, 3 that moves by 2 pixels a frame."""
    save_picture(root / name / "img.png", (16, 8))
    centers = [[4 + 2 * frame, 4] for frame in range(frames)]
    np.save(root / name / "traj.npy", np.array([[[2, 3], [6, 5], *centers]], dtype=np.float64))
    return root


def test_readers_are_found_by_content(tmp_path):
    assert open_dataset(davis(tmp_path / "a")).name == "davis"
    assert open_dataset(vipseg(tmp_path / "b", frames=2)).name == "vipseg"
    assert open_dataset(example(tmp_path / "c")).name == "sg-i2v"
    (tmp_path / "d").mkdir()
    scene().save(tmp_path / "d/one.json")
    assert open_dataset(tmp_path / "d").name == "scenes:d"
    assert open_dataset(move_bench(tmp_path / "e")).name == "move-bench:en-single"
    assert open_dataset(mc_bench(tmp_path / "f")).name == "mc-bench"
    assert open_dataset(f"davis:{tmp_path / 'a'}").ids == ("bear",)


def test_a_folder_of_scenes_in_natural_order(tmp_path):
    for name in ("take 10", "take 9"):
        scene(prompt=name, image="first.png").save(tmp_path / f"{name}.json")
    save_picture(tmp_path / "first.png")
    dataset = open_dataset(tmp_path)
    assert dataset.ids == ("take-9", "take-10")
    item = dataset["take-9"]
    assert item.scene.prompt == "take 9"
    assert item.image == tmp_path / "first.png"
    assert item.picture().shape == (10, 20, 3)
    assert item.truth is None
    (tmp_path / "first.png").unlink()
    with pytest.raises(DatasetError, match=r"take 9\.json: image: expected a picture at .*first\.png"):
        dataset["take-9"]


def test_a_damaged_scene_is_an_error_and_no_gap(tmp_path):
    scene().save(tmp_path / "a.json")
    (tmp_path / "b.json").write_text('{"frames": 1}')
    with pytest.raises(HitmarkError, match=r"b\.json"):
        list(open_dataset(tmp_path))
    assert list(open_dataset(tmp_path, broken="drop").counts.dropped) == ["b"]


def test_examples_of_sg_i2v(tmp_path):
    example(tmp_path, "107")
    example(tmp_path, "15")
    dataset = open_dataset(tmp_path)
    assert dataset.ids == ("15", "107")
    item = dataset["15"]
    np.testing.assert_allclose(
        evaluate(item.scene, 3)[0].boxes, [[(2 + 2 * t) / 16, 3 / 8, (6 + 2 * t) / 16, 5 / 8] for t in range(3)]
    )
    assert item.image == tmp_path / "15/img.png"
    assert open_dataset(tmp_path / "15").ids == ("15",)
    (tmp_path / "107/traj.npy").unlink()
    with pytest.raises(HitmarkError, match=r"107: expected traj\.npy"):
        list(open_dataset(tmp_path))
    (tmp_path / "15/img.png").unlink()
    with pytest.raises(HitmarkError, match=r"img\.png"):
        open_dataset(tmp_path)["15"]


def test_sprites_are_seeds_of_a_split():
    dataset = open_dataset("sprites:test:0-12")
    assert dataset.ids[:2] == ("test-000000", "test-000001")
    assert (len(dataset.ids), dataset.name) == (12, "sprites:test:0-12")
    item = next(iter(dataset))
    frames = item.frames()
    assert frames.shape == (8, 64, 64, 3)
    np.testing.assert_array_equal(item.picture(), frames[0])
    assert item.truth.names == tuple(subject.name for subject in item.scene.subjects)
    np.testing.assert_allclose(item.truth.boxes[0], evaluate(item.scene, 8)[0].boxes, atol=1e-9)
    assert dataset.counts.kept + len(dataset.counts.dropped) == 12


def test_sprites_are_those_of_held_out():
    from hitmark.sprites.scenes import held_out
    from hitmark.sprites.world import SpriteWorld

    dataset = open_dataset("sprites:tune:3-12")
    expected = list(held_out(SpriteWorld(), 2, "tune", 3))
    found = [item for _, item in zip(range(2), dataset, strict=False)]
    assert [item.scene for item in found] == [each.scene for each in expected]


def test_sprites_of_another_size_and_length_are_the_same_scenes():
    spec = "sprites:test:0-12 size=[128,128] frames=17"
    dataset, usual = open_dataset(spec), open_dataset("sprites:test:0-12")
    assert dataset.name == spec
    item, other = next(iter(dataset)), next(iter(usual))
    assert item.id == other.id
    assert item.frames().shape == (17, 128, 128, 3)
    assert item.picture().shape == (128, 128, 3)
    assert (item.scene.width, item.scene.height, item.scene.frames) == (128, 128, 17)
    np.testing.assert_allclose(item.truth.boxes[:, ::16], other.truth.boxes[:, ::7], atol=0.03)
    assert open_dataset("sprites-text:test:4-6 size=[128,128]")["test-000004"].frames().shape == (8, 128, 128, 3)


def test_sprites_on_a_grid_are_the_same_clips_from_cell_to_cell():
    spec = "sprites:test:0-12 size=[128,128] frames=17"
    assert open_dataset(f"{spec} grid=8").name == f"{spec} grid=8"
    free = {item.id: item for item in open_dataset(spec)}
    both = [(item, free[item.id]) for item in open_dataset(f"{spec} grid=8") if item.id in free]
    assert len(both) > 2
    for item, other in both:
        assert item.scene.prompt == other.scene.prompt
        middles = (item.truth.boxes[..., :2] + item.truth.boxes[..., 2:]) / 2
        np.testing.assert_allclose(middles, (other.truth.boxes[..., :2] + other.truth.boxes[..., 2:]) / 2, atol=0.12)
        np.testing.assert_allclose(np.diff(middles[:, :5], axis=1, n=2), 0, atol=1e-9)  # straight in between


@pytest.mark.parametrize("choice", ["grid=0 frames=17", "grid=2.5 frames=17", "grid=8", "grid=8 frames=16"])
def test_a_grid_that_there_cannot_be_says_what_there_can(choice):
    with pytest.raises(DatasetError, match=r"sprites: grid: expected .*; as in (frames=17 )?grid=8"):
        open_dataset(f"sprites:test:0-12 {choice}")
    with pytest.raises(DatasetError, match=r"sprites-text: grid: expected none.*leave it out"):
        open_dataset("sprites-text:test:0-12 frames=17 grid=8")


@pytest.mark.parametrize(
    "choice", ["size=[128]", "size=128", "size=[16,64]", "size=[64.5,64]", "frames=1", "frames=1e1"]
)
def test_a_size_that_there_cannot_be_says_what_there_can(choice):
    with pytest.raises(DatasetError, match=r"(size|frames): expected .*; as in"):
        open_dataset(f"sprites:test:0-12 {choice}")


def test_text_sprites():
    item = open_dataset("sprites-text:test:4-6")["test-000004"]
    assert item.scene.seed == 4
    assert item.kind == "two"
    assert item.truth.boxes.shape == (2, 8, 4)
    assert item.frames().shape == (8, 64, 64, 3)
    assert item.picture() is None


@pytest.mark.parametrize("spec", ["sprites:best", "sprites:test:5-5", "sprites:test:5", "sprites:test:0-999999"])
def test_wrong_ranges_of_sprites(spec):
    with pytest.raises(DatasetError, match="as in sprites:test:0-64"):
        open_dataset(spec)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(DatasetError, match="no such file or folder"):
        open_dataset(tmp_path / "gone")
    with pytest.raises(DatasetError, match="got an empty folder; known are davis"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"expected the dataset vipseg there, found nothing; get it at https"):
        open_dataset(f"vipseg:{tmp_path / 'gone'}")
    with pytest.raises(DatasetError, match=r"move-bench there, found nothing; .* with `hf download Ruihang/MoveBench"):
        open_dataset(f"move-bench:{tmp_path / 'gone'}")
    with pytest.raises(DatasetError, match=r"mc-bench there, found nothing; get it at .*MotionPro"):
        open_dataset(f"mc-bench:{tmp_path / 'gone'}")
    with pytest.raises(DatasetError, match="expected a place behind the colon"):
        open_dataset("davis:")
    with pytest.raises(DatasetError, match="expected folders with img"):
        open_dataset(f"sg-i2v:{tmp_path}")
    with pytest.raises(DatasetError, match="expected scene files"):
        open_dataset(f"scenes:{tmp_path}")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"degenerate": "clips"}, "davis: it takes no choice degenerate"),
        ({"frames": 1}, "frames: expected at least 2, got 1"),
        ({"stride": 0}, "expected 1 or more, got 0"),
        ({"least_area": 1.0}, "least_area: expected a share"),
        ({"fit": "crop"}, "fit: expected it with `size`"),
        ({"size": (0, 4)}, "expected 1 to 16384 pixels"),
        ({"size": (4, 4), "fit": "pad"}, 'expected "stretch" or "crop", got \'pad\''),
        ({"objects": "some"}, 'expected "each" or "together"'),
        ({"broken": "ignore"}, 'broken: expected "error" or "drop"'),
    ],
)
def test_wrong_choices(tmp_path, choices, message):
    with pytest.raises(DatasetError, match=message):
        open_dataset(davis(tmp_path), **choices)


def test_an_id_twice_is_refused():
    with pytest.raises(DatasetError, match="got a more than once"):
        Dataset("own", "none", ("a", "b", "a"), lambda name: DatasetItem(name, scene()))


def test_names_of_files_and_their_order():
    assert safe("../a b/ü.x") == "a-b-.x"
    assert safe("//") == "unnamed"
    assert sorted(["10", "9", "a9", "a10", "1b"], key=natural) == ["1b", "9", "10", "a9", "a10"]


def test_choices_may_follow_the_place(tmp_path):
    folder = davis(tmp_path / "my data")
    item = open_dataset(f"davis:{folder} frames=2 size=[64,32] objects=together")["bear"]
    assert (item.scene.frames, item.scene.width, item.scene.height) == (2, 64, 32)
    same = open_dataset(f"davis:{folder}", frames=2, size=(64, 32), objects="together")["bear"]
    assert item.scene == same.scene
    assert open_dataset(f"davis:{folder} frames=2", frames=3)["bear"].scene.frames == 3  # what is given apart counts
    with pytest.raises(DatasetError, match="takes no choice frame; its choices are split"):
        open_dataset(f"davis:{folder} frame=2")
    with pytest.raises(DatasetError, match="frames is given twice"):
        open_dataset(f"davis:{folder} frames=2 frames=3")
    with pytest.raises(DatasetError, match="no such file or folder"):
        open_dataset(f"{tmp_path}/nothing frames=2")


def test_a_path_that_looks_like_choices_is_a_path(tmp_path):
    scene().save(tmp_path / "take=1.json")
    (tmp_path / "x size=2").mkdir()
    scene(prompt="there").save(tmp_path / "x size=2" / "one.json")
    assert open_dataset(tmp_path / "x size=2")["one"].scene.prompt == "there"


def test_run_records_count_as_scenes(tmp_path):
    keyframes = [{"time": 0, "box": [0.1, 0.1, 0.3, 0.3]}]
    scene = {"version": 1, "frames": 8, "prompt": "a car", "subjects": [{"name": "a", "keyframes": keyframes}]}
    record = {"kind": "hitmark run", "version": 1, "scene": scene, "settings": {"knobs": {}}}
    (tmp_path / "clip.json").write_text(json.dumps(record))
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    dataset = open_dataset(tmp_path)
    assert [item.scene.prompt for item in dataset] == ["a car", "a car"]
    assert open_dataset(tmp_path / "clip.json")["clip"].scene.frames == 8


def test_peekaboo_records_alone_and_one_a_line(tmp_path):
    record = {"id": 4, "caption": "a red car", "subject": "car", "bboxes": [[0.1, 0.1, 0.3, 0.3]] * 3}
    (tmp_path / "one.json").write_text(json.dumps(record))
    (tmp_path / "more.jsonl").write_text("\n".join(json.dumps(record | {"id": number}) for number in range(3)))
    assert len(list(open_dataset(tmp_path / "one.json"))) == 1
    assert len(list(open_dataset(tmp_path / "more.jsonl"))) == 3
